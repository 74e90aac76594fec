"""Whether something that code was compiled for is as it was then."""

from __future__ import annotations

import operator
from typing import Any

_MISSING = object()
#: In the place of a name: the guard is about the contents of its holder.
CONTENTS = "[]"


def holds(guard: tuple[Any, ...]) -> bool:
    """Tell whether a guard holds: by identity, at a look-up's price.

    guard: (dictionary, name, value), (dictionary, name) where it has no such name, (cell or
    function, attribute, value), or (list, set or dict, CONTENTS, parts), of a dict its keys and
    values.
    """
    holder, key, *value = guard
    if key == CONTENTS:
        parts = [x for pair in holder.items() for x in pair] if type(holder) is dict else [*holder]
        return len(parts) == len(value[0]) and all(map(operator.is_, parts, value[0]))
    if isinstance(holder, dict):
        return holder.get(key, _MISSING) is (value[0] if value else _MISSING)
    try:
        return getattr(holder, key) is value[0]
    except ValueError:  # an emptied cell
        return False
