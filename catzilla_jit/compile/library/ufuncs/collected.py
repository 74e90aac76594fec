"""The array that `numpy.array` of a list comprehension is written to at once, item by item.

Numba's own takes its length from a `range`, which may be negative, and its type from the items,
also where there are none and NumPy makes floats. There the kernel is left.
"""

# Numba and llvmlite are annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic
from numba.np import arrayobj
from numba.np.unsafe.ndarray import empty_inferred

from catzilla_jit.compile.library.ufuncs import calls

NUMBAS = empty_inferred
ZERO = ir.IntType(64)(0)


def is_certain(type_: Any) -> bool:
    """Tell whether an array of no items is one of this type, whatever its shape."""
    return type_.ndim == 1 and type_.dtype == types.float64


@intrinsic
def collected(_typing: Any, shape: Any) -> Any:
    """Return an array of a shape whose type is that of what is written to it."""
    if not isinstance(shape, types.UniTuple) or shape.dtype != types.int64:
        return None

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        type_ = signature.return_type
        given = cgutils.unpack_tuple(builder, values[0], len(shape))
        lengths = [
            builder.select(builder.icmp_signed("<", each, ZERO), ZERO, each) for each in given
        ]
        checked = lengths if type_.dtype != types.float64 else lengths[:-1]
        nothing = [builder.icmp_signed("==", each, ZERO) for each in checked]
        if nothing:
            none = functools.reduce(builder.or_, nothing)
            calls.leave(context, builder, none, "an array of no items")
        return arrayobj._empty_nd_impl(context, builder, type_, lengths)._getvalue()

    return types.Array(types.undefined, len(shape), "C")(shape), code
