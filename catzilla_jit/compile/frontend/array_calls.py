"""What a function makes of its arguments first, where their types tell what that is.

    np.asarray(x, float)    of an array of floats is the array itself
    np.array(x, copy=True)  is a copy of the same type
    np.atleast_1d(x)        of a number is an array of one
    np.asarray(xs)          of a list is `np.array(xs)`
    np.squeeze(x)           is the array; where it has a dimension of 1, Python answers
    np.array([a, b])        is `np.array((a, b))`: no list holds numbers of NumPy's
    np.finfo(float).eps     is a number, and `"A".lower()` a text
    cast(T, x), dict(a=1)   are `x` and `{"a": 1}`
    x[np.where(x > 0)]      is `x[x > 0]`: with another length than x, Python answers
    np.r_[x, 0.0], np.c_[x, y]    are arrays that are joined

NumPy's rules for arrays of one dimension or more; for automatic mode, where answers are NumPy's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
import typing
from collections.abc import Callable
from typing import Any

import numpy
from numba.core import errors
from numba.np import numpy_support

from catzilla_jit.compile.frontend import in_other_words, list_operands
from catzilla_jit.compile.frontend.fact import OPEN, SCALARS, Fact, dtype_of
from catzilla_jit.compile.frontend.known import LIMITS, Facts
from catzilla_jit.compile.frontend.list_operands import as_tuple
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.ufuncs import (
    conversions,
    joining,
    signatures,
    table_items,
)

#: They return what is an array of the wanted type already, and convert the rest.
KEEPING = (numpy.asarray, numpy.asanyarray)
#: They return an array that has so many dimensions.
AT_LEAST = {numpy.atleast_1d: 1, numpy.atleast_2d: 2}
#: Objects that join what they are indexed with.
JOINING = ((numpy.r_, "r_"), (numpy.c_, "c_"))
MOST_JOINED = 16
Call = Callable[..., ast.Call]


class ArrayCalls:
    """Finds what stands for such calls; `call` makes a call of a function of the library.

    exact: answers are NumPy's.
    """

    def __init__(self, call: Call, *, exact: bool) -> None:
        self._call = call
        self._exact = exact
        self.chooses: int | None = None  # the line of what Python may have to answer

    def replaced(self, node: ast.expr, facts: Facts) -> ast.expr | None:
        """Return what stands for a call, an operation or an attribute, or None."""
        made = list_operands.converted(node, facts, list_operands.converter(self._call))
        now = node if made is None else ast.copy_location(made, node)
        said = in_other_words.converted(now, facts, self._call, exact=self._exact)
        if said is not None:
            made = now = ast.copy_location(said, node)
            called = getattr(node, "func", node)
            leaves = any(facts.object(called) is each for each in LEAVING)
            if leaves or getattr(called, "attr", "") == "reduce":
                self.chooses = self.chooses or node.lineno
        return self._replaced(now, facts) or made

    def _replaced(self, node: ast.expr, facts: Facts) -> ast.expr | None:
        if isinstance(node, ast.Attribute):
            return self._limit(node, facts)
        if isinstance(node, ast.Subscript):
            return self._items(node, facts) if self._exact else None
        if not isinstance(node, ast.Call):
            return None
        known = facts.of(node) if isinstance(node.func, ast.Attribute) else None
        if known is not None and type(known.constant) is str:
            return ast.Constant(known.constant)
        plain = _plain(node, facts.object(node.func))
        if plain is not None:
            return plain
        return self._of_call(node, facts) if self._exact else None

    def _items(self, node: ast.Subscript, facts: Facts) -> ast.expr | None:
        """Return what stands for items that an index picks."""
        made = self._joined(node, facts) or self._columns(node, facts) or self._by_list(node, facts)
        made = made or self._of_table(node, facts)
        if made is None:
            made = _masked(node, facts)
            if made is not None:
                self.chooses = self.chooses or node.lineno
        return made

    def _by_list(self, node: ast.Subscript, facts: Facts) -> ast.expr | None:
        """Return items that a list picks, as picked by an array: no list or dict has such."""
        holder = facts.of(node.value)
        variables = holder is not None and holder.is_array
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        made = [
            self._call("array", numpy.array, as_tuple(each))
            if _is_index(each, variables=variables) else each
            for each in parts
        ]  # fmt: skip
        if all(each is part for each, part in zip(made, parts, strict=True)):
            return None
        index = ast.Tuple(made, ast.Load()) if isinstance(node.slice, ast.Tuple) else made[0]
        return ast.Subscript(node.value, index, node.ctx)

    def _joined(self, node: ast.Subscript, facts: Facts) -> ast.expr | None:
        """Return the call that joins what `numpy.r_` and `numpy.c_` are given."""
        names = [name for each, name in JOINING if facts.object(node.value) is each]
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not names or not 0 < len(items) <= MOST_JOINED:
            return None
        if any(isinstance(each, ast.Slice | ast.Starred) for each in items):
            return None
        function = joining.joining(names[0], 0, len(items))
        given = [ast.Tuple(e.elts, ast.Load()) if isinstance(e, ast.List) else e for e in items]
        return self._call(f"{names[0]}of_{len(items)}", function, *given)

    def _columns(self, node: ast.Subscript, facts: Facts) -> ast.expr | None:
        """Return the call that picks columns of a table, in NumPy's order in memory."""
        index = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        if not isinstance(node.ctx, ast.Load) or len(index) != 2:
            return None
        rows, places = index
        if not isinstance(rows, ast.Slice) or rows.step is not None:
            return None
        table, picked = facts.of(node.value), facts.of(places)
        if _is_index(places):
            places = self._call("array", numpy.array, as_tuple(places))
        elif picked is None or picked.ndim != 1 or picked.dtype not in (bool, int, None):
            return None
        if table is None or table.ndim != 2:
            return None
        ends = [each or ast.Constant(None) for each in (rows.lower, rows.upper)]
        part = ast.Tuple([self._call("slice", slice, *ends), places], ast.Load())
        return self._call("part", table_items.take_part, node.value, part)

    def _of_table(self, node: ast.Subscript, facts: Facts) -> ast.expr | None:
        """Return the call that picks items of a table by a mask: Numba takes those for rows."""
        if not isinstance(node.ctx, ast.Load) or isinstance(node.slice, ast.Slice | ast.Tuple):
            return None
        table, mask = facts.of(node.value), facts.of(node.slice)
        if table is None or mask is None or (table.ndim, mask.ndim) != (2, 2):
            return None
        if mask.dtype != bool:
            return None
        return self._call("part", table_items.take_part, node.value, node.slice)

    def _limit(self, node: ast.Attribute, facts: Facts) -> ast.expr | None:
        """Return a number such as `sys.float_info.max`, of the type that it has."""
        holder = facts.of(node.value)
        if holder is None or not isinstance(holder.constant, LIMITS):
            return None
        known = facts.of(node)
        if known is None:
            return None
        if type(known.constant) in (int, float):
            return ast.Constant(known.constant)
        name = f"limit_{type(known.constant).__name__}_{node.attr}"
        made: ast.expr = self._call(name, known.constant).func
        return made

    def _of_call(self, node: ast.Call, facts: Facts) -> ast.expr | None:
        if any(isinstance(each, ast.Starred) for each in node.args):
            return None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "squeeze":
            holder = facts.of(node.func.value)
            if holder is not None and holder.is_array and not (node.args or node.keywords):
                return self._squeezed(node, node.func.value)
        function = facts.object(node.func)
        plain = _without_defaults(node, function, facts)
        if plain is not None:
            return plain
        if function is numpy.array and len(node.args) == 1 and not node.keywords:
            rows = as_tuple(node.args[0])
            if rows is not None:
                return self._call("array", numpy.array, rows)
        given = facts.of(node.args[0]) if node.args else None
        if given is None:
            return None
        if function is numpy.squeeze and given.is_array and len(node.args) == 1:
            return None if node.keywords else self._squeezed(node, node.args[0])
        if any(function is each for each in AT_LEAST) and len(node.args) == 1:
            return self._with_dimensions(node, given, AT_LEAST[function])
        copies = function is numpy.array
        if copies or any(function is each for each in KEEPING):
            return self._array(node, given, facts, copies=copies)
        return None

    def _squeezed(self, node: ast.Call, value: ast.expr) -> ast.expr:
        self.chooses = self.chooses or node.lineno
        return self._call("squeezed", builtin_functions.squeezed, value)

    def _with_dimensions(self, node: ast.Call, given: Fact, least: int) -> ast.expr | None:
        value = node.args[0]
        if given.is_array and given.ndim is not None:
            if given.ndim >= least:
                return value
            if given.ndim == 0:
                return None
            row = ast.Tuple([ast.Constant(None), ast.Slice(None, None, None)], ast.Load())
            return ast.Subscript(value, row, ast.Load())
        if least > 1:
            return None
        if _is_number(given):
            return self._call("array", numpy.array, ast.List([value], ast.Load()))
        return self._call("array", numpy.array, value) if _is_list(given) else None

    def _array(self, node: ast.Call, given: Fact, facts: Facts, *, copies: bool) -> ast.expr | None:
        told = {each.arg: facts.of(each.value) for each in node.keywords if each.arg}
        if len(node.args) > 1:
            told["dtype"] = facts.of(node.args[1])
        copy = told.pop("copy", None)
        if len(node.args) > 2 or told.keys() - {"dtype", "subok", "ndmin"}:
            return None
        least = told.pop("ndmin", Fact(0))
        if copy is not None and type(copy.constant) not in (bool, type(None)):
            return None
        never_copies = copy is not None and copy.constant is False
        copies = copies if copy is None else copy.constant is True
        wanted = dtype_of(told["dtype"]) or OPEN if "dtype" in told else None
        if told.get("dtype", OPEN) == Fact(None):
            wanted = None
        if wanted is OPEN or least is None or type(least.constant) is not int:
            return None
        value = node.args[0]
        if given.is_array and given.ndim is not None and given.ndim >= least.constant:
            dtype = given.dtype if wanted is None else wanted
            if given.dtype is None or dtype is None:
                return None
            if dtype == given.dtype and not copies:
                return value
            return None if never_copies else self._converted(value, dtype)
        if _is_number(given) and least.constant == 0 and not never_copies:
            return self._of_number(node, given, wanted)
        if not _is_list(given) or least.constant > 1 or never_copies:
            return None
        made = self._call("array", numpy.array, value)
        return made if wanted is None else self._converted(made, wanted)

    def _of_number(self, node: ast.Call, given: Fact, wanted: Any) -> ast.expr | None:
        """Return an array without dimensions."""
        value = node.args[0]
        if wanted is not None:
            kinds = {numpy.dtype(kind) for kind in given.classes if kind in NUMBERS}
            if len(kinds) != 1 or len(given.classes) > 2:
                return None
            if kinds == {numpy.dtype(int)} and wanted == numpy.dtype(float):
                value = self._call("float", float, value)
            elif kinds != {wanted}:
                return None
        return self._call("array", numpy.array, value)

    def _converted(self, value: ast.expr, dtype: Any) -> ast.expr | None:
        """Return a copy of an array as one of a dtype."""
        try:
            element = numpy_support.from_dtype(dtype)
        except errors.NumbaNotImplementedError:
            return None
        if element not in signatures.DTYPES:
            return None
        return self._call(f"array_of_{element}", conversions.conversion(element), value)


def _without_defaults(node: ast.Call, function: Any, facts: Facts) -> ast.expr | None:
    """Return a call of a ufunc without the keywords that say nothing; None where all do."""
    if not isinstance(function, numpy.ufunc):
        return None
    known = {each.arg: facts.of(each.value) for each in node.keywords}
    idle = {
        name
        for name, fact in known.items()
        if fact is not None and fact.is_constant and name in IDLE and fact.constant is IDLE[name]
    }
    kept = [each for each in node.keywords if each.arg not in idle]
    return ast.Call(node.func, node.args, kept) if idle else None


#: Keywords of ufuncs, by what they are where they are left out.
IDLE: dict[str | None, Any] = {"out": None, "dtype": None, "where": True}


def _plain(node: ast.Call, function: Any) -> ast.expr | None:
    """Return what `cast(T, x)` and `dict(a=1)` are."""
    if function is typing.cast and len(node.args) == 2 and not node.keywords:
        return node.args[1]
    named = [each.arg for each in node.keywords if each.arg is not None]
    if function is not dict or node.args or not named or len(named) < len(node.keywords):
        return None
    keys: list[ast.expr | None] = [ast.Constant(name) for name in named]
    return ast.Dict(keys, [each.value for each in node.keywords])


#: They return where a line of bools is true, as a tuple of one line.
PLACES = (numpy.where, numpy.nonzero)


def _masked(node: ast.Subscript, facts: Facts) -> ast.expr | None:
    """Return items of a line that are picked by places as items that are picked by bools."""
    index: ast.expr = node.slice
    first = isinstance(index, ast.Subscript) and isinstance(index.slice, ast.Constant)
    if isinstance(index, ast.Subscript) and first and index.slice.value == 0:
        index = index.value
    if not isinstance(index, ast.Call) or len(index.args) != 1 or index.keywords:
        return None
    if not any(facts.object(index.func) is each for each in PLACES):
        return None
    line, mask = facts.of(node.value), facts.of(index.args[0])
    if line is None or mask is None or (line.ndim, mask.ndim) != (1, 1) or mask.dtype != bool:
        return None
    return ast.Subscript(node.value, index.args[0], node.ctx)


def _is_index(node: ast.expr, *, variables: bool = True) -> bool:
    """Tell whether a node is a list that is written out, of integers.

    variables: or of what may be integers.
    """
    if not isinstance(node, ast.List) or not 0 < len(node.elts) <= MOST_JOINED:
        return False
    items = [each.operand if isinstance(each, ast.UnaryOp) else each for each in node.elts]
    if not variables and not all(isinstance(each, ast.Constant) for each in items):
        return False
    return not any(
        isinstance(each, ast.List | ast.Tuple | ast.Starred | ast.JoinedStr)
        or (isinstance(each, ast.Constant) and type(each.value) is not int)
        for each in node.elts
    )


#: What is said in other words, and left to Python for some items.
LEAVING = (sorted, numpy.fromiter, numpy.select)
#: Numbers of which arrays are made.
NUMBERS = (int, float, numpy.int64, numpy.float64)


def _is_number(given: Fact) -> bool:
    return bool(given.classes) and all(issubclass(kind, SCALARS) for kind in given.classes)


def _is_list(given: Fact) -> bool:
    """Tell whether a value is a list or tuple of numbers of one type."""
    listed = given.kinds in ((list,), (tuple,)) and given.length != 0
    return listed and given.items is not None and _is_number(given.items)
