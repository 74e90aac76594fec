"""Calls of NumPy's functions in words that compiled code knows, where both say the same.

np.zeros([n, 2])                `np.zeros((n, 2))`, and so for other shapes
x.astype("float32")             `x.astype(np.float32)`; `dtype="int64"` too
np.array([xs, ys])              `np.array((np.array(xs), np.array(ys)))`, xs and ys being lists
np.fromiter((f(x) for x in xs), float)      `np.array([f(x) for x in xs], float)`
math.sqrt(x)                    `math.sqrt(x.item())`, x being an array without dimensions
np.select([p, q], [x, y], z)    `np.where(p, x, np.where(q, y, z))`, of lines
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend import list_operands
from catzilla_jit.compile.frontend.fact import Fact, dtype_of
from catzilla_jit.compile.frontend.known import Facts
from catzilla_jit.compile.library.arrays.written import Function, written
from catzilla_jit.compile.library.ufuncs import choices, sorting

#: Functions that are told a shape, and by which argument.
SHAPED = {
    numpy.zeros: 0, numpy.ones: 0, numpy.empty: 0, numpy.full: 0, numpy.reshape: 1,
    numpy.transpose: 1, numpy.tile: 1, numpy.broadcast_to: 1,
}  # fmt: skip
SHAPED_METHODS = ("reshape", "transpose")
#: Functions that are told a type of items by their second argument.
TYPED = (numpy.zeros, numpy.ones, numpy.empty, numpy.array, numpy.asarray, numpy.fromiter)
#: More choices than this are left to NumPy.
MOST = 8
Call = Callable[..., ast.Call]


def converted(node: ast.expr, facts: Facts, call: Call, *, exact: bool) -> ast.expr | None:
    """Return a call in other words, None where there are none; `call` names what it calls."""
    if not isinstance(node, ast.Call) or any(isinstance(e, ast.Starred) for e in node.args):
        return None
    function = facts.object(node.func)
    made = _by_type(node, function, facts, call)
    made = _shaped(made or node, function, facts) or made
    if made is None:
        made = _of_item(node, function, facts)
    if made is not None or not exact:
        return made
    if function is numpy.fromiter:
        return _from_items(node, facts, call)
    if function is numpy.array and len(node.args) == 1 and not node.keywords:
        return _of_lists(node, facts, call)
    if function is numpy.select:
        return _selected(node, facts, call)
    if function is sorted:
        return _in_order(node, facts, call)
    return _flattened(node, function, facts) or _of_masks(node, facts, call)


def _by_type(node: ast.Call, function: Any, facts: Facts, call: Call) -> ast.Call | None:
    """Return a call that is told a type of NumPy's by that, in the place of its name."""
    args, keywords = list(node.args), list(node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
        holder, place = facts.of(node.func.value), 0
        if holder is None or not holder.is_array:
            return None
    elif getattr(function, "__module__", None) == "numpy":
        place = 1 if any(function is each for each in TYPED) else len(args)
    else:
        return None
    changed = False
    for i, each in enumerate(args):
        type_ = _type_named(each) if i == place else None
        if type_ is not None:
            args[i], changed = call(f"type_{type_.__name__}", type_).func, True
    for i, told in enumerate(keywords):
        type_ = _type_named(told.value) if told.arg == "dtype" else None
        if type_ is not None:
            name = call(f"type_{type_.__name__}", type_).func
            keywords[i], changed = ast.keyword("dtype", name), True
    return ast.Call(node.func, args, keywords) if changed else None


def _type_named(node: ast.expr) -> Any:
    if not isinstance(node, ast.Constant) or type(node.value) is not str:
        return None
    try:
        found = numpy.dtype(node.value)
    except TypeError:
        return None
    return found.type if found.isnative and found.kind in "biufc" else None


def _shaped(node: ast.Call, function: Any, facts: Facts) -> ast.Call | None:
    """Return a call with a tuple in the place of a list that is a shape."""
    place: int | None = None
    try:
        place = SHAPED.get(function)
    except TypeError:  # an unhashable value
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in SHAPED_METHODS:
        holder = facts.of(node.func.value)
        if holder is not None and holder.is_array and len(node.args) == 1:
            place = 0
    if place is None or place >= len(node.args):
        return None
    shape = node.args[place]
    if not isinstance(shape, ast.List) or any(isinstance(e, ast.Starred) for e in shape.elts):
        return None
    args = list(node.args)
    args[place] = ast.Tuple(shape.elts, ast.Load())
    return ast.Call(node.func, args, node.keywords)


#: Functions that take what they are given for a float, and give one, or a bool.
OF_FLOATS = (
    "sqrt", "exp", "expm1", "log", "log10", "log1p", "log2", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "hypot", "pow", "fabs",
    "degrees", "radians", "isnan", "isinf", "isfinite", "copysign", "fmod", "erf", "erfc", "gamma",
    "lgamma",
)  # fmt: skip


def _of_item(node: ast.Call, function: Any, facts: Facts) -> ast.Call | None:
    """Return a call of a function of numbers that is given an array without dimensions."""
    of_math = any(function is getattr(math, name) for name in OF_FLOATS)
    if not of_math and not any(function is each for each in (float, int, complex, bool)):
        return None
    known = [facts.of(each) for each in node.args]
    bare = [each is not None and each.is_array and each.ndim == 0 for each in known]
    if not any(bare) or node.keywords:
        return None
    args: list[ast.expr] = [
        ast.Call(ast.Attribute(each, "item", ast.Load()), [], []) if own else each
        for each, own in zip(node.args, bare, strict=True)
    ]
    return ast.Call(node.func, args, [])


def _from_items(node: ast.Call, facts: Facts, call: Call) -> ast.Call | None:
    """Return an array of a list, for one of a generator expression and a type."""
    if not node.args or not isinstance(node.args[0], ast.GeneratorExp):
        return None
    told = [*node.args[1:], *(each.value for each in node.keywords)]
    if len(told) != 1 or any(each.arg != "dtype" for each in node.keywords):
        return None
    if dtype_of(facts.of(told[0])) is None:
        return None
    items = ast.ListComp(node.args[0].elt, node.args[0].generators)
    made = ast.Call(call("array", numpy.array).func, [items, *node.args[1:]], node.keywords)
    return call("a_line", _A_LINE, made)


#: Of rows NumPy makes no line.
_A_LINE = written("a_line", "x", ["if x.ndim != 1:", "    bail_out()", "return x"])


def _of_lists(node: ast.Call, facts: Facts, call: Call) -> ast.Call | None:
    """Return an array of lists that have names, each as an array."""
    rows = node.args[0]
    if not isinstance(rows, ast.List | ast.Tuple) or not 0 < len(rows.elts) <= MOST:
        return None
    names = all(isinstance(each, ast.Name) for each in rows.elts)
    if not names or not all(list_operands.is_list(each, facts) for each in rows.elts):
        return None
    made: list[ast.expr] = [call("array", numpy.array, each) for each in rows.elts]
    return ast.Call(call("array", numpy.array).func, [ast.Tuple(made, ast.Load())], [])


def _in_order(node: ast.Call, facts: Facts, call: Call) -> ast.Call | None:
    """Return a list of the sorted items of a line, for `sorted` of that."""
    told = {each.arg: each.value for each in node.keywords}
    known = facts.of(node.args[0]) if len(node.args) == 1 else None
    if known is None or not known.is_array or known.ndim != 1 or set(told) - {"reverse"}:
        return None
    turned = told.get("reverse", ast.Constant(False))
    if not isinstance(turned, ast.Constant) or type(turned.value) is not bool:
        return None
    name = ast.Name("list", ast.Load())
    if facts.object(name) is not list:
        return None
    order = call(f"in_order_{turned.value}", _ordered(turned.value), node.args[0])
    return ast.Call(name, [order], [])


@functools.cache
def _ordered(turned: bool) -> Function:
    """Return what sorts a line as Python does: equal items stay in their order, as 0.0 and -0.0."""
    lines = ["for each in x:", "    if each != each:", "        bail_out()"]
    lines.append("return order(x[::-1])[::-1]" if turned else "return order(x)")
    return written("in_order", "x", lines, order=sorting.sorting(-1, False, "mergesort"))


def _flattened(node: ast.Call, function: Any, facts: Facts) -> ast.Call | None:
    """Return sums so far of the items of a table, as those of a line."""
    method = isinstance(node.func, ast.Attribute) and node.func.attr in ("cumsum", "cumprod")
    value: Any = None
    if len(node.args) == 1 and (function is numpy.cumsum or function is numpy.cumprod):
        value = node.args[0]
    elif isinstance(node.func, ast.Attribute) and method and not node.args:
        value = node.func.value
    known = None if value is None or node.keywords else facts.of(value)
    if known is None or not known.is_array or (known.ndim or 0) < 2:
        return None
    line = ast.Call(ast.Attribute(value, "ravel", ast.Load()), [], [])
    if node.args:
        return ast.Call(node.func, [line], [])
    assert isinstance(node.func, ast.Attribute)
    return ast.Call(ast.Attribute(line, node.func.attr, ast.Load()), [], [])


#: They make bools of bools, item by item.
OF_MASKS = {numpy.logical_and: "and", numpy.logical_or: "or", numpy.logical_xor: "xor"}


def _of_masks(node: ast.Call, facts: Facts, call: Call) -> ast.Call | None:
    """Return `f(f(p, q), r)` for `f.reduce([p, q, r])`, of masks of one shape."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "reduce":
        return None
    function = facts.object(node.func.value)
    known = [name for each, name in OF_MASKS.items() if each is function]
    if not known or len(node.args) != 1 or node.keywords:
        return None
    given = node.args[0]
    if not isinstance(given, ast.List | ast.Tuple) or not 1 < len(given.elts) <= MOST:
        return None
    masks = [facts.of(each) for each in given.elts]
    if any(each is None or each.dtype != bool or not each.ndim for each in masks):
        return None
    if len({each.ndim for each in masks if each is not None}) > 1:
        return None
    count = len(given.elts)
    return call(f"masks_{known[0]}_{count}", _masks(known[0], count), *given.elts)


@functools.cache
def _masks(name: str, count: int) -> Function:
    """Return what joins so many masks of one shape."""
    lines = []
    for i in range(1, count):
        lines += [f"if x{i}.shape != x0.shape:", "    bail_out()"]
    source = "x0"
    for i in range(1, count):
        source = f"numpy.logical_{name}({source}, x{i})"
    names = ", ".join(f"x{i}" for i in range(count))
    return written("masks", names, [*lines, f"return {source}"], numpy=numpy)


def _selected(node: ast.Call, facts: Facts, call: Call) -> ast.Call | None:
    told = {each.arg: each.value for each in node.keywords}
    if len(node.args) not in (2, 3) or set(told) - {"default"} or len(node.args) + len(told) > 3:
        return None
    tests, values = node.args[:2]
    if not isinstance(tests, ast.List) or not isinstance(values, ast.List):
        return None
    if len(tests.elts) != len(values.elts) or not 0 < len(tests.elts) <= MOST:
        return None
    known = [facts.of(each) for each in tests.elts]
    if any(each is None or each.dtype != bool or each.ndim != 1 for each in known):
        return None
    default = node.args[2] if len(node.args) == 3 else told.get("default", ast.Constant(0))
    if not all(_is_wide(facts.of(each)) for each in (*values.elts, default)):
        return None
    count = len(tests.elts)
    return call(f"select_{count}", _select(count), *tests.elts, *values.elts, default)


#: Of these every choice of types is that of all of them together.
WIDE = (bool, int, float, numpy.bool_, numpy.int64, numpy.float64)


def _is_wide(fact: Fact | None) -> bool:
    if fact is None:
        return False
    if fact.is_array:
        return fact.ndim == 1 and fact.dtype in (bool, numpy.int64, numpy.float64)
    return bool(fact.classes) and all(kind in WIDE for kind in fact.classes)


@functools.cache
def _select(count: int) -> Function:
    """Return what takes items by the first of some lines of bools that is true."""
    names = [f"{name}{i}" for name in ("test", "value") for i in range(count)]
    source = "default"
    for i in range(count - 1, -1, -1):
        source = f"where(test{i}, value{i}, {source})"
    return written("selected", ", ".join([*names, "default"]), [f"return {source}"],
                   where=choices.FUNCTIONS[numpy.where, 3])  # fmt: skip
