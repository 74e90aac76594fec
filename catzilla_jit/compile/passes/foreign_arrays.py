"""What may be done with arrays and numbers of types that Python does not have.

Numba computes with them in other types than NumPy; so what is named here makes no new number, or
calls NumPy's loops. A part of `check_numpy_parity.py`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds, numpy_parity
from catzilla_jit.compile.analysis.origins import NUMPY, has_numpy
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.library.arrays import list_arrays, reductions
from catzilla_jit.compile.library.arrays import overloads as numpys
from catzilla_jit.compile.library.ufuncs import choices, collected, in_place
from catzilla_jit.compile.library.ufuncs import reductions as loop_reductions
from catzilla_jit.compile.passes.base import Walk
from catzilla_jit.compile.target.helper import Helper

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
ADVICE = (
    "compile_to_c=True accepts Numba's arithmetic, which may differ from NumPy's; otherwise it "
    "runs as a Python task"
)
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


def parts(type_: Any) -> Iterator[Any]:
    """Yield a type, or those that a tuple or an optional is made of."""
    if isinstance(type_, types.BaseTuple):
        for each in type_.types:
            yield from parts(each)
    elif isinstance(type_, types.Optional):
        yield from parts(type_.type)
    else:
        yield type_


def _is_foreign(type_: Any) -> bool:
    return number_kinds.kind(type_) is not None and types.unliteral(type_) not in numpy_parity.PLAIN


class Checks(Walk):
    """The part of the walk over a function that looks at such arrays and numbers."""

    origins: Any  # made by the walk itself

    def _refuse(self, code: str, message: str, advice: str = ADVICE) -> NoReturn:
        super()._refuse(code, message, advice)

    def _refuse_operation(self, what: str) -> NoReturn:
        raise NotImplementedError

    def _named(self, names: list[str]) -> str:
        raise NotImplementedError

    def _is_array(self, name: str) -> bool:
        raise NotImplementedError

    def _is_foreign(self, statement: Any) -> bool:
        """Tell whether a statement has to do with arrays or numbers that Python has not."""
        names = [each.name for each in statement.list_vars()]
        return any(self._has_foreign(name) for name in names)

    def _has_foreign(self, name: str) -> bool:
        for part in parts(self.typemap[name]):
            if isinstance(part, types.Array):
                record = isinstance(part.dtype, types.Record)  # its fields are looked at when used
                if part.dtype not in numpy_parity.PLAIN and not record:
                    return True
            elif self.origins[name] == NUMPY and _is_foreign(part):
                return True
        return False

    def _foreign(self, target: str, expr: Any) -> None:
        """Refuse what is done with such, but for calls of NumPy's loops and what moves items."""
        if not isinstance(expr, ir.Expr) or expr.op in MOVING:
            return
        if expr.op == "getattr" and expr.attr in ATTRIBUTES:
            return
        if self._is_in_place(expr):
            return
        if expr.op == "call":
            names = [each.name for each in expr.args]
            given = [self.typemap[each] for each in names]
            if is_known(self.typemap, expr, given, self.typemap[target]):
                return
            callee = self.typemap[expr.func.name]
            if self._is_looked_at(callee):
                return
        name = next(
            each.name
            for each in (ir.Var(None, target, self.loc), *expr.list_vars())
            if self._has_foreign(each.name)
        )
        part = next(iter(parts(self.typemap[name])))
        if isinstance(part, types.Array):
            message = f"Numba computes arrays of {part.dtype} differently than NumPy"
        else:
            message = f"Numba computes NumPy's {part} differently than NumPy"
        self._refuse(rules.DTYPE, message)

    def _is_in_place(self, expr: Any) -> bool:
        """Tell whether an operator writes to an array by a loop of NumPy's."""
        if expr.op != "inplace_binop":
            return False
        name = expr.rhs.name
        strong = not self._is_array(name) and has_numpy(self.origins[name])
        given = (self.typemap[each] for each in (expr.lhs.name, name))
        return in_place.is_known(expr.fn, *given, strong=strong)

    def _is_looked_at(self, callee: Any) -> bool:
        """Tell whether what is called is looked at by itself."""
        if isinstance(callee, types.RecursiveCall):
            return True
        if not isinstance(callee, types.Dispatcher):
            return False
        helper = callee.dispatcher
        if not isinstance(helper, Helper) or not self.unit.is_library(helper):
            return isinstance(helper, Helper)
        name = helper.py_func.__name__
        return name in reductions.NAMES or numpys.is_chooser(name) or name == "float_of"

    def _note_reduction(self, name: str, axis: Any, array: Any) -> None:
        """A reduction that may be left to NumPy is for tasks that can be run again."""
        certain = True
        if list_arrays.is_list(array):
            certain, array = list_arrays.is_certain(array), list_arrays.line_type(array)
        known = isinstance(array, types.Array) and array.ndim > 0
        if not certain or (known and not loop_reductions.is_certain(name, array, axis)):
            self.unit.findings.numpy_choice = self.unit.findings.numpy_choice or self.loc

    def _weak(self, target: str, expr: Any) -> None:
        """Numbers beside arrays were taken for Python's; those of NumPy may give another type."""
        function = number_kinds.called(self.typemap, expr)
        if function is collected.collected and not collected.is_certain(self.typemap[target]):
            self.unit.findings.numpy_choice = self.unit.findings.numpy_choice or self.loc
        names = [each.name for each in expr.args]
        if function in loop_reductions.AXES:
            name, axis = loop_reductions.NAMES[function], loop_reductions.AXES[function]
            self._note_reduction(name, axis, self.typemap[names[0]])
        if choices.needs_one_shape(function, tuple(self.typemap[name] for name in names)):
            self.unit.findings.numpy_choice = self.unit.findings.numpy_choice or self.loc
        strong = tuple(not self._is_array(name) and has_numpy(self.origins[name]) for name in names)
        if not number_kinds.is_loop(function) or not any(strong):
            return
        given = tuple(self.typemap[name] for name in names)
        if not choices.is_same(function, given, strong):
            self._refuse_operation(f"numpy.{function.__name__} of {self._named(names)}")
