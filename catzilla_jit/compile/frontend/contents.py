"""What was in a list, dict or set of a module when a function that names it was compiled.

Compiled code has the contents built in (`frozen.py`). A guard of the contents compares the very
objects, one by one; an equal one of another type would be another answer. Tuples do not change,
but may hold what does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catzilla_jit.guard import CONTENTS

#: More items than this are not looked through at each submission.
MOST_ITEMS = 4096

Guard = tuple[Any, ...]


def snapshot(container: Any) -> tuple[Any, ...]:
    """Return the objects in a list or set, or in a dict: key, value, key, ..."""
    if isinstance(container, dict):
        return tuple(part for pair in container.items() for part in pair)
    return tuple(container)


def guards_of(value: Any) -> list[Guard]:
    """Return the guards of a value's contents, those of containers in it included."""
    return [(each, CONTENTS, snapshot(each)) for each in _containers(value, set())]


def _containers(value: Any, seen: set[int]) -> Iterator[Any]:
    known = type(value) in (list, dict, set)
    if not known and type(value) is not tuple:
        return
    if id(value) in seen or len(value) > MOST_ITEMS or len(seen) > MOST_ITEMS:
        return
    seen.add(id(value))
    if known:
        yield value
    for part in snapshot(value):
        yield from _containers(part, seen)
