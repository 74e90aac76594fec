"""A deque as a list, and the place in it where the deque begins.

Taking an item from the left moves the place. When more than half of the list lies before it, what
is left is moved to the front, so each item is moved once in the mean.
"""

from __future__ import annotations

from typing import Any

from catzilla_jit.compile.library.builtin_functions import bail_out


def popleft(items: Any, begin: Any) -> Any:
    place = begin[0]
    if place >= len(items):
        bail_out()
    item = items[place]
    place += 1
    if place > 32 and 2 * place > len(items):
        left = len(items) - place
        for k in range(left):
            items[k] = items[place + k]
        for _ in range(place):
            items.pop()
        place = 0
    begin[0] = place
    return item


def pop(items: Any, begin: Any) -> Any:
    if begin[0] >= len(items):
        bail_out()
    return items.pop()


def appendleft(items: Any, begin: Any, item: Any) -> None:
    if begin[0] > 0:
        begin[0] -= 1
        items[begin[0]] = item
    else:
        items.insert(0, item)


def clear(items: Any, begin: Any) -> None:
    items.clear()
    begin[0] = 0


def size(items: Any, begin: Any) -> Any:
    return len(items) - begin[0]


def item_of(items: Any, begin: Any, index: int) -> Any:
    count = len(items) - begin[0]
    if index < -count or index >= count:
        bail_out()
    return items[begin[0] + index] if index >= 0 else items[len(items) + index]


def listed(items: Any, begin: Any) -> Any:
    return items[begin[0] :]
