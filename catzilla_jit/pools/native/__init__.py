"""The C library from Python: how it is found and called, and its batches."""
