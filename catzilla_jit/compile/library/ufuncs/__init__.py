"""Calls of NumPy's own loops from compiled code."""
