"""A warning, once in a process, that a wait blocks an event loop of asyncio."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0] + "."
_told = False


def _stack_level() -> int:
    """Return the level of the first frame outside of this package, for warnings.warn below."""
    level, frame = 2, sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


def warn_if_in_loop(task_name: str) -> None:
    """Warn if this thread runs an event loop, which stands still while the thread waits.

    For waits that are about to block.
    """
    global _told
    asyncio = sys.modules.get("asyncio")
    if "ipykernel" in sys.modules:
        return  # a notebook runs its cells inside of a loop, and waits for them anyway
    if _told or asyncio is None or asyncio._get_running_loop() is None:
        return
    _told = True
    warnings.warn(
        f"task {task_name}: this wait blocks the event loop that runs on its thread; "
        "write `await result` (said once)",
        RuntimeWarning,
        stacklevel=_stack_level(),
    )
