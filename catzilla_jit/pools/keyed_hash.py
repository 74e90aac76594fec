"""The hash that ids are made with: a module of its own, which the first id imports as a whole.

A fork waits for modules of ours that are being imported, but not for those of the standard library.
"""

from hashlib import blake2b

__all__ = ["blake2b"]
