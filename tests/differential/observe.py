"""What a call comes to, described so that two descriptions are equal where the answers are.

Compared are the value, the types inside of it, which of its parts are one object or share memory
with an argument, the layout of arrays, the type, text, cause and line of an exception, warnings,
and what the arguments hold afterwards. Which NaN it is, is no part of an answer.
"""

from __future__ import annotations

import dataclasses
import enum
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

#: Said by compiled code without an answer that has shown side effects (docs/compilation.md).
UNANSWERED = "does not fit compiled code"


class Describer:
    """Describes the values of one call; objects are numbered as they are met."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []
        self.arrays = [each for each in arguments if isinstance(each, np.ndarray)]

    def describe(self, value: Any) -> Any:
        kind = type(value).__name__
        if isinstance(value, list | dict | set | np.ndarray):
            if id(value) in self.seen:
                return f"object {self.seen[id(value)]}"
            self.seen[id(value)] = len(self.seen)
            self.kept.append(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, enum.Enum):
            return f"{kind}.{value.name}"
        if isinstance(value, dict):
            return kind, [(self.describe(k), self.describe(v)) for k, v in value.items()]
        if isinstance(value, list | tuple | set | frozenset):
            return kind, [self.describe(each) for each in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [getattr(value, each.name, None) for each in dataclasses.fields(value)]
            return kind, [self.describe(each) for each in fields]
        if isinstance(value, np.generic):
            return kind, _text(value.item())
        return kind, _text(value)

    def _array(self, value: np.ndarray[Any, Any]) -> Any:
        shared = [i for i, each in enumerate(self.arrays) if np.may_share_memory(each, value)]
        flags = value.flags
        layout = flags.c_contiguous, flags.f_contiguous, flags.writeable
        items = [_text(each) for each in value.ravel().tolist()]
        return str(value.dtype), value.shape, layout, shared, items


def _text(value: Any) -> str:
    """Return what tells a plain value from others; repr tells 0.0 from -0.0."""
    return repr(value)


def observed(function: Callable[..., Any], arguments: Sequence[Any], path: str) -> dict[str, Any]:
    """Call the function and describe what it comes to; path: of the program's source."""
    describer = Describer(arguments)
    before = [describer.describe(each) for each in arguments]  # numbers the objects
    found: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            value = function(*arguments)
            found["value"] = describer.describe(value)
        except Exception as error:
            found["exception"] = _exception(error)
            found["line"] = _line(error, path)
    found["warnings"] = sorted({(each.category.__name__, str(each.message)) for each in said})
    after = Describer(arguments)
    found["arguments"] = [after.describe(each) for each in arguments]
    found["changed"] = found["arguments"] != before
    return found


def _exception(error: BaseException | None) -> Any:
    if error is None:
        return None
    cause = _exception(error.__cause__), error.__suppress_context__
    context = _exception(error.__context__) if error.__cause__ is None else None
    return type(error).__name__, str(error), [repr(each) for each in error.args], cause, context


def _line(error: BaseException, path: str) -> int | None:
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__)
             if each.filename == path]  # fmt: skip
    return lines[-1] if lines else None


def difference(python: dict[str, Any], compiled: dict[str, Any], pure: bool) -> str | None:
    """Return in what the two differ, by a word; None where they agree.

    Accepted is what docs/compilation.md says: RuntimeWarnings of NumPy's are not given by
    compiled code, and a task that has written to an argument may have no answer.
    """
    unanswered = compiled.get("exception", ("", ""))
    if not pure and unanswered[0] == "OverflowError" and UNANSWERED in unanswered[1]:
        return None
    for aspect in ("value", "exception", "line", "arguments"):
        if python.get(aspect) != compiled.get(aspect):
            return aspect
    silent = [each for each in python["warnings"] if each[0] != "RuntimeWarning"]
    loud = [each for each in compiled["warnings"] if each[0] != "RuntimeWarning"]
    return "warnings" if silent != loud else None
