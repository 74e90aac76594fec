"""Errors of our own compiler, which a user is told of as a construct that it does not support.

That keeps a program running, and would hide the fault from a test whose answer is Python's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catzilla_jit

OURS = str(Path(catzilla_jit.__file__).parent)
#: What is raised where code is wrong; Numba and we refuse by other classes.
KINDS = (AttributeError, NameError, KeyError, IndexError, TypeError, AssertionError, RecursionError)
found: list[BaseException] = []


def watch() -> None:
    """Note such errors from now on, where a compiler is loaded."""
    build: Any = sys.modules.get("catzilla_jit.compile.build")
    if build is None or hasattr(build.reason_of, "watched"):
        return
    reason_of = build.reason_of

    def noting(error: BaseException, functions: Any) -> Any:
        found.extend(each for each in _chain(error) if _is_fault(each))
        return reason_of(error, functions)

    noting.watched = True  # type: ignore[attr-defined]
    build.reason_of = noting


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_fault(error: BaseException) -> bool:
    """Tell whether an error was raised by code of ours, without meaning to."""
    if type(error) not in KINDS:
        return False
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and step.tb_frame.f_code.co_filename.startswith(OURS)
