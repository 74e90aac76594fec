"""The rows of many submissions at once: one call per element of the columns."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..errors import shown

#: Text is one value; as a column it would be taken apart.
_TEXT = (str, bytes, bytearray)


class Same:
    """Stands for a column that has this value in each row."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """One list per argument, all of one length."""

    columns: tuple[list[Any], ...]
    keywords: tuple[str, ...]  # the last so many are passed by these names

    def __iter__(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        positional = len(self.columns) - len(self.keywords)
        for row in zip(*self.columns, strict=True):
            yield row[:positional], dict(zip(self.keywords, row[positional:], strict=True))


def rows_of(name: str, bound: inspect.BoundArguments, given: Iterable[str], *, plain: bool) -> Rows:
    """Return the rows of a call's bound arguments; those not `given` are alike in all rows.

    plain: elements of NumPy's standard types may be Python's numbers. TypeError and ValueError,
    which name the task and the argument.
    """
    labels, columns, keywords = [], [], []
    explicit = set(given)
    for parameter in bound.signature.parameters.values():
        value = bound.arguments[parameter.name]
        items = [(parameter.name, value if parameter.name in explicit else Same(value))]
        if parameter.kind is parameter.VAR_POSITIONAL:
            items = [(f"{parameter.name}[{i}]", item) for i, item in enumerate(value)]
        elif parameter.kind is parameter.VAR_KEYWORD:
            items = list(value.items())
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            keywords += [label for label, _ in items]
        labels += [label for label, _ in items]
        columns += [
            item if isinstance(item, Same) else _listed(name, label, item, plain)
            for label, item in items
        ]
    length = _length(name, labels, columns)
    filled = (each if isinstance(each, list) else [each.value] * length for each in columns)
    return Rows(tuple(filled), tuple(keywords))


def _listed(name: str, label: str, column: Any, plain: bool) -> list[Any]:
    if isinstance(column, np.ndarray) and column.ndim == 1 and plain:
        if column.dtype.type in (np.float64, np.int64, np.bool_):
            return column.tolist()  # type: ignore[no-any-return]
    elif isinstance(column, _TEXT) or not isinstance(column, Iterable):
        raise TypeError(
            f"task {name}: argument {label!r} must be an iterable with an element per call, "
            f"not {shown(column)}"
        )
    return column if type(column) is list else list(column)


def _length(name: str, labels: list[str], columns: list[Any]) -> int:
    found = [
        (label, len(each))
        for label, each in zip(labels, columns, strict=True)
        if isinstance(each, list)
    ]
    if not found:
        raise TypeError(f"task {name}: submit_each needs at least one column")
    first, length = found[0]
    for label, other in found:
        if other != length:
            raise ValueError(
                f"task {name}: argument {label!r} has {other} elements, {first!r} has {length}"
            )
    return length
