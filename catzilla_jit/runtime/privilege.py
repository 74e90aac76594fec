"""Submitting to a pool whose runtime is closed, for what was promised before it was."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from ..pools.protocol import Backend


class _Here(threading.local):
    promised: Backend | None = None  # this thread keeps a promise of this pool


_here = _Here()


@contextlib.contextmanager
def promised(backend: Backend) -> Iterator[None]:
    """Let this thread submit although the runtime of this pool is closed."""
    before = _here.promised
    _here.promised = backend
    try:
        with backend.privileged():
            yield
    finally:
        _here.promised = before


def promised_here() -> Backend | None:
    """Return the pool for which this thread keeps a promise."""
    return _here.promised
