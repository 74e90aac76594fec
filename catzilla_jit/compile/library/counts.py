"""What `Counter` and `defaultdict` do, for dicts (`frontend/counters.py`)."""

from __future__ import annotations

from typing import Any

from catzilla_jit.compile.library.builtin_functions import bail_out


class CounterAsDict:
    """Stands for the class `Counter`, where what it makes is a dict; `overloads.py` chooses."""


counter = CounterAsDict()


def counted(values: Any) -> Any:
    """Return how often each value occurs, in the order of their first places."""
    found: dict[Any, int] = {}
    for value in values:
        if value in found:
            found[value] += 1
        else:
            found[value] = 1
    return found


def count(found: Any, key: Any) -> Any:
    """Return an item; 0 where there is none."""
    if key in found:
        return found[key]
    return 0


def asked(values: Any, key: Any, default: Any) -> Any:
    """Return an item; put the default in where there is none."""
    if key not in values:
        values[key] = default
    return values[key]


def most_common(found: Any) -> Any:
    """Return keys and counts, the most frequent first, and equal ones in their order."""
    items = [(key, count) for key, count in found.items()]
    order = sorted([(-count, place) for place, (_, count) in enumerate(items)])
    return [items[place] for _, place in order]


def most_common_of(found: Any, number: int) -> Any:
    """Return the first of them."""
    if number < 0:
        bail_out()
    return most_common(found)[:number]


def same_counts(left: Any, right: Any) -> bool:
    """Tell whether all keys have the same counts; a missing one has none."""
    for key in left:
        if left[key] != right.get(key, 0):
            return False
    for key in right:  # noqa: SIM110 -- as Numba takes it
        if right[key] != left.get(key, 0):
            return False
    return True
