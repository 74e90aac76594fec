"""Numba types of our own, and which types can be given and returned."""
