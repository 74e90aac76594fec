"""What is known of a value before anything is compiled: a constant, a class, the dimensions.

A `Fact` holds for every value that a variable can have at its place. Where an argument may be a
number of NumPy's in the place of one of Python's, it has both classes.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from typing import Any

import numpy
from numba.core import errors, types
from numba.np import numpy_support

from catzilla_jit.compile.analysis.origins import EITHER, NUMPY, PYTHON, Origin
from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.constant_argument import GivenConstant, GivenDefault
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList


def _is_same(left: Any, right: Any) -> bool:
    """Tell whether two constants are of one type, and equal."""
    if type(left) is not type(right):
        return False
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(map(_is_same, left, right))
    return left is right or bool(left == right)


#: In the place of a constant: the value is none that is known.
OPEN: Any = object()
#: Constants that may be computed with.
PLAIN = (bool, int, float, str, type(None))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """What is known of a value; everything by default: nothing.

    Facts are equal if they say the same: 1 and True are two constants, and so are None and the
    dtype of floats, which NumPy calls equal.
    """

    constant: Any = OPEN
    kinds: tuple[type, ...] = ()  # its class is one of these
    ndim: int | None = None  # of an array
    dtype: Any = None  # of an array
    length: int | None = None  # of a tuple
    items: Fact | None = None  # of each item of a list or tuple

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fact):
            return NotImplemented
        rest = (self.kinds, self.ndim, self.length, self.items)
        if rest != (other.kinds, other.ndim, other.length, other.items):
            return False
        return _is_same(self.dtype, other.dtype) and _is_same(self.constant, other.constant)

    def __hash__(self) -> int:
        return hash((self.kinds, self.ndim, self.length, self.items))

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


def fact_of(type_: Any, origin: Origin = EITHER) -> Fact | None:
    """Return what the Numba type of an argument tells; None if that is nothing.

    origin: who made the number; Python makes those in lists and dicts.
    """
    if isinstance(type_, types.Omitted):
        return constant(type_.value)
    if isinstance(type_, types.Literal):
        return constant(type_.literal_value)
    if isinstance(type_, GivenDefault):
        return Fact(type_.value) if isinstance(type_.value, type) else None
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
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_)
        items = {fact_of(*each) for each in zip(type_.types, origins, strict=True)}
        return Fact(
            kinds=(tuple,), length=len(type_), items=items.pop() if len(items) == 1 else None
        )
    if type_ in NUMBERS:
        pythons, numpys = NUMBERS[type_]
        only = {PYTHON: (pythons,), NUMPY: (numpys,)}
        return Fact(kinds=only.get(origin, (pythons, numpys)))
    return Fact(kinds=(_dtype(type_).type,)) if isinstance(type_, types.Number) else None


def _dtype(type_: Any) -> Any:
    try:
        return numpy_support.as_dtype(type_)
    except (NotImplementedError, errors.NumbaNotImplementedError):
        return None


def constant(value: Any) -> Fact | None:
    return Fact(value) if type(value) in PLAIN else None


def dtype_of(told: Fact | None) -> Any:
    """Return the dtype that an argument like `float` or `numpy.int64` means."""
    if told is not None and type(told.constant) is str:
        try:
            told = Fact(numpy.dtype(told.constant))
        except TypeError:
            return None
    if told is None or not isinstance(told.constant, type | numpy.dtype):
        return None
    known = (float, int, bool, complex, numpy.number, numpy.bool_)
    kind = told.constant if isinstance(told.constant, type) else told.constant.type
    return numpy.dtype(kind) if issubclass(kind, known) else None


#: What has no dimensions to NumPy.
SCALARS = (int, float, complex, numpy.number, numpy.bool_)


def is_class(fact: Fact) -> bool:
    """Tell whether a value is a class."""
    return isinstance(fact.constant, type)


def lasting(fact: Fact) -> Fact | None:
    """Return what of a fact stays true of a variable; a list's items may be others soon."""
    if isinstance(fact.constant, tuple):
        return fact if all(lasting(Fact(each)) == Fact(each) for each in fact.constant) else None
    if isinstance(fact.constant, set):
        return Fact(kinds=(set,))
    return Fact(kinds=(list,)) if fact.classes == (list,) else fact
