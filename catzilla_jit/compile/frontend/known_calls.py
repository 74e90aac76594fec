"""Calls of which the types of the arguments tell what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend.fact import (
    OPEN,
    PLAIN,
    SCALARS,
    Fact,
    array,
    dtype_of,
    is_class,
)

Arguments = list[Fact | None]
#: Of the arguments by keyword.
Told = dict[str, Fact | None]


def _dtype_among(arguments: Arguments, told: Told) -> Any:
    """Return the dtype that a call is told; None for none, OPEN for one that is not known."""
    if len(arguments) < 2 and "dtype" not in told:
        return None
    return dtype_of(told["dtype"] if "dtype" in told else arguments[1]) or OPEN


def _isinstance(arguments: Arguments, _told: Told) -> Fact | None:
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


def _hasattr(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 2 or arguments[0] is None or arguments[1] is None:
        return None
    name = arguments[1].constant
    if type(name) is not str or not arguments[0].classes:
        return None
    found = {hasattr(kind, name) for kind in arguments[0].classes}
    return Fact(found.pop()) if len(found) == 1 else None


def _callable(arguments: Arguments, _told: Told) -> Fact | None:
    known = len(arguments) == 1 and arguments[0] is not None and arguments[0].classes
    return Fact(False) if known and not any(is_class(each) for each in arguments if each) else None


def _len(arguments: Arguments, _told: Told) -> Fact | None:
    given = arguments[0] if len(arguments) == 1 else None
    if given is None:
        return None
    if given.length is not None:
        return Fact(given.length)
    sized = given.classes in ((list,), (str,), (bytes,), (dict,), (tuple,))
    return Fact(kinds=(int,)) if sized or (given.is_array and given.ndim) else None


def _type(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None or len(arguments[0].classes) != 1:
        return None
    return Fact(arguments[0].classes[0])


def _is_scalar(fact: Fact | None) -> bool | None:
    """Tell whether a value has no dimensions to NumPy; None if that is not known."""
    if fact is None or not fact.classes:
        return None
    found = {issubclass(kind, (*SCALARS, str, bytes)) for kind in fact.classes}
    return found.pop() if len(found) == 1 else None


def _isscalar(arguments: Arguments, _told: Told) -> Fact | None:
    found = _is_scalar(arguments[0]) if len(arguments) == 1 else None
    return None if found is None else Fact(found)


def _iterable(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None or not arguments[0].classes:
        return None
    if arguments[0].is_array:
        ndim = arguments[0].ndim
        return None if ndim is None else Fact(ndim > 0)
    found = {hasattr(kind, "__iter__") for kind in arguments[0].classes}
    if any(issubclass(kind, numpy.generic) for kind in arguments[0].classes):
        return Fact(False)
    return Fact(found.pop()) if len(found) == 1 else None


def _ndim(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None:
        return None
    if arguments[0].is_array:
        return Fact(arguments[0].ndim) if arguments[0].ndim is not None else None
    return Fact(0) if _is_scalar(arguments[0]) else None


def _shape(arguments: Arguments, told: Told) -> Fact | None:
    found = _ndim(arguments, told)
    return None if found is None else Fact(kinds=(tuple,), length=found.constant)


def _issubclass(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 2 or any(each is None or not each.is_constant for each in arguments):
        return None
    try:
        return Fact(issubclass(*(each.constant for each in arguments if each)))
    except TypeError:
        return None


def _issubdtype(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 2 or any(each is None or not each.is_constant for each in arguments):
        return None
    try:
        return Fact(bool(numpy.issubdtype(*(each.constant for each in arguments if each))))
    except TypeError:
        return None


def _limits(of: Any) -> Callable[[Arguments, Told], Fact | None]:
    """Return what gives the limits of a dtype."""

    def work_out(arguments: Arguments, told: Told) -> Fact | None:
        dtype = dtype_of(arguments[0]) if len(arguments) == 1 and not told else None
        try:
            return None if dtype is None else Fact(of(dtype))
        except ValueError:  # of a type of another kind
            return None

    return work_out


def _iscomplexobj(arguments: Arguments, _told: Told) -> Fact | None:
    if len(arguments) != 1 or arguments[0] is None:
        return None
    if arguments[0].is_array:
        return Fact(arguments[0].dtype.kind == "c") if arguments[0].dtype else None
    if not _is_scalar(arguments[0]):
        return None
    return Fact(any(issubclass(k, complex | numpy.complexfloating) for k in arguments[0].classes))


def _isrealobj(arguments: Arguments, told: Told) -> Fact | None:
    found = _iscomplexobj(arguments, told)
    return None if found is None else Fact(not found.constant)


def _as_array(least: int) -> Callable[[Arguments, Told], Fact | None]:
    """Return what makes an array of its argument, with so many dimensions at least."""

    def work_out(arguments: Arguments, told: Told) -> Fact | None:
        if not arguments or arguments[0] is None or (least and len(arguments) > 1):
            return None
        if told.keys() - {"dtype", "copy", "order"}:
            return None
        dtype = _dtype_among(arguments, told)
        given = arguments[0]
        if given.is_array and given.ndim is not None:
            own = given.dtype if dtype is None else None if dtype is OPEN else dtype
            return array(max(least, given.ndim), own)
        if given.is_constant and isinstance(given.constant, tuple | list):
            return _of_constants(given.constant, least, dtype)
        ndim, items = _depth(given)
        if ndim and items is not None and _is_scalar(items):
            own = _DTYPES.get(items.classes) if dtype is None else dtype
            return array(max(least, ndim), None if own is OPEN else own)
        return array(least) if _is_scalar(given) and str not in given.classes else None

    return work_out


def _of_constants(items: tuple[Any, ...] | list[Any], least: int, dtype: Any) -> Fact | None:
    """Return what an array of numbers that are written out is."""
    try:
        made = numpy.asarray(items)
    except ValueError:  # rows of several lengths
        return None
    own = made.dtype if dtype is None else None if dtype is OPEN else dtype
    return array(max(least, made.ndim), own) if made.size and made.dtype.kind in "bifc" else None


def _depth(given: Fact | None) -> tuple[int, Fact | None]:
    """Return how deep lists and tuples are nested, and what is in the innermost."""
    if given is None or given.kinds not in ((list,), (tuple,)):
        return 0, given
    inner, items = _depth(given.items)
    if inner and not (given.length and given.items is not None and given.items.length):
        return 0, None  # rows may be none, or of several lengths
    return 1 + inner, items


#: What a list of numbers of these classes becomes.
_DTYPES: dict[tuple[type, ...], Any] = {
    kinds: numpy.dtype(kinds[0])
    for kinds in ((int, numpy.int64), (float, numpy.float64), (complex, numpy.complex128))
}


def _like(arguments: Arguments, told: Told) -> Fact | None:
    """What `numpy.zeros_like` makes."""
    if not arguments or arguments[0] is None or not arguments[0].is_array:
        return None
    dtype = _dtype_among(arguments, told) if len(arguments) == 1 else OPEN
    own = arguments[0].dtype if dtype is None else None if dtype is OPEN else dtype
    return array(arguments[0].ndim, own) if arguments[0].ndim is not None else None


def _new(dtype: Any) -> Callable[[Arguments, Told], Fact | None]:
    """Return what `numpy.zeros` and its kin make: of a length, or of a tuple of them."""

    def work_out(arguments: Arguments, told: Told) -> Fact | None:
        if not arguments or arguments[0] is None or told.keys() - {"dtype"}:
            return None
        wanted = _dtype_among(arguments, told)
        own = dtype if wanted is None else None if wanted is OPEN else wanted
        shape = arguments[0]
        if shape.length is not None and tuple in shape.classes:
            return array(shape.length, own) if shape.length else None
        whole = bool(shape.classes) and all(issubclass(kind, int) for kind in shape.classes)
        return array(1, own) if whole else None

    return work_out


def _line(arguments: Arguments, _told: Told) -> Fact | None:
    known = bool(arguments) and arguments[0] is not None and arguments[0].is_array
    return array(1, arguments[0].dtype) if known and arguments[0] else None


def _diagonal(arguments: Arguments, told: Told) -> Fact | None:
    """What `numpy.diag` makes: a table of a line, a line of a table."""
    found = _as_array(0)(arguments[:1], {})
    if found is None or found.ndim not in (1, 2) or told.keys() - {"k"}:
        return None
    return array(3 - found.ndim, found.dtype)


def _always(ndim: int) -> Callable[[Arguments, Told], Fact | None]:
    return lambda _arguments, _told: array(ndim)


def _spaced(arguments: Arguments, told: Told) -> Fact | None:
    """What `numpy.linspace` makes between two numbers."""
    numbers = 1 < len(arguments) < 4 and all(map(_is_scalar, arguments[:2]))
    return array(1) if numbers and not told.keys() - {"num", "endpoint"} else None


def _order(arguments: Arguments, told: Told) -> Fact | None:
    """What `numpy.argsort` makes: places, as many as there are items."""
    given = arguments[0] if len(arguments) == 1 else None
    if given is None or not given.is_array or given.ndim is None or told.keys() - {"kind"}:
        return None
    return array(given.ndim, numpy.dtype(int))


def _places(_arguments: Arguments, _told: Told) -> Fact | None:
    return array(1, numpy.dtype(int))


#: What takes the items along an axis together.
REDUCING = ("sum", "mean", "std", "var", "min", "max", "prod", "any", "all", "argmin", "argmax")


def reduced(name: str, arguments: Arguments, told: Told) -> Fact | None:
    """Return the array that a reduction along a constant axis gives."""
    places = [*arguments[1:], *([told["axis"]] if "axis" in told else [])]
    given = arguments[0] if arguments else None
    if given is None or len(places) != 1 or told.keys() - {"axis", "ddof"}:
        return None
    axis = places[0].constant if places[0] is not None else None
    if type(axis) is not int or not given.is_array or given.ndim is None or given.ndim < 2:
        return None
    return array(given.ndim - 1, numpy.dtype(bool) if name in ("any", "all") else None)


def _reduced(name: str) -> Callable[[Arguments, Told], Fact | None]:
    return lambda arguments, told: reduced(name, arguments, told)


#: The dimensions of the arrays that functions of one matrix return together.
PARTS = {numpy.linalg.eigh: (1, 2), numpy.linalg.eig: (1, 2), numpy.linalg.qr: (2, 2)}


def part_of(function: Any, arguments: Arguments, place: Any) -> Fact | None:
    """Return what one of the arrays is that a call returns in a tuple."""
    if (function is numpy.where or function is numpy.nonzero) and len(arguments) == 1:
        return array(1, numpy.dtype(int)) if type(place) is int else None
    parts = next((PARTS[each] for each in PARTS if each is function), ())
    matrix = arguments[0] if len(arguments) == 1 else None
    if matrix is None or matrix.ndim != 2 or type(place) is not int:
        return None
    return array(parts[place]) if 0 <= place < len(parts) else None


def _covariance(arguments: Arguments, _told: Told) -> Fact | None:
    """What `numpy.cov` makes of a table; of a single variable compiled code makes none."""
    given = arguments[0] if len(arguments) == 1 else None
    return array(2, numpy.dtype(float)) if given is not None and given.ndim == 2 else None


_LIMITS = {each: _limits(each) for each in (numpy.finfo, numpy.iinfo)}
CALLS: dict[Any, Callable[[Arguments, Told], Fact | None]] = {
    isinstance: _isinstance, hasattr: _hasattr, callable: _callable, len: _len, type: _type,
    issubclass: _issubclass, numpy.issubdtype: _issubdtype, numpy.isscalar: _isscalar,
    numpy.iterable: _iterable, numpy.ndim: _ndim, numpy.shape: _shape,
    numpy.iscomplexobj: _iscomplexobj, numpy.isrealobj: _isrealobj,
    numpy.asarray: _as_array(0), numpy.asanyarray: _as_array(0), numpy.array: _as_array(0),
    numpy.ascontiguousarray: _as_array(1), numpy.atleast_1d: _as_array(1),
    numpy.atleast_2d: _as_array(2), numpy.copy: _as_array(0),
    **_LIMITS,
    numpy.zeros_like: _like, numpy.ones_like: _like, numpy.empty_like: _like,
    **{each: _new(numpy.dtype(float)) for each in (numpy.zeros, numpy.ones, numpy.empty)},
    numpy.full_like: _like, numpy.ravel: _line, numpy.diag: _diagonal,
    **dict.fromkeys((numpy.eye, numpy.identity, numpy.outer), _always(2)),
    numpy.arange: _always(1), numpy.linspace: _spaced,
    numpy.argsort: _order, numpy.flatnonzero: _places, numpy.cov: _covariance,
    numpy.corrcoef: _covariance,
    **{getattr(numpy, name): _reduced(name) for name in REDUCING},
}  # fmt: skip
