"""How a pass gives up: it notes the reason, and raises what Numba lets through."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any, NoReturn

from numba.core import errors, ir

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS, Reason


def refuse(reasons: list[Reason], code: str, loc: Any, message: str, advice: str) -> NoReturn:
    """Give up compiling, for a reason at a place of Numba's IR; None: no line has it.

    Raises numba.core.errors.UnsupportedError, which no pass handles.
    """
    loc = loc or ir.Loc("", None)
    reason = Reason(code, loc.line, message, advice, file=loc.filename)
    reasons.append(reason)
    raise errors.UnsupportedError(str(reason), loc=loc if loc.line else None)


def refuse_class(reasons: list[Reason], loc: Any, name: str, class_: type) -> NoReturn:
    """Give up on a function that uses an object of a class without a machine type."""
    message = f"the function uses {name}, a {class_.__name__}, which has no machine type"
    refuse(reasons, rules.CLASS_OR_OBJECT, loc, message, STAYS)
