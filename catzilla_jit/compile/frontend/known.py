"""What the types of the arguments tell of a value: that it is None, a list, a table of floats.

A `Fact` holds for every value that a variable can have at its place. `Facts.of` works out those of
expressions which cannot fail and do nothing: `x is None`, `x.ndim`, `isinstance(x, list)`.
Where the argument may be a number of NumPy's in the place of one of Python's, nothing is said in
which the two differ.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
import builtins
import dataclasses
import operator
from collections.abc import Callable
from typing import Any

import numpy
from numba.core import errors, types
from numba.np import numpy_support

from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.constant_argument import GivenConstant
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList

#: In the place of a constant: the value is none that is known.
OPEN: Any = object()
#: Constants that may be computed with.
PLAIN = (bool, int, float, str, type(None))


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a value; everything by default: nothing."""

    constant: Any = OPEN
    kinds: tuple[type, ...] = ()  # its class is one of these
    ndim: int | None = None  # of an array
    dtype: Any = None  # of an array
    length: int | None = None  # of a tuple
    items: Fact | None = None  # of each item of a list or tuple

    @property
    def is_constant(self) -> bool:
        return self.constant is not OPEN

    @property
    def classes(self) -> tuple[type, ...]:
        return (type(self.constant),) if self.is_constant else self.kinds

    @property
    def is_array(self) -> bool:
        return self.kinds == (numpy.ndarray,)


#: The classes that a number of a type may have.
NUMBERS: dict[Any, tuple[type, ...]] = {
    types.int64: (int, numpy.int64),
    types.float64: (float, numpy.float64),
    types.boolean: (bool, numpy.bool_),
    types.complex128: (complex, numpy.complex128),
}


def array(ndim: int, dtype: Any = None) -> Fact:
    return Fact(kinds=(numpy.ndarray,), ndim=ndim, dtype=dtype)


def fact_of(type_: Any) -> Fact | None:
    """Return what the Numba type of an argument tells; None if that is nothing."""
    if isinstance(type_, types.Omitted):
        return constant(type_.value)
    if isinstance(type_, types.Literal):
        return constant(type_.literal_value)
    if isinstance(type_, GivenConstant):
        return constant(type_.value)
    if isinstance(type_, types.NoneType):
        return Fact(None)
    if isinstance(type_, types.Array):
        return None if type_.ndim == 0 else array(type_.ndim, _dtype(type_.dtype))
    if isinstance(type_, types.UnicodeType):
        return Fact(kinds=(str,))
    if isinstance(type_, ByteString):
        return Fact(kinds=(bytes,))
    if isinstance(type_, GivenList | types.List):
        return Fact(kinds=(list,), items=fact_of(type_.dtype))
    if isinstance(type_, GivenDict | types.DictType):
        return Fact(kinds=(dict,))
    if type(type_) in (types.Tuple, types.UniTuple):
        items = {fact_of(each) for each in type_.types}
        return Fact(
            kinds=(tuple,), length=len(type_), items=items.pop() if len(items) == 1 else None
        )
    if type_ in NUMBERS:
        return Fact(kinds=NUMBERS[type_])
    return Fact(kinds=(_dtype(type_).type,)) if isinstance(type_, types.Number) else None


def _dtype(type_: Any) -> Any:
    try:
        return numpy_support.as_dtype(type_)
    except (NotImplementedError, errors.NumbaNotImplementedError):
        return None


def constant(value: Any) -> Fact | None:
    return Fact(value) if type(value) in PLAIN else None


COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
#: Attributes of a dtype that are constants.
OF_DTYPE = {"kind", "char", "name", "itemsize", "type", "num"}
#: Classes of which no value equals one of another.
APART = (str, bytes, list, dict, tuple, type(None))


class Facts:
    """Works out what is known of expressions, from what is known of names."""

    def __init__(self, value_of: Callable[[ast.AST], Any], is_local: Callable[[str], bool]) -> None:
        """value_of: gives the object of the module that a node means, None for others."""
        self.names: dict[str, Fact] = {}
        self._value_of = value_of
        self._is_local = is_local

    def truth(self, node: ast.expr) -> bool | None:
        """Tell whether an expression counts as true; None if that is not known."""
        found = self.of(node)
        if found is None:
            return None
        if found.is_constant:
            return bool(found.constant) if type(found.constant) in PLAIN else None
        return found.length > 0 if found.length is not None else None

    def of(self, node: ast.expr) -> Fact | None:
        """Return what is known of an expression's value."""
        work_out = getattr(self, f"_of_{type(node).__name__}", None)
        return None if work_out is None else work_out(node)

    def _of_Constant(self, node: ast.Constant) -> Fact | None:
        return constant(node.value)

    def _of_Name(self, node: ast.Name) -> Fact | None:
        return self.names.get(node.id) or self._named(node)

    def _named(self, node: ast.expr) -> Fact | None:
        """Return a class that a name of the module means."""
        found = self._object(node)
        return Fact(found) if isinstance(found, type) else None

    def _object(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and not self._is_local(node.id):
            found = self._value_of(node)
            return getattr(builtins, node.id, None) if found is None else found
        return self._value_of(node)

    def _of_Attribute(self, node: ast.Attribute) -> Fact | None:
        holder = self.of(node.value)
        if holder is None:
            return self._named(node)
        if holder.is_array:
            if node.attr == "ndim" and holder.ndim is not None:
                return Fact(holder.ndim)
            if node.attr == "shape" and holder.ndim is not None:
                return Fact(kinds=(tuple,), length=holder.ndim)
            if node.attr == "T":
                return array(holder.ndim, holder.dtype) if holder.ndim is not None else None
            return Fact(holder.dtype) if node.attr == "dtype" and holder.dtype else None
        if isinstance(holder.constant, numpy.dtype) and node.attr in OF_DTYPE:
            return Fact(getattr(holder.constant, node.attr))
        return None

    def _of_Tuple(self, node: ast.Tuple) -> Fact | None:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return None
        values = [self.of(each) for each in node.elts]
        if all(each is not None and each.is_constant for each in values):
            return Fact(tuple(each.constant for each in values if each is not None))
        return Fact(kinds=(tuple,), length=len(values))

    def _of_List(self, node: ast.List) -> Fact | None:
        values = [self.of(each) for each in node.elts]
        if any(each is None or not each.is_constant for each in values):
            return None
        return Fact([each.constant for each in values if each is not None])

    _of_Set = _of_List

    def _of_UnaryOp(self, node: ast.UnaryOp) -> Fact | None:
        if isinstance(node.op, ast.Not):
            truth = self.truth(node.operand)
            return None if truth is None else Fact(not truth)
        found = self.of(node.operand)
        if found is None or not isinstance(node.op, ast.USub):
            return None
        if found.is_array:
            return array(found.ndim or 0) if found.ndim else None
        known = type(found.constant) in (int, float)
        return Fact(-found.constant) if known else None

    def _of_BoolOp(self, node: ast.BoolOp) -> Fact | None:
        ends = isinstance(node.op, ast.Or)
        truths = [self.truth(each) for each in node.values]
        for each, truth in zip(node.values, truths, strict=True):
            if truth is None or truth is ends:
                return self.of(each) if truth is ends else None
        return self.of(node.values[-1])

    def _of_IfExp(self, node: ast.IfExp) -> Fact | None:
        truth = self.truth(node.test)
        if truth is not None:
            return self.of(node.body if truth else node.orelse)
        both = self.of(node.body), self.of(node.orelse)
        return both[0] if both[0] == both[1] else None

    def _of_Compare(self, node: ast.Compare) -> Fact | None:
        if len(node.ops) != 1:
            return None
        left, right = self.of(node.left), self.of(node.comparators[0])
        if left is None or right is None:
            return None
        found = _compared(node.ops[0], left, right)
        return None if found is None else Fact(found)

    def _of_BinOp(self, node: ast.BinOp) -> Fact | None:
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None:
            return None
        if type(left.constant) is int and type(right.constant) is int:
            known = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
            compute = known.get(type(node.op))
            return Fact(compute(left.constant, right.constant)) if compute else None
        if isinstance(node.op, ast.MatMult):
            return None
        return _of_elements((left, right))

    def _of_Call(self, node: ast.Call) -> Fact | None:
        if any(isinstance(each, ast.Starred) for each in node.args):
            return None
        if isinstance(node.func, ast.Attribute):
            holder = self.of(node.func.value)
            if holder is not None and holder.is_array:
                return self._of_method(node, node.func.attr, holder)
        function = self._object(node.func)
        try:
            work_out = CALLS.get(function)
        except TypeError:  # an unhashable object
            return None
        if work_out is not None:
            arguments = [self.of(each) for each in node.args]
            return work_out(arguments, node, self)
        if isinstance(function, numpy.ufunc) and function.nout == 1 and not node.keywords:
            return _of_elements(tuple(self.of(each) for each in node.args))
        return None

    def _of_method(self, node: ast.Call, name: str, holder: Fact) -> Fact | None:
        """Return what a method of an array gives."""
        if name == "copy":
            return holder
        if name in ("ravel", "flatten"):
            return array(1, holder.dtype)
        if name == "astype" and node.args and holder.ndim is not None:
            wanted = self.of(node.args[0])
            return array(holder.ndim, dtype_of(wanted))
        return None

    def dtype_among(self, node: ast.Call, place: int) -> Any:
        """Return the dtype that a call is told; None for none, OPEN for one that is not known."""
        told = [each.value for each in node.keywords if each.arg == "dtype"]
        told += node.args[place : place + 1]
        if not told:
            return None
        return dtype_of(self.of(told[0])) or OPEN


def dtype_of(told: Fact | None) -> Any:
    """Return the dtype that an argument like `float` or `numpy.int64` means."""
    if told is None or not isinstance(told.constant, type | numpy.dtype):
        return None
    known = (float, int, bool, complex, numpy.number, numpy.bool_)
    kind = told.constant if isinstance(told.constant, type) else told.constant.type
    return numpy.dtype(kind) if issubclass(kind, known) else None


def _of_elements(operands: tuple[Fact | None, ...]) -> Fact | None:
    """Return what item by item arithmetic with at least one array gives."""
    dimensions = 0
    for each in operands:
        if each is None:
            return None
        if each.is_array:
            if each.ndim is None:
                return None
            dimensions = max(dimensions, each.ndim)
        elif not all(issubclass(kind, _NUMBER) for kind in each.classes):
            return None
    return array(dimensions) if dimensions else None


_NUMBER = (int, float, complex, numpy.number, numpy.bool_)


def _compared(op: ast.cmpop, left: Fact, right: Fact) -> bool | None:
    """Return what a comparison gives; None if that is not known."""
    both = left.is_constant and right.is_constant
    if isinstance(op, ast.Is | ast.IsNot):
        same = _is_same(left, right)
        return None if same is None else same is isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        if not both or type(right.constant) not in (tuple, list, str):
            return None
        try:
            found = left.constant in right.constant
        except TypeError:
            return None
        return found is isinstance(op, ast.In)
    if both:
        try:
            found = COMPARISONS[type(op)](left.constant, right.constant)
        except TypeError:
            return None
        return found if type(found) is bool else None
    if isinstance(op, ast.Eq | ast.NotEq) and _never_equal(left, right):
        return isinstance(op, ast.NotEq)
    return None


def _is_same(left: Fact, right: Fact) -> bool | None:
    """Tell whether two values are one object: None, a bool or a class."""
    for one, other in ((left, right), (right, left)):
        if type(one.constant) in (bool, type(None)) or _is_class(one):
            if other.is_constant:
                return one.constant is other.constant
            possible = type(one.constant) in other.classes or not other.classes
            return None if possible else False
    return None


def _is_class(fact: Fact) -> bool:
    return isinstance(fact.constant, type)


def _never_equal(left: Fact, right: Fact) -> bool:
    """Tell whether the classes of two values have no equal values, and compare to one bool."""
    for one, other in ((left, right), (right, left)):
        if len(one.classes) == 1 and one.classes[0] in APART:
            simple = (*APART, int, float, complex, bool, numpy.number, numpy.bool_)
            known = other.classes and all(issubclass(kind, simple) for kind in other.classes)
            if known and not any(issubclass(kind, one.classes[0]) for kind in other.classes):
                return not any(issubclass(kind, numpy.generic) for kind in other.classes) or (
                    one.classes[0] in (str, type(None))
                )
    return False


# --- calls that are known ------------------------------------------------------------------------

Arguments = list[Fact | None]


def _isinstance(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 2 or arguments[0] is None or arguments[1] is None:
        return None
    asked = arguments[1].constant
    classes = asked if isinstance(asked, tuple) else (asked,)
    if not all(isinstance(each, type) for each in classes) or not arguments[0].classes:
        return None
    if arguments[0].is_constant and type(arguments[0].constant) not in PLAIN:
        return None
    try:
        found = {issubclass(kind, classes) for kind in arguments[0].classes}
    except TypeError:  # a protocol
        return None
    return Fact(found.pop()) if len(found) == 1 else None


def _hasattr(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 2 or arguments[0] is None or arguments[1] is None:
        return None
    name = arguments[1].constant
    if type(name) is not str or not arguments[0].classes:
        return None
    found = {hasattr(kind, name) for kind in arguments[0].classes}
    return Fact(found.pop()) if len(found) == 1 else None


def _callable(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    known = len(arguments) == 1 and arguments[0] is not None and arguments[0].classes
    return Fact(False) if known and not any(_is_class(each) for each in arguments if each) else None


def _len(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    known = len(arguments) == 1 and arguments[0] is not None
    length = arguments[0].length if known and arguments[0] else None
    return Fact(length) if length is not None else None


def _type(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None or len(arguments[0].classes) != 1:
        return None
    return Fact(arguments[0].classes[0])


def _is_scalar(fact: Fact | None) -> bool | None:
    """Tell whether a value has no dimensions to NumPy; None if that is not known."""
    if fact is None or not fact.classes:
        return None
    found = {issubclass(kind, (*_NUMBER, str, bytes)) for kind in fact.classes}
    return found.pop() if len(found) == 1 else None


def _isscalar(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    found = _is_scalar(arguments[0]) if len(arguments) == 1 else None
    return None if found is None else Fact(found)


def _iterable(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None or not arguments[0].classes:
        return None
    found = {hasattr(kind, "__iter__") for kind in arguments[0].classes}
    if any(issubclass(kind, numpy.generic) for kind in arguments[0].classes):
        return Fact(False)
    return Fact(found.pop()) if len(found) == 1 else None


def _ndim(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None:
        return None
    if arguments[0].is_array:
        return Fact(arguments[0].ndim) if arguments[0].ndim is not None else None
    return Fact(0) if _is_scalar(arguments[0]) else None


def _shape(arguments: Arguments, node: ast.Call, facts: Facts) -> Fact | None:
    found = _ndim(arguments, node, facts)
    return None if found is None else Fact(kinds=(tuple,), length=found.constant)


def _issubclass(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 2 or any(each is None or not each.is_constant for each in arguments):
        return None
    try:
        return Fact(issubclass(*(each.constant for each in arguments if each)))
    except TypeError:
        return None


def _issubdtype(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 2 or any(each is None or not each.is_constant for each in arguments):
        return None
    try:
        return Fact(bool(numpy.issubdtype(*(each.constant for each in arguments if each))))
    except TypeError:
        return None


def _iscomplexobj(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None:
        return None
    if arguments[0].is_array:
        return Fact(arguments[0].dtype.kind == "c") if arguments[0].dtype else None
    if not _is_scalar(arguments[0]):
        return None
    return Fact(any(issubclass(k, complex | numpy.complexfloating) for k in arguments[0].classes))


def _isrealobj(arguments: Arguments, node: ast.Call, facts: Facts) -> Fact | None:
    found = _iscomplexobj(arguments, node, facts)
    return None if found is None else Fact(not found.constant)


def _as_array(least: int) -> Callable[[Arguments, ast.Call, Facts], Fact | None]:
    """Return what makes an array of its argument, with so many dimensions at least."""

    def work_out(arguments: Arguments, node: ast.Call, facts: Facts) -> Fact | None:
        if not arguments or arguments[0] is None or (least and len(arguments) > 1):
            return None
        told = {each.arg for each in node.keywords} - {"dtype", "copy", "order"}
        if told:
            return None
        dtype = facts.dtype_among(node, 1)
        given = arguments[0]
        if given.is_array and given.ndim is not None:
            own = given.dtype if dtype is None else None if dtype is OPEN else dtype
            return array(max(least, given.ndim), own)
        items = given.items
        if given.kinds == (list,) and items is not None and _is_scalar(items):
            return array(max(least, 1), None if dtype is OPEN else dtype)
        return array(least) if least and _is_scalar(given) else None

    return work_out


def _like(arguments: Arguments, node: ast.Call, facts: Facts) -> Fact | None:
    """What `numpy.zeros_like` makes."""
    if not arguments or arguments[0] is None or not arguments[0].is_array:
        return None
    dtype = facts.dtype_among(node, 1) if len(node.args) == 1 else OPEN
    own = arguments[0].dtype if dtype is None else None if dtype is OPEN else dtype
    return array(arguments[0].ndim, own) if arguments[0].ndim is not None else None


def _line(arguments: Arguments, _node: ast.Call, _facts: Facts) -> Fact | None:
    known = bool(arguments) and arguments[0] is not None and arguments[0].is_array
    return array(1, arguments[0].dtype) if known and arguments[0] else None


CALLS: dict[Any, Callable[[Arguments, ast.Call, Facts], Fact | None]] = {
    isinstance: _isinstance, hasattr: _hasattr, callable: _callable, len: _len, type: _type,
    issubclass: _issubclass, numpy.issubdtype: _issubdtype, numpy.isscalar: _isscalar,
    numpy.iterable: _iterable, numpy.ndim: _ndim, numpy.shape: _shape,
    numpy.iscomplexobj: _iscomplexobj, numpy.isrealobj: _isrealobj,
    numpy.asarray: _as_array(0), numpy.asanyarray: _as_array(0), numpy.array: _as_array(0),
    numpy.ascontiguousarray: _as_array(1), numpy.atleast_1d: _as_array(1),
    numpy.atleast_2d: _as_array(2), numpy.copy: _as_array(0),
    numpy.zeros_like: _like, numpy.ones_like: _like, numpy.empty_like: _like,
    numpy.full_like: _like, numpy.ravel: _line,
}  # fmt: skip
