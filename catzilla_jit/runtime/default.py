"""The default runtime: made by `configure` or by the first submission."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

from .runtime import Runtime
from .warming import Registry

_lock = threading.RLock()  # a signal's handler may submit
_default: Runtime | None = None
#: The tasks of no particular runtime.
registry = Registry()


def get_runtime() -> Runtime:
    """Return the default runtime, making it with default settings on the first call."""
    global _default
    with _lock:
        if _default is None:
            made = _make({})
            _default = _default or made  # a handler that came in between has used its own
        return _default


def _make(settings: dict[str, Any]) -> Runtime:
    runtime = Runtime(**settings)
    runtime.registry = registry
    return runtime


def _forget_at_exit() -> None:
    """Let the default runtime go with the other modules of the program (runtime.py says why)."""
    global _default
    _default = None


atexit.register(_forget_at_exit)


def configure(**settings: Any) -> Runtime:
    """Make the default runtime with these settings (those of Runtime); return it.

    Before the first submission, or after `shutdown()`. Raises RuntimeError while a default
    runtime is in use.
    """
    global _default
    with _lock:
        if _default is not None and not _default.closed and _default._backend is not None:
            raise RuntimeError(
                "the default runtime has been started already; call configure() before the "
                "first submission, or shutdown() first"
            )
        _default = _make(settings)
        return _default


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # a thread that does not exist here may hold the other


os.register_at_fork(after_in_child=_after_fork_in_child)


def shutdown(
    wait: bool = True,
    timeout: float | None = None,
    cancel_pending: bool = False,
    cancel_running: bool = False,
) -> None:
    """Shut the default runtime down (see Runtime.shutdown); nothing if there is none."""
    with _lock:
        runtime = _default
    if runtime is not None:
        runtime.shutdown(
            wait=wait,
            timeout=timeout,
            cancel_pending=cancel_pending,
            cancel_running=cancel_running,
        )
