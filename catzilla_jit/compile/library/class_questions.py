"""What `isinstance(x, numpy.floating)` asks of: anything but a number.

To Numba a number of Python's is one of NumPy's as well. Where the types of the arguments decide, it
was decided before (`frontend/fold.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import errors, types
from numba.core.extending import intrinsic
from numba.core.imputils import impl_ret_borrowed

NUMBERS = (types.int64, types.float64, types.boolean, types.complex128)


def _no_number(_typing: Any, value: Any) -> Any:
    """Return the value itself."""
    if types.unliteral(value) in NUMBERS:
        raise errors.TypingError("whether a number is one of NumPy's is not known")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, values[0])

    return value(value), code


no_number: Any = intrinsic(_no_number)
