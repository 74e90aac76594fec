"""`choice` of generators that compiled code has made (`generators.py`), added to Numba.

The algorithms, and so the numbers drawn, are those of `numpy.random.Generator.choice`: places
below the count with replacement; without it the tail of a shuffle, or R. W. Floyd's sampling
("A sample of brilliance", Communications of the ACM 30(9), 1987) and a shuffle; with chances, the
inverse of their sums. What NumPy refuses leaves the function.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
from typing import Any

import numpy
from numba.core import types
from numba.core.extending import overload_method, register_jitable

from catzilla_jit.compile.datamodel.own_generator import OwnGenerator
from catzilla_jit.compile.library import iterators
from catzilla_jit.compile.library.ufuncs import generators
from catzilla_jit.compile.library.ufuncs.generator_methods import default_of, is_none, is_size
from catzilla_jit.compile.target import numpy_random

bounded, bounded_fill = generators.bounded, generators.bounded_fill
#: How far the sum of the chances may be from 1.
TOLERANCE = math.sqrt(numpy.finfo(numpy.float64).eps)
#: From here on sampling with a table of what was drawn is slower than shuffling, by this part.
LARGE, SHUFFLED_PART, SAMPLED_PART = 10000, 50, 20


@register_jitable
def _mix(rng, places, first):  # type: ignore[no-untyped-def]
    for i in range(len(places) - 1, first - 1, -1):
        j = bounded(rng, 0, i)
        places[j], places[i] = places[i], places[j]


@register_jitable
def _sampled(rng, total, count, shuffle):  # type: ignore[no-untyped-def]
    """Draw different places."""
    part = SHUFFLED_PART if shuffle else SAMPLED_PART
    if total > LARGE and count > total // part:
        places = numpy.arange(total)
        _mix(rng, places, max(total - count, 1))
        return places[total - count :].copy()
    found = numpy.empty(count, numpy.int64)
    slots = 1
    while slots <= int(1.2 * count):
        slots *= 2
    table = numpy.full(slots, -1)
    for j in range(total - count, total):
        value = bounded(rng, 0, j)
        slot = value & (slots - 1)
        while table[slot] != -1 and table[slot] != value:
            slot = (slot + 1) & (slots - 1)
        if table[slot] != -1:  # it was drawn before: this place is the new one
            value = j
            slot = j & (slots - 1)
            while table[slot] != -1:
                slot = (slot + 1) & (slots - 1)
        table[slot] = value
        found[j - (total - count)] = value
    if shuffle:
        _mix(rng, found, 1)
    return found


@register_jitable
def _check(chances, total):  # type: ignore[no-untyped-def]
    """Refuse what are no chances of so many items; their sum is Kahan's."""
    if len(chances) != total:
        raise ValueError
    whole, lost = chances[0], 0.0
    for i in range(1, total):
        more = chances[i] - lost
        larger = whole + more
        lost = (larger - whole) - more
        whole = larger
    for each in chances:
        if not each >= 0.0:
            raise ValueError
    if not abs(whole - 1.0) <= TOLERANCE:
        raise ValueError


@register_jitable
def _sums(chances):  # type: ignore[no-untyped-def]
    sums = numpy.empty(len(chances))
    whole = 0.0
    for i in range(len(chances)):
        whole = chances[i] if i == 0 else whole + chances[i]
        sums[i] = whole
    for i in range(len(sums)):
        sums[i] /= whole
    return sums


#: The first place whose sum is above a number.
_place = register_jitable(iterators.bisect_right)


@register_jitable
def _weighted(rng, chances, count, replace):  # type: ignore[no-untyped-def]
    """Draw places by their chances."""
    found = numpy.empty(count, numpy.int64)
    sums = _sums(chances)
    if replace:
        for i in range(count):
            found[i] = _place(sums, rng.random())
        return found
    possible = 0
    for each in chances:
        possible += each > 0.0
    if possible < count:
        raise ValueError
    left = chances.copy()
    unique = 0
    while unique < count:
        for i in range(unique):
            left[found[i]] = 0.0
        sums = _sums(left)
        drawn = numpy.zeros(len(left), numpy.bool_)
        before = unique
        for _ in range(count - before):
            place = _place(sums, rng.random())
            if not drawn[place]:
                drawn[place] = True
                found[unique] = place
                unique += 1
    return found


@register_jitable
def _places(rng, total, count, replace, chances, shuffle):  # type: ignore[no-untyped-def]
    if total <= 0 or count < 0 or (not replace and count > total):
        raise ValueError
    if chances is not None:
        _check(chances, total)
        return _weighted(rng, chances, count, replace)
    if not replace:
        return _sampled(rng, total, count, shuffle)
    found = numpy.empty(count, numpy.int64)
    bounded_fill(rng, 0, total - 1, found)
    return found


def _is_flag(type_: Any) -> bool:
    given = default_of(type_)
    return isinstance(given, bool) or types.unliteral(given) == types.boolean


def _is_line(type_: Any) -> bool:
    """Tell whether it is a line of items, or rows of a table."""
    return isinstance(type_, types.Array) and type_.ndim in (1, 2)


def _is_list(type_: Any, *kinds: Any) -> bool:
    return isinstance(type_, types.List | types.UniTuple) and types.unliteral(type_.dtype) in kinds


@overload_method(OwnGenerator, "choice")
def choice(rng, a, size=None, replace=True, p=None, axis=0, shuffle=True):  # type: ignore[no-untyped-def]
    """Draw from a line, from the rows of a table or from the integers below a number."""
    number = types.unliteral(a) == types.int64
    items = _is_list(a, types.int64, types.float64)
    chances = is_none(p) or (
        isinstance(p, types.Array) and p.ndim == 1 and p.dtype == types.float64
    )
    if (
        numpy_random.symbol("next_double") is None
        or not (number or items or _is_line(a))
        or not (is_none(size) or is_size(size))
        or not (chances or _is_list(p, types.float64))
        or not (_is_flag(replace) and _is_flag(shuffle))
        or not (isinstance(axis, types.Omitted) or axis == 0)
    ):
        return None
    lines = ["def impl(rng, a, size=None, replace=True, p=None, axis=0, shuffle=True):"]
    if items:
        lines.append("    a = numpy.array(a)")
    count = "1" if is_none(size) else "made.size"
    if not is_none(size):
        lines.append("    made = numpy.empty(size, numpy.int64)")
    weights = "p" if chances else "numpy.array(p)"
    total = "a" if number else "len(a)"
    lines.append(f"    found = places(rng, {total}, {count}, replace, {weights}, shuffle)")
    if is_none(size):
        lines.append("    return found[0]" if number else "    return a[found[0]]")
    elif number:
        lines.append("    return found.reshape(size)")
    elif _is_line(a) and a.ndim == 2:
        if isinstance(size, types.UniTuple):
            return None
        lines.append("    return a[found]")
    else:
        lines.append("    return a[found].reshape(size)")
    space = {"numpy": numpy, "places": _places}
    exec("\n".join(lines), space)
    return space["impl"]
