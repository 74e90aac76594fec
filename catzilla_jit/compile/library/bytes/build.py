"""Making bytes: sums, repetitions, `bytes(...)`.

As `read.py`, whose words this uses; what is made has memory of its own.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

import operator

from numba.core import types
from numba.core.extending import overload
from numba.core.extending import register_jitable as compiled

from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.library.bytes.memory import blank, put, put_all
from catzilla_jit.compile.library.bytes.read import END, checked, is_bytes, is_whole


def _joined(left, right):
    made = blank(len(left) + len(right))
    put_all(made, 0, left)
    put_all(made, len(left), right)
    return made


@overload(operator.add)
@overload(operator.iadd)
def _sum(left, right):
    return _joined if is_bytes(left, right) else None


@compiled
def repeated(data, times):
    size = len(data)
    if times <= 0 or size == 0:
        return blank(0)
    if times > END // size:
        raise MemoryError("repeated bytes are too long")
    made = blank(size * times)
    for each in range(times):
        put_all(made, each * size, data)
    return made


@overload(operator.mul)
@overload(operator.imul)
def _product(left, right):
    if is_bytes(left) and is_whole(right):
        return lambda left, right: repeated(left, right)
    if is_bytes(right) and is_whole(left):
        return lambda left, right: repeated(right, left)
    return None


@overload(bytes)
def _bytes(source):
    """Make bytes of numbers, of other bytes, or so many zeros."""
    if is_bytes(source):
        return lambda source: source
    if isinstance(source, types.Integer):
        return _zeros
    lists = isinstance(source, GivenList | types.List | types.UniTuple)
    numbers = isinstance(getattr(source, "dtype", None), types.Integer)
    return _of_numbers if (lists and numbers) or isinstance(source, types.RangeType) else None


def _zeros(source):
    if source < 0:
        raise ValueError("negative count")
    made = blank(source)
    for place in range(source):
        put(made, place, 0)
    return made


def _of_numbers(source):
    made = blank(len(source))
    for place, number in enumerate(source):
        put(made, place, checked(number))
    return made
