"""From what Numba raised to a Reason in plain words."""

from __future__ import annotations

import types as pytypes

from catzilla_jit.compile.reason import Reason


def reason_of(error: Exception, function: pytypes.FunctionType) -> Reason:
    """Return the reason that an exception out of the compiler stands for."""
    text = str(error).strip()
    line = getattr(getattr(error, "loc", None), "line", None)
    first = text.splitlines()[0] if text else type(error).__name__
    return Reason(line or function.__code__.co_firstlineno, first, "", detail=text)
