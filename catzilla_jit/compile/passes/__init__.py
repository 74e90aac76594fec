"""Passes over Numba's intermediate representation, which look at it or change it."""
