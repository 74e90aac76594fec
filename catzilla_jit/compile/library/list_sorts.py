"""`values.sort(...)`, and `sorted(...)` with a key or reversed: equal items keep their order.

Numba's own sorts do not keep it. What has no order, a NaN among the items or keys, is left to
Python's own algorithm: an error of these functions leaves the kernel. The methods and calls of the
user are given these names by `passes/redirect_calls.py`.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,misc"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import errors, types
from numba.core.extending import overload, overload_method, register_jitable
from numba.cpython import listobj

#: What the method is called in the code that is compiled.
METHOD = "sort_in_order"
#: Of these, equal items are the same.
ALIKE = types.Integer | types.Boolean | types.UnicodeType


def in_order(values: Any, *, key: Any = None, reverse: bool = False) -> Any:
    """Sort, as compiled code is told."""
    return sorted(values, key=key, reverse=reverse)


in_order.goes_for = sorted


def as_items(values: Any) -> Any:
    """Return a list of what is sorted by keys; a set has no order of its own."""
    return list(values)


def by_keys(items: Any, keys: Any, reverse: Any) -> Any:
    """Sort items by their keys."""
    raise NotImplementedError


by_keys.goes_for = sorted


def has_nan(value: Any) -> bool:
    """Tell whether a value is a NaN, or a tuple that holds one."""
    raise NotImplementedError


@overload(has_nan)
def _has_nan(value):
    check = _check(value, "value")
    return eval(f"lambda value: {check or 'False'}")


def _check(type_: Any, name: str) -> str:
    """Return an expression that tells whether a value has a NaN; an empty one for never."""
    if isinstance(type_, types.Float):
        return f"{name} != {name}"
    if isinstance(type_, types.BaseTuple):
        parts = [_check(each, f"{name}[{i}]") for i, each in enumerate(type_.types)]
        return " or ".join(part for part in parts if part)
    if isinstance(type_, types.List) and _check(type_.dtype, name):
        raise errors.TypingError("lists of floats are compared")
    return ""


@register_jitable
def _merged(keys, places, reverse):
    """Order places by their keys, by merging runs of growing length."""
    source = places
    target = places.copy()
    count = len(source)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            middle = min(start + width, count)
            end = min(start + 2 * width, count)
            left, right = start, middle
            for place in range(start, end):
                if left == middle:
                    first = False
                elif right == end:
                    first = True
                elif reverse:
                    first = not keys[source[left]] < keys[source[right]]
                else:
                    first = not keys[source[right]] < keys[source[left]]
                if first:
                    target[place] = source[left]
                    left += 1
                else:
                    target[place] = source[right]
                    right += 1
        source, target = target, source
        width *= 2
    return source


@register_jitable
def _by_keys(items, keys, reverse):
    for each in keys:
        if has_nan(each):
            raise ValueError("a NaN is sorted")
    places = _merged(keys, list(range(len(keys))), bool(reverse))
    return [items[i] for i in places]


@overload_method(types.List, METHOD)
def _sort_list(values, key=None, reverse=False):
    listobj._sort_check_key(key)
    listobj._sort_check_reverse(reverse)
    if isinstance(key, types.Dispatcher):

        def by_key(values, key=None, reverse=False):
            values[:] = _by_keys(values, [key(each) for each in values], reverse)

        return by_key
    if isinstance(values.dtype, ALIKE):
        return lambda values, key=None, reverse=False: values.sort(reverse=reverse)

    def plain(values, key=None, reverse=False):
        values[:] = _by_keys(values, values, reverse)

    return plain


@overload_method(types.Array, METHOD)
def _sort_array(values):
    return lambda values: values.sort()


@overload(in_order)
def _in_order(values, key=None, reverse=False):
    if isinstance(values, types.Set) and isinstance(key, types.Dispatcher):
        raise errors.TypingError("a set is sorted by a key: the order of equal ones is Python's")

    def made(values, key=None, reverse=False):
        items = [each for each in values]  # noqa: C416
        items.sort_in_order(key=key, reverse=reverse)
        return items

    return made


@overload(as_items)
def _as_items(values):
    if isinstance(values, types.Set):
        raise errors.TypingError("a set is sorted by a key: the order of equal ones is Python's")
    return lambda values: [each for each in values]  # noqa: C416


@overload(by_keys)
def _in_order_of_keys(items, keys, reverse):
    return lambda items, keys, reverse: _by_keys(items, keys, bool(reverse))
