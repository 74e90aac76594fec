"""What a runtime publishes in shared memory, and every reader of it.

Needs no runtime and no NumPy: the command line starts with this folder.
"""
