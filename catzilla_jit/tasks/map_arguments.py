"""What of a map's arguments each call gets: one column of items per argument.

Scalars, and parameters without a hint, follow NumPy: arrays, lists and tuples are taken
apart down to their elements and broadcast against each other. A parameter whose hint says
that one call takes an array, a list or a tuple gets such a thing whole: the argument is
then a list of them, or an array with rows (an empty one means no call at all), or a
single one for all calls. A column of such items is an object array, so that it broadcasts
like the others.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
from array import array
from collections.abc import Callable, ItemsView, Iterator, KeysView, Sequence, ValuesView
from typing import Any, get_origin, get_type_hints

import numpy as np

#: What is listed first, because NumPy would take it for one object.
_LISTED = (Iterator, KeysView, ValuesView, ItemsView, collections.deque, array)
#: What nearly every argument is; the classes above take a microsecond to say no.
_USUAL = frozenset({np.ndarray, list, tuple, range, int, float, complex, bool})


def containers(function: Callable[..., Any]) -> dict[str, type]:
    """Return the parameters that take an array, a list or a tuple, with which of them."""
    try:
        hints = get_type_hints(getattr(function, "func", function))
    except Exception:  # a hint may be any expression, and a wrong one harms nobody
        return {}
    kinds = {name: _class(hint) for name, hint in hints.items() if name != "return"}
    return {name: kind for name, kind in kinds.items() if kind in (np.ndarray, list, tuple)}


def _class(hint: Any) -> Any:
    """Return what a hint is about without its arguments, also behind a `type` alias.

    NDArray is one from NumPy 2.5 on.
    """
    origin = get_origin(hint) or hint
    alias = type(origin).__name__ == "TypeAliasType"
    return _class(origin.__value__) if alias else origin


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a map in the order of the parameters, and how a call gets its items."""

    labels: list[str]
    values: list[Any]
    keywords: tuple[str, ...]  # the last so many are passed by these names

    @classmethod
    def of(cls, bound: inspect.BoundArguments, kinds: dict[str, type]) -> Columns:
        """Return the columns of bound arguments; `kinds` as `containers` gives them."""
        labels, values, keywords = [], [], []
        for name, parameter in bound.signature.parameters.items():
            items = [(name, bound.arguments[name])]
            if parameter.kind is parameter.VAR_POSITIONAL:
                items = [(f"{name}[{i}]", item) for i, item in enumerate(items[0][1])]
            elif parameter.kind is parameter.VAR_KEYWORD:
                items = list(items[0][1].items())
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                keywords += [label for label, _ in items]
            labels += [label for label, _ in items]
            values += [column(item, kinds.get(name)) for _, item in items]
        return cls(labels, values, tuple(keywords))

    def caller(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as one that takes every item by position."""
        return functools.partial(_call, function, self.keywords) if self.keywords else function


def _call(function: Callable[..., Any], keywords: tuple[str, ...], *items: Any) -> Any:
    positional = len(items) - len(keywords)
    return function(*items[:positional], **dict(zip(keywords, items[positional:], strict=True)))


def column(value: Any, kind: type | None) -> Any:
    """Return the argument as something that broadcasts item by item.

    kind is what one call takes if that is a container, else None.
    """
    if type(value) not in _USUAL:
        value = list(value) if isinstance(value, _LISTED) else _as_array(value, kind)
    if kind is None:
        return value
    if kind is np.ndarray and isinstance(value, np.ndarray):
        return _objects(list(value)) if value.ndim > 1 else whole(value)
    if isinstance(value, (list, tuple)) and all(map(_is_container, value)):
        return _objects(value)
    return whole(value)


def _as_array(value: Any, kind: type | None) -> Any:
    """Return what says that it is an array, as a Series of pandas does, as one."""
    known = isinstance(value, (np.ndarray, np.generic)) or kind is not None
    if known or not hasattr(type(value), "__array__"):
        return value
    array = np.asarray(value)
    return array if array.ndim else value


def _is_container(item: Any) -> bool:
    return isinstance(item, (np.ndarray, list, tuple, range))


def _objects(items: Sequence[Any]) -> Any:
    # Item by item: NumPy would look into items of one length.
    objects = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        objects[index] = item
    return objects


def whole(value: Any) -> Any:
    """Return the value as a column of itself, whatever NumPy would make of it."""
    single = np.empty((), dtype=object)
    single[()] = value
    return single
