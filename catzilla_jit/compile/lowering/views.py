"""A view of an array is another object than the array, also where it shows all of it.

Numba gives the caller back the array that a result has as its parent, if that has the same items
in the same order: for `a[:]` too. A view that Python would make anew gets a parent that is no
array.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir as llvm
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds, owned

#: They give back the array that they are given, if it is one of the kind.
PASSING = {
    numpy.asarray, numpy.ascontiguousarray, numpy.asfortranarray, numpy.atleast_1d,
    numpy.atleast_2d, numpy.atleast_3d, numpy.real, numpy.imag,
}  # fmt: skip


def marked(lower: Any, type_: Any, value: Any, made: Any) -> Any:
    """Return what an assignment gives its target: an array that is a view is marked as one."""
    if not isinstance(type_, types.Array) or not _is_view(lower, value):
        return made
    array = lower.context.make_array(type_)(lower.context, lower.builder, made)
    none = lower.context.get_c_value(
        lower.builder, llvm.IntType(8), "_Py_NoneStruct", dllimport=True
    )
    array.parent = lower.builder.bitcast(none, array.parent.type)
    return array._getvalue()


def _is_view(lower: Any, value: Any) -> bool:
    if not isinstance(value, ir.Expr):
        return False
    if value.op == "getattr":
        return value.attr == "T"
    if value.op in ("getitem", "static_getitem"):
        index = value.index if value.op == "getitem" else None
        picks = index is not None and isinstance(lower.typeof(index.name), types.Array)
        return isinstance(lower.typeof(value.value.name), types.Array) and not picks
    if value.op != "call" or not _is_given_array(lower, value):
        return False
    callee = lower.typeof(value.func.name)
    if isinstance(callee, types.BoundFunction):
        copies = number_kinds.method_name(callee) in {"copy", *owned.COPYING}
        return isinstance(callee.this, types.Array) and not copies
    function = number_kinds.called(lower.fndesc.typemap, value)
    if function is None or isinstance(function, numpy.ufunc) or number_kinds.is_loop(function):
        return False  # what a loop makes is no view
    return function not in PASSING and function not in (abs, *owned.MAKERS)


def _is_given_array(lower: Any, call: Any) -> bool:
    names = [call.func.name, *(each.name for each in call.args)]
    given = [getattr(lower.typeof(name), "this", lower.typeof(name)) for name in names]
    return any(isinstance(each, types.Array) for each in given)
