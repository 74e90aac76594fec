"""Copies of arrays with elements of another type, as `astype` and `numpy.array` make them.

Conversions between numbers are LLVM's, where NumPy's are the same for all values: not those of
floats to integers, which NumPy leaves to the processor.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from numba.core import errors, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import BOOL, FLOAT, INT
from catzilla_jit.compile.library.ufuncs import assignment, signatures
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import float_status


def told(type_: Any) -> Any:
    """Return the type of items that an argument like `float` or `x.dtype` means, by its type."""
    if isinstance(type_, types.NumberClass):
        return type_.instance_type
    if isinstance(type_, types.DType):
        return type_.dtype
    key = getattr(type_, "typing_key", None)
    return {float: types.float64, int: types.int64, bool: types.boolean}.get(key)  # type: ignore[arg-type]


def result_type(array: Any, wanted: Any) -> Any:
    """Return the Numba type of a copy with elements of a type, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim == 0:
        return None
    if not {array.dtype, wanted} <= signatures.DTYPES or not _is_alike(array.dtype, wanted):
        return None
    if array.ndim == 1:
        return types.Array(wanted, 1, "C")
    return None if array.layout == "A" else types.Array(wanted, array.ndim, array.layout)


def _is_alike(given: Any, wanted: Any) -> bool:
    if given == wanted:
        return True
    kinds = (number_kinds.kind(given), number_kinds.kind(wanted))
    return kinds[0] in (BOOL, INT, FLOAT) and (
        kinds[1] in (BOOL, FLOAT) or (kinds[0] != FLOAT and kinds[1] == INT)
    )


@functools.cache
def conversion(wanted: Any) -> Any:
    """Return what copies an array to one with elements of this type."""

    def converted(_typing: Any, array: Any) -> Any:
        result = result_type(array, wanted)
        if result is None:
            raise errors.TypingError(f"a copy of {array} as {wanted} is not known")
        return result(array), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        (given,), result = signature.args, signature.return_type
        float_status.clear(builder)
        made = assignment.copied(context, builder, given, values[0], result)
        float_status.collect(builder)
        return made

    return late_intrinsic(converted, f"array_of_{wanted}")
