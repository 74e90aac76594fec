"""Questions about a function in Numba's representation, without side effects."""
