"""Automatic mode: what would give another answer than NumPy is not compiled.

A pass on typed IR, of the task and of its helpers. It refuses arrays and NumPy scalars of types
that Python has not (Numba computes with them in other types than NumPy), what
`analysis/numpy_parity.py` does not name, and places where a NumPy scalar would come out as a number
of Python. With `compile_to_c=True` nothing of this is looked at.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
import operator
from typing import Any, NoReturn

import numpy
from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import array_lists, number_kinds, numpy_parity, owned
from catzilla_jit.compile.analysis.number_containers import LISTING
from catzilla_jit.compile.analysis.origins import NUMPY, Origins, has_numpy, is_numpys
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.library.arrays import overloads as numpys
from catzilla_jit.compile.library.arrays import reductions
from catzilla_jit.compile.library.bytes import convert
from catzilla_jit.compile.library.overloads import COMPENSATED
from catzilla_jit.compile.library.ufuncs import number_rows
from catzilla_jit.compile.passes import foreign_arrays, kept_numbers, strict_errors
from catzilla_jit.compile.passes.base import TaskCheck, is_exact
from catzilla_jit.compile.target.helper import Helper, own_name

#: What of our own is written for Python's numbers alone.
REFUSED = {"repr_of", "sorted_of", "reversed_of", "count_of", "index_of", "isinstance_of"}
REFUSED |= {"bit_length_of", "modular_power_of"}
REFUSED |= {"sum_of"} if COMPENSATED else set()
#: Builtins whose results for NumPy's numbers are not those of compiled code.
UNKNOWN = {
    list, set, dict, sorted, frozenset, map, filter, functools.reduce, bytes, convert.to_bytes,
    pow, divmod,
}  # fmt: skip
#: Methods of containers that take an item in.
TAKING = {"append", "insert", "add", "extend", "update", "setdefault", "__setitem__"}
#: Those that take in all that an iterable gives.
TAKING_ALL = {"extend", "update", "union"}


@register_pass(mutates_CFG=False, analysis_only=True)
class Exactness(TaskCheck):
    """Runs where types are known, and expressions are those of the source still."""

    _name: Any = "task_exactness"

    def run_pass(self, state: Any) -> bool:
        if is_exact(state):
            _Check(state).run()
        return False


class _Check(kept_numbers.Checks):
    """The walk over one function."""

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        blocks = self.func_ir.blocks.values()
        function = self.func_ir.func_id.func
        self.origins = Origins.of(self.unit, function, blocks, self.typemap)
        self.made = owned.results_of_operators(blocks)
        self.collected = array_lists.lists_of_arrays(blocks, self.typemap)
        self.strict = strict_errors.is_strict(self.func_ir)

    def _statement(self, statement: Any) -> None:
        if isinstance(statement, ir.SetItem | ir.StaticSetItem):
            self._set_item(statement)
        if not isinstance(statement, ir.Assign):
            return
        expr = statement.value
        if self.strict:
            strict_errors.look(self, expr)
        if self._is_foreign(statement):
            self._foreign(statement.target.name, expr)
        if isinstance(expr, ir.Expr) and expr.op == "call":
            self._weak(statement.target.name, expr)
        if not isinstance(expr, ir.Expr):
            return
        self._source(statement.target.name, expr)
        if expr.op in ("binop", "inplace_binop"):
            self._binop(expr)
        elif expr.op == "unary":
            self._unary(expr)
        elif expr.op in ("getitem", "static_getitem"):
            self._get_item(statement.target.name, expr)
        elif expr.op == "build_list":
            self._put(statement.target.name, "list", [item.name for item in expr.items])
        elif expr.op == "build_set":
            self._taken("set", [item.name for item in expr.items])
        elif expr.op == "build_map":
            items = [each.name for pair in expr.items for each in pair]
            self._put(statement.target.name, "dict", items)
        elif expr.op == "call":
            self._call(statement.target.name, expr)

    # -- types

    def _element(self, name: str) -> int | None:
        return numpy_parity.element(self.typemap[name])

    def _is_array(self, name: str) -> bool:
        return isinstance(self.typemap[name], types.Array)

    def _is_numpys(self, name: str) -> bool:
        """Tell whether the type alone says that NumPy made what a variable holds."""
        return isinstance(self.typemap[name], types.Array | types.Record)

    def _of_numpy(self, names: list[str]) -> bool:
        """Tell whether NumPy may have made one of these, or what it holds."""
        return any(has_numpy(self.origins[name]) for name in names)

    # -- operators

    def _binop(self, expr: Any) -> None:
        left, right = expr.lhs.name, expr.rhs.name
        if expr.fn in (operator.is_, operator.is_not) or self._is_in_place(expr):
            return
        pair = (self._element(left), self._element(right))
        if self._is_array(left) or self._is_array(right):
            if expr.op == "inplace_binop":
                self._in_place(expr, *pair)
            if not numpy_parity.operation(expr.fn, *pair) and not self._is_by_constant(expr):
                what = type_names.sign(expr.fn)
                self._refuse_operation(f"{what} of {self._named([left, right], ' and ')}")
        elif self._of_numpy([left, right]) and not numpy_parity.scalar_operation(expr.fn, *pair):
            named = self._named([left, right], " and ")
            self._refuse_operation(f"{type_names.sign(expr.fn)} of NumPy's {named}")

    def _is_by_constant(self, expr: Any) -> bool:
        """Tell whether an array of integers is divided, or raised, by a constant that allows it."""
        left, right = self.typemap[expr.lhs.name], self.typemap[expr.rhs.name]
        if not isinstance(left, types.Array) or left.dtype != types.int64:
            return False
        if not isinstance(right, types.IntegerLiteral):
            return False
        return right.literal_value >= numpy_parity.BY_CONSTANT.get(expr.fn, math.inf)

    def _named(self, names: list[str], between: str = ", ") -> str:
        """Return the types of variables, in words."""
        return between.join(type_names.of(types.unliteral(self.typemap[name])) for name in names)

    def _in_place(self, expr: Any, target: int | None, value: int | None) -> None:
        if not self._is_array(expr.lhs.name):
            self._refuse(rules.ARRAY_WRITE, "an in-place operation turns its target into an array")
        result = self.typemap[expr.lhs.name].dtype
        if (value or 0) > (target or 0) or (
            expr.fn in number_kinds.DIVISION and target in numpy_parity.WHOLE
        ):
            self._refuse(
                rules.ARRAY_WRITE, f"an in-place operation has a result other than {result}"
            )
        if self._is_array(expr.rhs.name) and expr.rhs.name not in self.made:
            self._refuse(rules.ARRAY_WRITE, "an in-place operation has two arrays that may overlap")

    def _unary(self, expr: Any) -> None:
        name = expr.value.name
        numpys = self._is_array(name) or has_numpy(self.origins[name])
        turned = numpy_parity.is_turned(expr.fn, self.typemap[name])
        if numpys and (turned or not numpy_parity.unary(expr.fn, self._element(name))):
            what = _shown(self.typemap[name]) if turned else "NumPy's bools"
            self._refuse_operation(f"{type_names.sign(expr.fn)} of {what}")

    # -- items

    def _get_item(self, target: str, expr: Any) -> None:
        if not self._is_array(expr.value.name):
            return
        index = expr.index if expr.op == "getitem" else expr.index_var
        masked = expr.op == "getitem" and self._is_mask(expr.value.name, index.name)
        if index is not None and not masked:
            tuple_ = isinstance(self.typemap[index.name], types.BaseTuple)
            view = tuple_ and getattr(self.typemap[target], "ndim", 0) > 0
            self._index(index.name, is_view=view)

    def _is_mask(self, array: str, index: str) -> bool:
        """Tell whether an index picks the items of a line by a line of bools."""
        lines = [self.typemap[array], self.typemap[index]]
        if not all(isinstance(each, types.Array) and each.ndim == 1 for each in lines):
            return False
        return lines[1].dtype == types.boolean

    def _index(self, name: str, *, is_view: bool = False) -> None:
        for part in foreign_arrays.parts(self.typemap[name]):
            if isinstance(part, types.Array):
                self._refuse(
                    rules.ARRAY_INDEX, "an array is indexed with an array other than a mask"
                )
            view = part == types.ellipsis and not is_view
            if number_kinds.kind(part) == number_kinds.BOOL or view:
                self._refuse(rules.ARRAY_INDEX, "an array is indexed with a bool or an ellipsis")

    def _set_item(self, statement: Any) -> None:
        target, value = statement.target.name, statement.value.name
        if isinstance(statement, ir.SetItem):
            masked = self._is_mask(target, statement.index.name)
            if masked and self._is_array(value):
                self._refuse(rules.ARRAY_WRITE, "items picked by a mask are assigned an array")
            if self._is_array(target):
                if not masked:
                    self._index(statement.index.name)
            elif target not in self.origins.containers:
                self._taken("container", [statement.index.name])
        type_ = self.typemap[target]
        if isinstance(type_, types.Record):
            self._field(type_.typeof(statement.index), statement.index, value)
            return
        if not self._is_array(target):
            keyed = isinstance(statement, ir.SetItem) and isinstance(type_, types.DictType)
            self._put(target, "container", [value, statement.index.name] if keyed else [value])
            return
        if isinstance(type_.dtype, types.Record):
            index = getattr(statement, "index", None)
            if isinstance(index, str):
                self._field(type_.dtype.typeof(index), index, value)
            return  # or it is a record of the same type (`check_records.py`)
        if self._has_foreign(target) or self._has_foreign(value):
            if foreign_arrays.item(self.typemap[value]) != type_.dtype:
                message = f"an array of {type_.dtype} is assigned a value of another type"
                self._refuse(rules.ARRAY_WRITE, message)
            return
        given, taken = self._element(value), self._element(target)
        if given is None:
            index = getattr(statement, "index_var", None) or statement.index
            given = number_rows.kind(self.typemap[value], self.typemap[index.name])
        if given is None or taken is None or given > taken:
            message = f"an array of {type_.dtype} is assigned a value of another type"
            self._refuse(rules.ARRAY_WRITE, message)

    def _field(self, type_: Any, name: str, value: str) -> None:
        given, taken = self._element(value), numpy_parity.element(type_)
        if type_ not in numpy_parity.PLAIN or given is None or taken is None or given > taken:
            message = f"the field {name!r} of type {type_} is assigned a value of another type"
            self._refuse(rules.ARRAY_WRITE, message)

    # -- calls

    def _call(self, target: str, expr: Any) -> None:
        callee = self.typemap[expr.func.name]
        names = [each.name for each in (*expr.args, *(value for _, value in expr.kws or ()))]
        if isinstance(callee, types.Dispatcher | types.RecursiveCall):
            self._helper(target, callee, names)
        elif isinstance(callee, types.BoundFunction):
            self._method(callee, expr, names)
        elif not isinstance(callee, types.NumberClass | types.ClassType):
            function = number_kinds.called(self.typemap, expr)
            if function not in LISTING or not self._is_new(target):
                self._function(function, expr, names)

    def _helper(self, target: str, callee: Any, names: list[str]) -> None:
        """A helper is compiled for types alone: it cannot tell NumPy's numbers from Python's."""
        own = isinstance(callee, types.Dispatcher) and isinstance(callee.dispatcher, Helper)
        called = callee.dispatcher.py_func.__name__ if own else ""
        if called in reductions.NAMES:
            given = [self.typemap[name] for name in names]
            if isinstance(given[0], types.Array) and not reductions.is_alike(called, *given):
                if len(given) > 1 and not isinstance(given[1], types.IntegerLiteral):
                    name = _reduction(called).removesuffix(" along an axis")
                    message = f"the axis of {name} is not a constant"
                    self._refuse(rules.NUMPY_OPERATION, message)
                self._refuse_operation(f"{_reduction(called)} of {_shown(given[0])}")
            if len(given) == 1 or isinstance(given[1], types.NoneType):
                name = called.removeprefix("numpy_").removesuffix("_along")
                self._note_reduction(name, None, given[0])
        if numpys.is_chooser(called):
            self._numpys(callee.dispatcher.choice, names)
        if not any(self._of_numpy([name]) and not self._is_numpys(name) for name in names):
            return
        if own_name(callee) in ("asked", "columns") and self._is_kept(names[0]):
            return  # what they put in and give is known
        if own and callee.dispatcher.py_func in self.unit.loops:
            return  # which are compiled for numbers of either
        if own and self.unit.is_library(callee.dispatcher):
            if called in REFUSED and not (called == "sorted_of" and self._is_new(target)):
                message = f"{called.removesuffix('_of')} is called with NumPy's numbers"
                self._refuse(rules.NUMPY_NUMBERS_PASSED, message)
            return
        if not self.unit.mixes:
            self.unit.findings.wants_mixes = True
            message = "a function is called with NumPy's numbers"
            self._refuse(rules.NUMPY_NUMBERS_PASSED, message, "pass float(x) or int(x)")

    def _numpys(self, choice: Any, names: list[str]) -> None:
        given = [self.typemap[name] for name in names]
        if not numpys.is_alike(choice, *given):
            name = choice.__name__.removeprefix("numpys_")
            self._refuse_operation(f"numpy.{name} of {self._named(names)}")
        if not numpys.is_certain(choice, *given):
            self.unit.findings.numpy_choice = self.unit.findings.numpy_choice or self.loc

    def _method(self, callee: Any, expr: Any, names: list[str]) -> None:
        name = number_kinds.method_name(callee)
        if not isinstance(callee.this, types.Array):
            number = number_kinds.kind(callee.this) is not None
            if name == "item" and number and self.origins[expr.func.name] != NUMPY:
                self._refuse_operation("item() of what may be a number of Python's")
            list_ = self.origins.containers.taking(expr.func.name) or expr.func.name
            if name in TAKING:
                self._put(list_, "container", names)
            if name in TAKING_ALL and any(map(self._is_array, names)) and not self._is_kept(list_):
                message = "NumPy's numbers are put into a container"
                self._refuse(rules.NUMPY_NUMBERS_KEPT, message, kept_numbers.ADVICE)
            return
        kind = numpy_parity.element(callee.this)
        if name == "ravel":
            self._ravel(callee.this)
        if not _is_plain(callee.this):
            self._refuse_operation(f".{name}() of a table that is not aligned")
        if expr.kws or kind not in numpy_parity.METHODS.get(name, ()):
            self._refuse_operation(f".{name}() of an array of {callee.this.dtype}")

    def _ravel(self, type_: Any) -> None:
        """NumPy looks at run time whether a view will do; Numba goes by the type."""
        if isinstance(type_, types.Array) and type_.layout != "C":
            message = "ravel is called on an array that may have gaps"
            self._refuse(rules.NUMPY_OPERATION, message, "use .flatten(), which makes a copy")

    def _function(self, function: Any, expr: Any, names: list[str]) -> None:
        if number_kinds.is_loop(function):
            return
        if not is_numpys(function):
            self._builtin(function, names)
            return
        if function is numpy.ravel:
            self._ravel(self.typemap[names[0]])
        elements = [self._element(name) for name in names]
        if not self._knows(function, expr, names, elements):
            name = getattr(function, "__name__", function)
            self._refuse_operation(f"numpy.{name} of {self._named(names)}")

    def _builtin(self, function: Any, names: list[str]) -> None:
        if not self._of_numpy(names):
            return
        first = self._element(names[0])
        known = {
            abs: first in numpy_parity.REAL
            and not numpy_parity.is_turned(abs, self.typemap[names[0]]),
            round: len(names) == 1 and first in numpy_parity.REAL,
        }
        if getattr(function, "makes_object", False):
            self._refuse(
                rules.NUMPY_NUMBERS_KEPT,
                "NumPy's numbers are put into an object",
                kept_numbers.ADVICE,
            )
        if function in UNKNOWN or not known.get(function, True):
            message = f"{function.__name__} is called with NumPy's numbers"
            self._refuse(rules.NUMPY_NUMBERS_PASSED, message, "pass float(x) or int(x)")

    def _knows(
        self, function: Any, expr: Any, names: list[str], elements: list[int | None]
    ) -> bool:
        if function in numpy_parity.OPERATORS:
            return len(elements) == 2 and numpy_parity.operation(
                numpy_parity.OPERATORS[function], *elements
            )
        if function in numpy_parity.UFUNCS:
            return len(elements) == 1 and elements[0] in numpy_parity.UFUNCS[function]
        if any(self._is_array(name) and not _is_plain(self.typemap[name]) for name in names):
            return False
        if names and numpy_parity.is_turned(function, self.typemap[names[0]]):
            return False
        known = numpy_parity.FUNCTIONS.get(function)
        if known is None or any(name != "dtype" for name, _ in expr.kws or ()):
            return False
        if not numpy_parity.is_fitted(function, [self.typemap[name] for name in names]):
            return False
        if function not in numpy_parity.TYPED and any(map(self._is_dtype, names)):
            return False
        return all(each in known for each in elements if each is not None)

    def _is_dtype(self, name: str) -> bool:
        return isinstance(self.typemap[name], types.DType | types.NumberClass | types.Function)

    def _refuse_operation(self, what: str) -> NoReturn:
        self._refuse(rules.NUMPY_OPERATION, f"compiled {what} may differ from NumPy's")


def _is_plain(array: types.Array) -> bool:
    """Tell whether an array is aligned, or a line, as the field of packed records."""
    return array.aligned or array.ndim == 1


def _shown(array: types.Array) -> str:
    gaps = " with gaps between its items" if array.layout == "A" else ""
    return f"a {array.ndim}-dimensional array of {array.dtype}{gaps}"


def _reduction(chooser: str) -> str:
    name = chooser.removesuffix("_along").replace("_", ".")
    return f"{name} along an axis" if chooser.endswith("_along") else name
