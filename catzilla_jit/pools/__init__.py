"""Where work runs: one protocol, the pool of the C library, and its twin in Python.

The only importer of the binding. It takes addresses and layouts and does not know where they come
from.
"""
