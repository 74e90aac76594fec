"""What NumPy and Numba compute alike, to the last bit and with the same type.

A function, method or operator that is not named here is refused for arrays in automatic mode
(`passes/check_numpy_parity.py`): its answer may depend on the order of a sum, on vector
instructions that NumPy picks for the processor, or on rules for types that Numba has otherwise.
What is named is compared with NumPy by tests/compile/test_check_numpy_parity.py.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

import numpy
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import BOOL, COMPLEX, FLOAT, INT

#: The numbers that NumPy and Python both have; all others follow other rules for mixed operands.
PLAIN = {types.int64, types.float64, types.boolean, types.complex128}

ALL = frozenset({BOOL, INT, FLOAT, COMPLEX})
ORDERED = frozenset({BOOL, INT, FLOAT})
REAL = frozenset({INT, FLOAT})
FLOATS = frozenset({FLOAT})
INTS = frozenset({INT})
WHOLE = frozenset({BOOL, INT})

#: Which kinds of elements a unary function may have.
UFUNCS: dict[Any, frozenset[int]] = {
    numpy.negative: REAL, numpy.absolute: REAL, numpy.sqrt: REAL, numpy.square: REAL,
    numpy.fabs: FLOATS, numpy.floor: FLOATS, numpy.ceil: FLOATS, numpy.trunc: FLOATS,
    numpy.rint: FLOATS, numpy.isnan: FLOATS, numpy.isinf: FLOATS, numpy.isfinite: FLOATS,
    numpy.signbit: FLOATS, numpy.logical_not: ORDERED, numpy.invert: WHOLE,
}  # fmt: skip

#: The operator that a function of two arrays is.
OPERATORS = {
    numpy.add: operator.add, numpy.subtract: operator.sub, numpy.multiply: operator.mul,
    numpy.true_divide: operator.truediv, numpy.greater: operator.gt, numpy.less: operator.lt,
    numpy.greater_equal: operator.ge, numpy.less_equal: operator.le, numpy.equal: operator.eq,
    numpy.not_equal: operator.ne, numpy.bitwise_and: operator.and_,
    numpy.bitwise_or: operator.or_, numpy.bitwise_xor: operator.xor,
    numpy.logical_and: operator.lt, numpy.logical_or: operator.lt, numpy.logical_xor: operator.lt,
}  # fmt: skip

#: Operators on an array of integers and a constant: the least constant that NumPy computes alike.
BY_CONSTANT = {
    operator.floordiv: 1, operator.ifloordiv: 1, operator.mod: 1, operator.imod: 1,
    operator.pow: 0,
}  # fmt: skip

#: Functions, by the kinds of their arrays and numbers; all arguments are taken by position.
FUNCTIONS: dict[Any, frozenset[int]] = {
    numpy.zeros: ALL, numpy.ones: ALL, numpy.empty: ALL,
    numpy.zeros_like: ALL, numpy.ones_like: ALL, numpy.empty_like: ALL,
    numpy.arange: INTS, numpy.copy: ALL, numpy.ravel: ALL, numpy.reshape: ALL,
    numpy.transpose: ALL, numpy.any: ORDERED, numpy.all: ORDERED,
    numpy.sort: WHOLE, numpy.flip: ALL,
    numpy.ndindex: ALL, numpy.ndenumerate: ALL,
    numpy.where: ALL, numpy.full: ALL, numpy.full_like: ALL, numpy.array: ALL,
    numpy.linspace: REAL, numpy.concatenate: ALL, numpy.diff: REAL, numpy.repeat: ALL,
    numpy.roll: ALL, numpy.eye: ALL, numpy.nonzero: ALL, numpy.outer: REAL,
    numpy.sign: INTS, numpy.maximum: INTS, numpy.minimum: INTS, numpy.clip: INTS,
    numpy.unique: INTS, numpy.searchsorted: INTS, numpy.fill_diagonal: REAL,
}  # fmt: skip

#: Those of them that may be told the type of the elements.
TYPED = {
    numpy.zeros, numpy.ones, numpy.empty, numpy.zeros_like, numpy.ones_like, numpy.empty_like,
}  # fmt: skip

METHODS: dict[str, frozenset[int]] = {
    "copy": ALL, "ravel": ALL, "flatten": ALL, "reshape": ALL, "transpose": ALL, "any": ORDERED,
    "all": ORDERED, "sort": WHOLE, "item": ALL,
}  # fmt: skip


def operation(op: Any, left: Any, right: Any) -> bool:
    """Tell whether an operator gives for elements of two kinds what NumPy gives."""
    both = {left, right}
    if None in both:
        return False
    if op in number_kinds.COMPARISON:
        return COMPLEX not in both or op in (operator.eq, operator.ne)
    if op in number_kinds.BITWISE:
        return both <= WHOLE
    if COMPLEX in both:
        return op in (operator.add, operator.iadd, operator.sub, operator.isub)
    if both == {BOOL}:
        return False
    return op in number_kinds.DIVISION or op in {
        operator.add, operator.iadd, operator.sub, operator.isub, operator.mul, operator.imul,
    }  # fmt: skip


def scalar_operation(op: Any, left: Any, right: Any) -> bool:
    """The same for numbers, of which at least one may be NumPy's."""
    both = {left, right}
    if None in both or op in number_kinds.COMPARISON or op in number_kinds.BITWISE:
        return op not in {operator.lshift, operator.rshift}
    if COMPLEX in both:
        return operation(op, left, right) or op in (operator.mul, operator.imul)
    return both != {BOOL} and (op in number_kinds.ARITHMETIC or op in number_kinds.DIVISION)


def unary(op: Any, kind: int | None) -> bool:
    if op is operator.not_:
        return True
    if op is operator.invert:
        return kind in WHOLE
    return kind in ALL and kind != BOOL


def element(type_: Any) -> int | None:
    """Return the kind of a number, or of the elements of an array."""
    return number_kinds.kind(type_.dtype if isinstance(type_, types.Array) else type_)


def is_fitted(function: Any, given: list[Any]) -> bool:
    """Tell whether a number that an array is filled with becomes an item as NumPy makes it one."""
    if function is numpy.fill_diagonal:
        if len(given) != 2 or isinstance(given[1], types.Array) or given[0].ndim != 2:
            return False
    elif function is not numpy.full_like:
        return True
    return (element(given[1]) or 0) <= (element(given[0]) or 0)


#: What makes an array in the order in memory of another; Numba in C order, where that has gaps.
TURNING = (
    abs, operator.pos, numpy.round, numpy.around, numpy.copy, numpy.zeros_like, numpy.ones_like,
    numpy.empty_like, numpy.full_like,
)  # fmt: skip


def is_turned(function: Any, given: Any) -> bool:
    """Tell whether the order of a result in memory may be another than NumPy's."""
    gaps = isinstance(given, types.Array) and given.ndim > 1 and given.layout == "A"
    return gaps and any(function is each for each in TURNING)
