"""Which numbers NumPy made: they follow NumPy's rules, not Python's.

What is read from an array or returned by a NumPy function is a NumPy scalar in Python, and so is
arithmetic with it: an integer wraps at 64 bits, a division by zero is an infinity, the caller gets
a `numpy.float64`. Numba's types do not tell the two apart; this does, for the variables of one
function. The origin of an array, a list or an iterator is that of its items, the origin of a tuple
is a tuple of origins, and that of a dict the origins of its keys and of its values.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy
from numba.core import ir, types
from numba.np.ufunc.dufunc import DUFunc
from numba.np.ufunc.gufunc import GUFunc

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_containers import NumberContainers
from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.own_generator import GENERATORS, OwnGenerator, OwnRandom
from catzilla_jit.compile.target.helper import own_name

PYTHON, NUMPY, EITHER = "Python", "NumPy", "either"
#: One of the three, or a tuple of origins.
Origin = Any

#: The types and the origins of the arguments of a call.
Given = tuple[tuple[Any, Origin], ...]
ALWAYS_PYTHON = {operator.is_, operator.is_not, operator.contains}
KEEPING = {abs, max, min, pow}
#: Methods of arrays that give numbers of Python.
TO_PYTHON = {"item", "tolist"}
#: Methods of dicts that give what they have, or what they are given.
WITH_DEFAULT = {"get", "pop"}


def join(first: Origin, second: Origin) -> Origin:
    """Return the origin of what comes from one or the other; None is not known yet."""
    if first is None or second is None or first == second:
        return second if first is None else first
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        return tuple(map(join, first, second))
    if isinstance(first, tuple) != isinstance(second, tuple):
        # One of them is that of all items, as of what a recursive call returns.
        parts, all_ = (first, second) if isinstance(first, tuple) else (second, first)
        return tuple(join(each, all_) for each in parts)
    return EITHER


def joined(origins: Iterable[Origin]) -> Origin:
    return functools.reduce(join, origins, None)


def combined(origins: Iterable[Origin]) -> Origin:
    """Return the origin of the result of arithmetic: one number of NumPy's is enough."""
    found = list(origins)
    if None in found:
        return None
    if NUMPY in found:
        return NUMPY
    return PYTHON if all(each == PYTHON for each in found) else EITHER


def has_numpy(origin: Origin) -> bool:
    """Tell whether NumPy may have made any of it."""
    if isinstance(origin, tuple):
        return any(map(has_numpy, origin))
    return origin in (NUMPY, EITHER)


def has_either(origin: Origin) -> bool:
    """Tell whether it is not known who has made a part of it."""
    if isinstance(origin, tuple):
        return any(map(has_either, origin))
    return origin == EITHER


class Origins:
    """The origins of one function's variables.

    `argument` tells the origin of an argument by its place and name, `of_call` that of what a
    helper returns, None for functions it does not know: of the origins of what it is given and of
    the items in that, and of the former as a tuple where all of it is known. `changed` has the
    places of the arguments that helpers may change.
    """

    def __init__(
        self,
        blocks: Iterable[Any],
        typemap: dict[str, Any],
        argument: Callable[[int, str], Origin],
        of_call: Callable[[Any, list[Origin], Given | None], Origin],
        changed: Mapping[Any, set[int]],
    ) -> None:
        self.typemap = typemap
        self._argument = argument
        self._of_call = of_call
        self._found: dict[str, Origin] = {}  # of a container, for its whole group
        blocks = list(blocks)
        self.containers = NumberContainers(blocks, typemap, changed)
        assignments = [inst for block in blocks for inst in block.find_insts(ir.Assign)]
        for settled in (False, True):
            self._settled = settled  # what has no origin by then will have none
            while self._walk(assignments):
                pass

    def _walk(self, assignments: list[Any]) -> bool:
        """Note what each assignment tells; tell whether any of it was not known."""
        changed = False
        for each in assignments:
            name = each.target.name
            changed = self._note(name, self.of_value(name, each.value)) or changed
        for name, value, items in self.containers.puts:
            put = self._items(value) if items else self._get(value)
            changed = self._note(name, put) or changed
        for name, *pair in self.containers.pairs:
            changed = self._note(name, tuple(map(self._get, pair))) or changed
        return changed

    @classmethod
    def of(
        cls, unit: Any, function: Any, blocks: Iterable[Any], typemap: dict[str, Any]
    ) -> Origins:
        """Make those of a function of a unit (`frontend/unit.py`)."""
        argument = functools.partial(unit.argument_origin, function)
        return cls(blocks, typemap, argument, unit.origin_of, unit.changed)

    def _note(self, name: str, origin: Origin) -> bool:
        """Add an origin of a variable; tell whether it was not known."""
        name = self.containers.group(name)
        before = self._found.get(name)
        self._found[name] = join(before, origin)
        return self._found[name] != before

    def __getitem__(self, name: str) -> Origin:
        found = self.known(name)
        return PYTHON if found is None else found

    def known(self, name: str) -> Origin:
        """Return the origin of a variable; None where it holds no number, as a None."""
        if _is_numpys(self.typemap.get(name)):
            return NUMPY
        return self._found.get(self.containers.group(name))

    def is_undecided(self, name: str) -> bool:
        """Tell whether a container may hold NumPy's numbers, and others or what is not seen."""
        origin = self[name] if name in self.containers else PYTHON
        return has_numpy(origin) and (has_either(origin) or self.containers.is_open(name))

    def numbers(self, origin: Origin) -> frozenset[str]:
        """Return the variables for numbers that have an origin."""
        return frozenset(
            name
            for name, found in self._found.items()
            if found == origin and number_kinds.kind(self.typemap.get(name)) is not None
        )

    def _get(self, name: str) -> Origin:
        type_ = self.typemap[name]
        if isinstance(type_, ByteString):  # Python's, whoever it comes from
            return PYTHON
        return NUMPY if _is_numpys(type_) else self._found.get(self.containers.group(name))

    def _items(self, name: str) -> Origin:
        origin = self._get(name)
        if isinstance(self.typemap[name], types.BaseTuple) and isinstance(origin, tuple):
            return joined(origin)
        if isinstance(self.typemap[name], types.DictType) and isinstance(origin, tuple):
            return origin[0]
        return origin

    def of_value(self, target: str, value: Any) -> Origin:
        """Return the origin of what an assignment gives its target; None if not known yet."""
        if _is_numpys(self.typemap[target]):
            return NUMPY
        if target in self.containers.new:
            return None
        if isinstance(value, ir.Const | ir.Global | ir.FreeVar):
            return _of_constant(value.value)
        source = number_kinds.source_of(value)
        if source is not None:
            return self._get(source)
        if isinstance(value, ir.Arg):
            given = self.typemap.get(f"arg.{value.name}")
            if isinstance(given, types.Omitted):
                return _of_constant(given.value)
            return self._of_argument(self.typemap[target], self._argument(value.index, value.name))
        return self._of_expression(value) if isinstance(value, ir.Expr) else PYTHON

    def _of_argument(self, type_: Any, origin: Origin) -> Origin:
        if isinstance(type_, types.BaseTuple):
            origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
            return tuple(map(self._of_argument, type_.types, origins))
        if _is_numpys(type_) or _only_numpy_has(type_):
            return NUMPY
        return origin

    def _of_expression(self, expr: Any) -> Origin:
        if expr.op in ("binop", "inplace_binop"):
            return self._of_operation(expr)
        if expr.op == "unary":
            return PYTHON if expr.fn is operator.not_ else self._get(expr.value.name)
        if expr.op in ("getitem", "static_getitem", "typed_getitem"):
            return self._of_item(expr)
        if expr.op == "getattr" and isinstance(self.typemap[expr.value.name], types.BaseNamedTuple):
            return self._of_field(self.typemap[expr.value.name], expr)
        if expr.op == "getattr" and expr.value.name in self.containers:
            return self._get(expr.value.name)
        if expr.op == "getattr":
            number = number_kinds.kind(self.typemap[expr.value.name]) is not None
            bound = not isinstance(self.typemap[expr.value.name], types.Array)
            return self._get(expr.value.name) if number and bound else PYTHON
        if expr.op == "build_tuple":
            return tuple(self._get(item.name) for item in expr.items)
        if expr.op in ("getiter", "iternext", "pair_first"):
            return self._items(expr.value.name)
        if expr.op == "exhaust_iter":
            return self._get(expr.value.name)
        if expr.op == "phi":
            return joined(self._get(each.name) for each in expr.incoming_values)
        if expr.op == "call":
            return self._of_called(expr)
        return None if expr.op in ("null", "undef") else PYTHON

    def _of_field(self, type_: Any, expr: Any) -> Origin:
        whole = self._get(expr.value.name)
        if isinstance(whole, tuple) and expr.attr in type_.fields:
            return whole[type_.fields.index(expr.attr)]
        return whole

    def _of_named_tuple(self, callee: Any, expr: Any) -> Origin:
        """Return the origins of what a named tuple is made of."""
        if expr.vararg is not None:
            return EITHER
        signature = inspect.signature(callee.instance_class)
        bound = signature.bind(*expr.args, **dict(expr.kws))
        fields = callee.instance_class._fields
        found = tuple(
            self._get(bound.arguments[each].name) if each in bound.arguments else PYTHON
            for each in fields
        )
        return None if None in found else found

    def _of_operation(self, expr: Any) -> Origin:
        if expr.fn in ALWAYS_PYTHON:
            return PYTHON
        if expr.lhs.name in self.containers or expr.rhs.name in self.containers:
            return PYTHON
        left, right = self._get(expr.lhs.name), self._get(expr.rhs.name)
        if isinstance(left, tuple) or isinstance(right, tuple):
            both = isinstance(left, tuple) and isinstance(right, tuple)
            if expr.fn in number_kinds.COMPARISON:
                return PYTHON
            return left + right if both else None if None in (left, right) else EITHER
        return combined((left, right))

    def _of_item(self, expr: Any) -> Origin:
        whole, type_ = self._get(expr.value.name), self.typemap[expr.value.name]
        if isinstance(whole, tuple) and isinstance(type_, types.DictType):
            return whole[1]
        if not isinstance(whole, tuple) or not isinstance(type_, types.BaseTuple):
            return whole
        if expr.op == "static_getitem" and isinstance(expr.index, int | slice):
            return whole[expr.index]
        return joined(whole)

    def _of_drawn(self, method: str, expr: Any) -> Origin:
        """Return the origin of what a generator draws."""
        if method == "choice":  # below a number, or of items
            chosen = [*expr.args[:1], *(value for key, value in expr.kws if key == "a")]
            return PYTHON if isinstance(self.typemap[chosen[0].name], types.Integer) else NUMPY
        return NUMPY if method == "integers" else PYTHON

    def _of_chosen(self, method: str, expr: Any) -> Origin:
        """Return the origin of what Python's generator gives: a number of its own, or an item."""
        if method not in ("choice", "choices", "sample"):
            return PYTHON
        keys = ("seq", "population")
        name = [*expr.args[:1], *(value for key, value in expr.kws if key in keys)][0].name
        return NUMPY if isinstance(self.typemap[name], types.Array) else self._items(name)

    def _of_called(self, expr: Any) -> Origin:
        callee = self.typemap[expr.func.name]
        arguments = [argument.name for argument in expr.args]
        if own_name(callee) == "asked" and arguments[0] in self.containers:
            whole = self._get(arguments[0])
            return whole[1] if isinstance(whole, tuple) else whole
        given = self._given(expr)
        if any(origin is None for _, origin in given or ()):
            return None
        known = self._of_call(callee, [self._items(name) for name in arguments], given)
        if known is not None or isinstance(callee, types.Dispatcher):
            return known
        if isinstance(callee, types.BoundFunction):
            if isinstance(callee.this, OwnGenerator):
                return self._of_drawn(number_kinds.method_name(callee), expr)
            if isinstance(callee.this, OwnRandom):
                return self._of_chosen(number_kinds.method_name(callee), expr)
            if isinstance(callee.this, types.Array):
                return PYTHON if number_kinds.method_name(callee) in TO_PYTHON else NUMPY
            if number_kinds.method_name(callee) in TO_PYTHON:
                return PYTHON
            of_dict = isinstance(callee.this, types.DictType)
            if of_dict and isinstance(self._get(expr.func.name), tuple):
                return self._of_dict(number_kinds.method_name(callee), expr)
            if number_kinds.method_name(callee) in WITH_DEFAULT and len(arguments) > 1:
                return join(self._get(expr.func.name), self._get(arguments[1]))
            return self._get(expr.func.name)
        if isinstance(callee, types.NumberClass):
            return NUMPY
        if isinstance(callee, types.NamedTupleClass):
            return self._of_named_tuple(callee, expr)
        function = number_kinds.called(self.typemap, expr)
        return self._of_function(function, arguments)

    def _given(self, expr: Any) -> Given | None:
        """Return the types and origins of what a function of the user's is given by place."""
        callee = self.typemap[expr.func.name]
        if not isinstance(callee, types.Dispatcher) or own_name(callee) or expr.kws or expr.vararg:
            return None
        names = [each.name for each in expr.args]
        return tuple((types.unliteral(self.typemap[name]), self._of_given(name)) for name in names)

    def _of_given(self, name: str) -> Origin:
        if isinstance(self.typemap[name], (types.Array, *GENERATORS)):
            return PYTHON  # who made what an array holds is told by its type
        known = self._get(name)
        return PYTHON if known is None and self._settled else known

    def _of_dict(self, method: str, expr: Any) -> Origin:
        """Return the origin of what a method of a dict gives."""
        whole = key, value = self._get(expr.func.name)
        if method in ("items", "copy"):
            return whole
        if method == "keys":
            return key
        if method in WITH_DEFAULT and len(expr.args) > 1:
            return join(value, self._get(expr.args[1].name))
        return value

    def _of_function(self, function: Any, arguments: list[str]) -> Origin:
        if function in (enumerate, numpy.ndenumerate):
            return (PYTHON, self._items(arguments[0]))
        if function is zip:
            return tuple(map(self._items, arguments))
        if function is next:
            return self._items(arguments[0])
        if function in (iter, reversed, tuple):
            of_dict = isinstance(self.typemap[arguments[0]], types.DictType)
            return (self._items if of_dict else self._get)(arguments[0])
        if function in (max, min) and len(arguments) == 1:
            return self._items(arguments[0])
        if function in KEEPING:
            join_ = joined if function in (max, min) else combined
            return join_(self._get(name) for name in arguments)
        if function is divmod:
            return (combined(map(self._get, arguments)),) * 2
        if function is round and len(arguments) > 1:
            return self._get(arguments[0])
        if isinstance(function, DUFunc | GUFunc):  # NumPy calls them outside of compiled code
            return NUMPY
        return NUMPY if is_numpys(function) and function is not numpy.ndindex else PYTHON


def _is_numpys(type_: Any) -> bool:
    """Tell whether all numbers in what has a type are NumPy's."""
    return isinstance(type_, types.Array | types.Record | types.NumpyFlatType)


def is_numpys(function: Any) -> bool:
    """Tell whether a function belongs to NumPy."""
    if isinstance(function, numpy.ufunc) or number_kinds.is_loop(function):
        return True
    if isinstance(getattr(function, "__self__", None), numpy.random.RandomState):
        return False
    module = getattr(function, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == "numpy"


def _of_constant(value: Any) -> Origin:
    if value is None:  # no number: what else a variable holds decides
        return None
    if isinstance(value, tuple):
        return tuple(map(_of_constant, value))
    return NUMPY if isinstance(value, numpy.generic | numpy.ndarray) else PYTHON


def _only_numpy_has(type_: Any) -> bool:
    plain = (types.int64, types.float64, types.boolean, types.complex128)
    return number_kinds.kind(type_) is not None and types.unliteral(type_) not in plain
