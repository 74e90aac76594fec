"""Random programs, compiled and as Python, whose answers must be the same in every respect."""
