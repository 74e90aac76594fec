"""The exception of a failed compiled call, as the task raised it; where the caller stands."""

from __future__ import annotations

import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compile import CompiledTask


PACKAGE = __file__.rsplit("/", 2)[0] + "/"  # where the package lies


def overflow_status() -> int:
    from ..compile import STATUS_OVERFLOW

    return STATUS_OVERFLOW


def _raised_here(form: CompiledTask, status: int, error: int) -> BaseException:
    """Return the exception of a failed compiled call, as the task raised it."""
    try:
        form.raise_error(status, error)
    except BaseException as exception:
        return exception.with_traceback(_inside_task(exception))


def _raised_apart(form: CompiledTask, status: int, error: int) -> BaseException:
    """The same on a thread of its own.

    Before 3.11 the frame that Numba makes for the line in the task refers to the frames it
    was made under. Those of the caller hold the result, and that holds the exception: a
    cycle through an object that the collector does not see.
    """
    raised: list[BaseException] = []
    thread = threading.Thread(target=lambda: raised.append(_raised_here(form, status, error)))
    try:
        thread.start()
    except RuntimeError:
        return _raised_here(form, status, error)
    thread.join()
    return raised.pop()


exception_of = _raised_here if sys.version_info >= (3, 11) else _raised_apart


def _inside_task(exception: BaseException) -> Any:
    """Return the part of the traceback that lies in the task's own source."""
    frame = exception.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.tb_next
    return frame


#: What Numba's functions raise in other words than Python's.
_PYTHONS_WORDS = {
    "getitem out of range": "list index out of range",
    "setitem out of range": "list assignment index out of range",
    "chr() arg not in range(0x10ffff)": "chr() arg not in range(0x110000)",
}


#: What Python says with the value that is missing.
_NAMES_A_VALUE = {
    (ValueError, ("value not in list",)),
    (KeyError, ()),
    (KeyError, ("set.remove(): key not in set",)),
}


def reworded(raised: BaseException, where: str) -> BaseException:
    """Say where an overflow of ours was; give others Python's words, without a path of Numba's.

    What Python would say more of becomes an overflow.
    """
    from ..compile.slots import NO_ANSWER

    if (type(raised), raised.args) in _NAMES_A_VALUE:
        message = f"a value that is not found {NO_ANSWER}"
        raised = OverflowError(message).with_traceback(raised.__traceback__)
    if isinstance(raised, OverflowError) and str(raised).endswith(NO_ANSWER):
        raised.args = (f"{where}: {raised}",)
    elif len(raised.args) == 1 and isinstance(raised.args[0], str):
        text = raised.args[0]
        if not isinstance(raised, KeyError):
            text = text.partition("\nFile ")[0]
        raised.args = (_PYTHONS_WORDS.get(text, text),)
    return raised


def callers_level() -> int:
    """Return the stacklevel, for whoever called this, of the first frame outside the package."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
