"""What a function says, and asks, about the errors of floats.

`errors_are` is what `numpy.errstate` blocks become. `warnings_matter` is for functions of ours that
compute without NumPy's loops, and know by their results where NumPy would have warned.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import errors, types
from numba.core.extending import intrinsic

from catzilla_jit.compile.target import float_status


@intrinsic(prefer_literal=True)
def errors_are(_typing: Any, bits: Any) -> Any:
    """Look at the errors of these bits (`frontend/errstate.py`) only."""
    if not isinstance(bits, types.IntegerLiteral):
        raise errors.TypingError("the errors that are looked at are no constant")
    wanted = bits.literal_value

    def code(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        float_status.look_at(builder, wanted)
        return context.get_dummy_value()

    return types.none(bits), code


def _warnings_matter(_typing: Any) -> Any:
    """Tell whether the task can be run again as Python, which then warns."""

    def code(_context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        return float_status.can_run_again(builder)

    return types.boolean(), code


warnings_matter: Any = intrinsic(_warnings_matter)
