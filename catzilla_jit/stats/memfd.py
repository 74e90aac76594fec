"""Sealed memory that other processes of the user can open, through /proc/PID/fd."""

from __future__ import annotations

import mmap
import os

from ..posix import fcntl

_F_ADD_SEALS = 1033
_SEAL, _SHRINK, _GROW, _WRITE, _FUTURE_WRITE = 1, 2, 4, 8, 16


def publish(name: str, data: bytes) -> mmap.mmap:
    """Return memory that holds `data` and never changes.

    The map has a descriptor of its own, which ends with it: the one that others find.
    Raises OSError or AttributeError where the system has no memfd.
    """
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError("the document was not written whole")
        fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEAL | _SHRINK | _GROW | _WRITE)
        return mmap.mmap(descriptor, len(data), flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)


def share(name: str, size: int, *, writable: bool = False) -> mmap.mmap:
    """Return zeroed memory of a fixed size that this process writes; private without memfd.

    Others may read it, and write it only if it is `writable`.
    """
    try:
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        return mmap.mmap(-1, size)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, _F_ADD_SEALS, _SHRINK | _GROW)
        memory = mmap.mmap(descriptor, size)
        try:
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEAL if writable else _FUTURE_WRITE | _SEAL)
        except OSError:  # a kernel that does not know the seal against further writers
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEAL)
        return memory
    finally:
        os.close(descriptor)
