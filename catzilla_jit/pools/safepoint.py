"""Whether an exception may be raised in a thread where it stands, by its frames.

CPython's library is Python code, and not written for exceptions between any two bytecodes. What it
is in the middle of there stays so for the whole process: a lock that nobody releases any more, a
module that is half made. So a thread is not free

* while it imports. The module's own code counts: not every module can be made twice.
* while its innermost frame is of a function that handles locks. What such a function calls may
  be hit, the library's `with` and `finally` are for that. A thread that waits in Condition.wait
  may be hit too: it stands inside a `try` that is meant for it.

Neither may last, for nothing tells that it is over: the thread is looked at from time to time. So
what waits for long, or writes to files, is no function that handles locks.

What that means for interrupts is told in native/README.md ("Interrupts of Python calls"). The
native pool asks native/binding/frames.c, to which it hands the tables from here.
"""

from __future__ import annotations

import concurrent.futures._base as futures
import dis
import logging
import queue
import threading
import types
from collections.abc import Iterator

#: An import deeper than that below the innermost frame is not seen.
DEEPEST = 10_000

#: The beginning of the file names of the import system's code.
IMPORT_SYSTEM = "<frozen importlib._bootstrap"

# They wait with a time limit, so a task may be in them again and again. (Before Python 3.13 an
# exception there can make the thread that is joined look as if it had ended.)
_WAITING_FOR_THREADS = {"is_alive", "join", "_wait_for_tstate_lock"}
_LOCKING_IN_LOGGING = {"acquire", "release", "_acquireLock", "_releaseLock"}


def _codes(module: types.ModuleType) -> Iterator[types.CodeType]:
    """Return the code of a module's functions, and of its classes' methods."""
    owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
    for owner in owners:
        for each in vars(owner).values():
            if isinstance(each, types.FunctionType) and each.__module__ == module.__name__:
                yield each.__code__


def _locking() -> frozenset[types.CodeType]:
    codes = {code for module in (threading, queue, futures) for code in _codes(module)}
    return frozenset(
        {code for code in codes if code.co_name not in _WAITING_FOR_THREADS}
        | {code for code in _codes(logging) if code.co_name in _LOCKING_IN_LOGGING}
    )


#: The functions that handle locks.
LOCKS = _locking()


def _waiting_lines() -> tuple[types.CodeType, int, int]:
    """Return the code of Condition.wait, and the lines between which it waits."""
    code = threading.Condition.wait.__code__
    starts = list(dis.findlinestarts(code))

    def first_line(opcode: str, name: str) -> int:
        # 0 where this Python writes it differently: then no line is between them.
        return min(
            (
                max((start, line) for start, line in starts if start <= each.offset)[1]
                for each in dis.get_instructions(code)
                if each.opname.startswith(opcode) and each.argval == name
            ),
            default=0,
        )

    # The lock is released before `gotit = False`, and taken again by the `finally`.
    return code, first_line("STORE", "gotit"), first_line("LOAD", "_acquire_restore")


WAITING = _waiting_lines()


def _waits(frame: types.FrameType) -> bool:
    code, above, below = WAITING
    return frame.f_code is code and above < frame.f_lineno < below


def is_free(frame: types.FrameType | None, base: types.FrameType | None) -> bool:
    """Return whether the thread with this innermost frame may be hit.

    `base` is the frame below which nothing matters: what called the code that is to be hit.
    """
    if frame is None or frame is base:
        return True
    if frame.f_code in LOCKS and not _waits(frame):
        return False
    for _ in range(DEEPEST):
        if frame is None or frame is base:
            break
        if frame.f_code.co_filename.startswith(IMPORT_SYSTEM):
            return False
        frame = frame.f_back
    return True
