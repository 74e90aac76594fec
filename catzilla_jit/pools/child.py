"""The child of a fork by a task: it ends when the task's function has returned.

It has the one thread that forked, a worker of its parent's with a copy of the queue. To go on there
would run what is queued a second time, and then wait for ever. Nor is there anybody to whom the
function could return. So the process ends as one that `multiprocessing` forks does.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from ..posix import at_fork

#: How many forks this process is away from the one that loaded the module.
generation = 0


def _after_fork_in_child() -> None:
    global generation
    generation += 1


def leave(failure: BaseException | None) -> NoReturn:
    """End the process: with 0, or as the exception says."""
    code = 1
    try:
        code = 0 if failure is None else _code(failure)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _code(failure: BaseException) -> int:
    if not isinstance(failure, SystemExit):
        traceback.print_exception(type(failure), failure, failure.__traceback__)
        return 1
    if failure.code is None or isinstance(failure.code, int):
        return (failure.code or 0) & 0xFF
    print(failure.code, file=sys.stderr)
    return 1


at_fork(after_in_child=_after_fork_in_child)
