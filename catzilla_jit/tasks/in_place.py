"""Calls of tasks that change lists or dicts which they are given.

Their code works on copies (`compile/frontend/in_place.py`). It is called by a Python worker,
without the GIL, and what the copies hold in the end is written to the caller's objects before the
task has ended. Where the code has no answer, or raises, the function runs as Python on the
caller's objects, which nothing has touched by then. Items come back as new objects of the same
value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..pools.interrupt import call_exposed, shielded
from ..pools.pure.compiled_call import Code

if TYPE_CHECKING:
    from ..compile import CompiledTask
    from ..pools.protocol import Guards


class InPlace:
    """What a Python worker calls instead of the function."""

    def __init__(
        self,
        function: Callable[..., Any],
        bind: Callable[[tuple[Any, ...], dict[str, Any]], list[Any]],
    ) -> None:
        self._function = function
        self._bind = bind
        self.forms: list[CompiledTask] = []
        self._codes: list[tuple[Code, dict[int, str]]] = []

    def add(self, form: CompiledTask, kinds: dict[int, str], guards: Guards) -> None:
        """Add code; kinds: the arguments that it returns copies of."""
        self._codes.append((Code(form, _unused, guards, True), kinds))
        self.forms.append(form)

    @shielded
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            values = self._bind(args, kwargs)
        except TypeError:  # Python says it in its own words
            return call_exposed(self._function, *args, **kwargs)
        for code, kinds in self._codes:
            if not _are_apart(values, kinds):
                break
            answered, result = code.answer(values)
            if answered:
                return _written(result, values, kinds)
        return call_exposed(self._function, *args, **kwargs)


def _unused(status: int, error: int, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    raise AssertionError("the exceptions of this code are Python's")


def _are_apart(values: Sequence[Any], kinds: dict[int, str]) -> bool:
    """Tell whether no list or dict is given twice: copies of it would be two."""
    seen: set[int] = set()
    return all(_is_apart(value, seen) for value in values)


def _is_apart(value: Any, seen: set[int]) -> bool:
    if type(value) not in (list, dict, tuple) or not value:
        return True
    if type(value) is not tuple:
        if id(value) in seen:
            return False
        seen.add(id(value))
    parts = value.values() if type(value) is dict else value
    first = next(iter(parts))
    # The code that takes it has items of one type.
    if type(value) is not tuple and type(first) not in (list, dict, tuple):
        return True
    return all(_is_apart(part, seen) for part in parts)


def _written(result: tuple[Any, ...], values: Sequence[Any], kinds: dict[int, str]) -> Any:
    """Write to the caller's objects what the copies hold; return the result with them in it."""
    value, *copies = result
    own = dict(zip(kinds, copies, strict=False))
    rows = dict(zip((i for i in kinds if kinds[i] == "rows"), copies[len(kinds) :], strict=True))
    givers: dict[int, Any] = {}  # the caller's object, by the identity of its copy
    for place, copy in own.items():
        given = values[place]
        givers[id(copy)] = given
        for row, row_copy in zip(given, rows.get(place, ()), strict=False):
            givers[id(row_copy)] = row
            _fill(row, row_copy)
        if type(given) is dict:
            given.clear()
            given.update(copy)
        elif place in rows:
            given[:] = [givers.get(id(item), item) for item in copy]
        else:
            _fill(given, copy)
    return _given_back(value, givers)


def _fill(given: list[Any], copy: list[Any]) -> None:
    """Put in what a copy holds; where nothing has changed the items stay the objects they are."""
    certain = bool(copy) and type(copy[0]) in (int, str, bool)  # 0.0 equals -0.0
    if not certain or given != copy:
        given[:] = copy


def _given_back(value: Any, givers: dict[int, Any]) -> Any:
    """Return a result with the caller's objects in the place of their copies."""
    if id(value) in givers:
        return givers[id(value)]
    if type(value) is tuple:
        return tuple(_given_back(part, givers) for part in value)
    if type(value) is list and value and type(value[0]) in (list, dict, tuple):
        value[:] = [_given_back(part, givers) for part in value]
    elif type(value) is dict:
        for key, part in value.items():
            value[key] = _given_back(part, givers)
    return value
