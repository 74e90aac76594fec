"""What may be done with arrays and numbers of types that Python does not have.

Numba computes with them in other types than NumPy; so what is named here makes no new number, or
calls NumPy's loops. A table for `check_numpy_parity.py`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds

#: Expressions that move items, or make tuples of them.
MOVING = {
    "getitem", "static_getitem", "typed_getitem", "build_tuple", "exhaust_iter", "getiter",
    "iternext", "pair_first", "pair_second", "phi", "cast", "null", "undef",
}  # fmt: skip
ATTRIBUTES = {
    "shape", "size", "ndim", "T", "itemsize", "nbytes", "strides", "dtype", "copy", "reshape",
    "transpose", "flatten", "dot",
}  # fmt: skip
#: Functions that make arrays, or views, of the same type.
MAKING = {
    numpy.zeros, numpy.ones, numpy.empty, numpy.zeros_like, numpy.ones_like, numpy.empty_like,
    numpy.copy, numpy.reshape, numpy.transpose,
}  # fmt: skip
METHODS = {"copy", "reshape", "transpose", "flatten"}
FLOATS = (types.float32, types.float64)


def item(type_: Any) -> Any:
    """Return the type of a number, or of the items of an array."""
    return types.unliteral(getattr(type_, "dtype", type_))


def is_known(typemap: dict[str, Any], call: Any, given: list[Any], result: Any) -> bool:
    """Tell whether a call makes what NumPy makes."""
    callee = typemap[call.func.name]
    function = number_kinds.called(typemap, call)
    if number_kinds.is_loop(function):
        return True
    if isinstance(callee, types.BoundFunction):
        return number_kinds.method_name(callee) in METHODS and not call.kws
    if isinstance(callee, types.NumberClass):  # numpy.float32(x)
        wanted = callee.instance_type
        return len(given) == 1 and wanted in FLOATS and types.unliteral(given[0]) == wanted
    if function is len:
        return True
    if function is float:
        return given == [types.float32]
    try:
        return function in MAKING
    except TypeError:
        return False
