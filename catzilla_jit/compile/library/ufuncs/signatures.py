"""Which loop NumPy takes for arguments of some types, and what the result is.

NumPy tells it itself (`ufunc.resolve_dtypes`). A number counts as one of Python's, which gives way
to the type of an array; that it is none of NumPy's is looked at where the origins of numbers are
known (`passes/check_numpy_parity.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
import operator
from typing import Any

import numpy
from numba.core import errors, types
from numba.np import numpy_support

from catzilla_jit.compile.target.numpy_loops import Loop, NoLoop, loop, ufunc_of

#: Numbers of Python, as `resolve_dtypes` wants them beside arrays.
WEAK = {types.int64: int, types.float64: float, types.complex128: complex}
#: Types of elements that loops are called for.
DTYPES = {
    types.boolean, types.int8, types.int16, types.int32, types.int64, types.uint8, types.uint16,
    types.uint32, types.uint64, types.float32, types.float64, types.complex64, types.complex128,
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """A loop, with the Numba types of the elements that it takes and makes."""

    name: str
    loop: Loop
    takes: tuple[types.Type, ...]
    makes: tuple[types.Type, ...]


def choose(
    name: str, given: tuple[types.Type, ...], strong: tuple[bool, ...] = ()
) -> Chosen | None:
    """Return the loop of a ufunc for arguments of these types, None where there is none.

    strong: for each argument whether it is a number of NumPy's.
    """
    plain = tuple(types.unliteral(each) for each in given)
    own = tuple(_is_numpys(each) for each in plain)
    return _chosen(name, plain, tuple(map(operator.or_, own, strong)) if strong else own)


def _is_numpys(type_: types.Type) -> bool:
    """Tell whether a type is one of numbers that only NumPy has."""
    return type_ in DTYPES and type_ not in WEAK and type_ != types.boolean


def is_same(name: str, given: tuple[types.Type, ...], strong: tuple[bool, ...]) -> bool:
    """Tell whether NumPy takes the same loop if some numbers are its own."""
    try:
        ufunc_of(name)
    except NoLoop:
        return True  # no ufunc of its own name: it takes arrays alone
    return choose(name, given) == choose(name, given, strong)


@functools.cache
def _chosen(name: str, given: tuple[types.Type, ...], strong: tuple[bool, ...]) -> Chosen | None:
    try:
        ufunc = ufunc_of(name)
    except NoLoop:
        return None
    arrays = any(isinstance(each, types.Array) for each in given) or any(strong)
    wanted = [
        _wanted(each, weak=arrays and not own) for each, own in zip(given, strong, strict=True)
    ]
    if any(each is None for each in wanted) or len(wanted) != ufunc.nin:
        return None
    try:
        found = ufunc.resolve_dtypes((*wanted, *[None] * ufunc.nout))
        chars = [dtype.char for dtype in found]
        chosen = loop(name, "".join(chars[: ufunc.nin]) + "->" + "".join(chars[ufunc.nin :]))
        kinds = tuple(map(numpy_support.from_dtype, found))
    except (TypeError, NoLoop, errors.NumbaNotImplementedError):
        return None
    if not DTYPES.issuperset(kinds):
        return None
    if name == "power" and isinstance(kinds[1], types.Integer) and kinds[1].signed:
        return None  # the loop takes the GIL to raise for a negative exponent
    return Chosen(name, chosen, kinds[: ufunc.nin], kinds[ufunc.nin :])


def _wanted(type_: types.Type, *, weak: bool) -> Any:
    element = type_.dtype if isinstance(type_, types.Array) else type_
    if element not in DTYPES:
        return None
    if weak and not isinstance(type_, types.Array) and element in WEAK:
        return WEAK[element]
    return numpy.dtype(str(numpy_support.as_dtype(element)))


def layout(given: tuple[types.Type, ...]) -> Any:
    """Return the order of a result in memory, if it depends on the types alone; else C.

    NumPy keeps the order of its operands. Where C is only supposed, the code looks at the strides.
    """
    dimensions = max(each.ndim for each in given if isinstance(each, types.Array))
    arrays = [each for each in given if isinstance(each, types.Array) and each.ndim > 1]
    full = all(each.ndim == dimensions and each.layout == "F" for each in arrays)
    return "F" if arrays and full else "C"
