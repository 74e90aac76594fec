"""For which types of arguments a function is compiled, beside those of its hints; for which not."""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy

MOST_FOREIGN = 256  # combinations of classes that are remembered as never compiled for


def candidates(
    function: Any, found: Any, values: Sequence[Any], compiled: Collection[Any]
) -> Iterator[Any]:
    """Yield the types of some values, and while these do not compile others that fit the values.

    With constants in them, and where a hint allows None those of the values themselves.
    compiled: the types that have compiled, up to date when the next are asked for.
    """
    from ..compile import with_constants, without_optionals

    narrow = without_optionals(found, values)
    for each in (found,) if narrow is None else (found, narrow):
        yield each
        if each in compiled:
            return
        constants = with_constants(function, each, values)
        if constants is not None:
            yield constants
            if constants in compiled:
                return


#: What classes of the user's inherit from that code may be compiled for.
_TYPED = (
    int, float, complex, str, bytes, tuple, list, dict, set, frozenset, collections.deque,
    enum.Enum, types.FunctionType, numpy.generic, numpy.ndarray,
)  # fmt: skip
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def is_foreign(value: Any) -> bool:
    """Tell whether no instance of the value's class is ever compiled for, whatever it holds."""
    kind = type(value)
    made_by_statement = kind.__flags__ & _HEAP_TYPE and "__module__" in vars(kind)
    return bool(
        made_by_statement and not issubclass(kind, _TYPED) and not dataclasses.is_dataclass(kind)
    )
