"""Whether a compiled task and its Python function agree on a call: value, type, exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catzilla_jit.compile import STATUS_OVERFLOW, CompiledTask
from support.compile_harness import status_of


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call comes to, as something to compare."""
    try:
        return repr(function(*arguments))
    except Exception as error:
        return type(error), str(error)


def agrees(
    task: CompiledTask,
    function: Callable[..., Any],
    arguments: Sequence[Any],
    unfit: tuple[type[Exception], ...] = (),
) -> bool | None:
    """Assert that the task answers as the function, and leaves the arguments as they are.

    Returns whether machine code gave the answer; where it left that to Python, False, and
    None where packing the arguments raised one of `unfit`.
    """
    before = repr(arguments)
    try:
        status, error, result = status_of(task, *arguments)
    except unfit:
        return None
    assert repr(arguments) == before
    if status == 0:
        assert repr(result) == outcome(function, *arguments)
    elif status != STATUS_OVERFLOW:
        expected = outcome(function, *arguments)
        assert outcome(lambda: task.raise_error(status, error)) == expected
    return status != STATUS_OVERFLOW
