"""Running a task as Python that has run in part as compiled code and overwritten its arguments.

The second run writes what the first has written, so nobody sees that there were two: provided that
the function reads none of it by another of its arguments, which only the call shows.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy

#: How much `numpy.shares_memory` may try; beyond that two arrays count as overlapping.
EFFORT = 10_000


def repeated(
    function: Callable[..., Any], name: str, overwritten: Collection[int]
) -> Callable[..., Any]:
    """Return the function with a look at its arguments, where it overwrites some.

    overwritten: the numbers of the arguments that the task only writes to. OverflowError where one
    of these arrays has memory in common with another argument.
    """
    if not overwritten:
        return function

    @functools.wraps(function)
    def again(*arguments: Any) -> Any:
        if _overlap(arguments, overwritten):
            raise OverflowError(
                f"task {name}: a value does not fit compiled code, and Python cannot run the task "
                "again: an array that it writes to overlaps another argument"
            )
        return function(*arguments)

    return again


def _overlap(arguments: tuple[Any, ...], overwritten: Collection[int]) -> bool:
    arrays = [list(_arrays(each)) for each in arguments]
    return any(
        _share(left, right)
        for (i, some), (j, others) in itertools.combinations(enumerate(arrays), 2)
        if i in overwritten or j in overwritten
        for left, right in itertools.product(some, others)
    )


def _arrays(value: Any) -> Iterator[numpy.ndarray[Any, Any]]:
    if isinstance(value, numpy.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _arrays(each)


def _share(left: numpy.ndarray[Any, Any], right: numpy.ndarray[Any, Any]) -> bool:
    try:
        # NumPy takes any number; its stub knows two.
        return numpy.shares_memory(left, right, max_work=EFFORT)  # type: ignore[arg-type]
    except numpy.exceptions.TooHardError:
        return True
