"""Functions of `itertools` and `bisect`, as generators and loops that are compiled along.

What they are given is copied first, as Python does where it goes over it more than once. The
lengths of what is yielded are part of the names, since compiled code has tuples of known length.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from catzilla_jit.compile.library.builtin_functions import bail_out


def product_2(first: Any, second: Any) -> Iterator[Any]:
    left, right = [x for x in first], [y for y in second]  # noqa: C416 -- as Numba takes it
    for x in left:
        for y in right:
            yield x, y


def product_3(first: Any, second: Any, third: Any) -> Iterator[Any]:
    left = [x for x in first]  # noqa: C416
    middle, right = [y for y in second], [z for z in third]  # noqa: C416
    for x in left:
        for y in middle:
            for z in right:
                yield x, y, z


def repeated_2(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for x in pool:
        for y in pool:
            yield x, y


def repeated_3(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for x in pool:
        for y in pool:
            for z in pool:
                yield x, y, z


def combinations_2(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(len(pool)):
        for j in range(i + 1, len(pool)):
            yield pool[i], pool[j]


def combinations_3(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(len(pool)):
        for j in range(i + 1, len(pool)):
            for k in range(j + 1, len(pool)):
                yield pool[i], pool[j], pool[k]


def replaced_2(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(len(pool)):
        for j in range(i, len(pool)):
            yield pool[i], pool[j]


def permutations_2(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(len(pool)):
        for j in range(len(pool)):
            if i != j:
                yield pool[i], pool[j]


def permutations_3(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(len(pool)):
        for j in range(len(pool)):
            if i != j:
                for k in range(len(pool)):
                    if k not in (i, j):
                        yield pool[i], pool[j], pool[k]


def pairwise(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    for i in range(1, len(pool)):
        yield pool[i - 1], pool[i]


def accumulate(values: Any) -> Iterator[Any]:
    pool = [x for x in values]  # noqa: C416
    if len(pool) > 0:
        total = pool[0]
        yield total
        for i in range(1, len(pool)):
            total = total + pool[i]
            yield total


def chain(first: Any, second: Any) -> Iterator[Any]:
    left, right = [x for x in first], [y for y in second]  # noqa: C416
    for x in left:  # noqa: UP028 -- as Numba takes it
        yield x
    for y in right:  # noqa: UP028
        yield y


def chain_of(rows: Any) -> Iterator[Any]:
    for row in rows:
        for x in row:  # noqa: UP028
            yield x


def count(start: Any, step: Any) -> Iterator[Any]:
    n = start
    while True:
        yield n
        n = n + step


def bisect_left(values: Any, x: Any) -> int:
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


def bisect_right(values: Any, x: Any) -> int:
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if x < values[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def insort_left(values: Any, x: Any) -> None:
    values.insert(bisect_left(values, x), x)


def insort_right(values: Any, x: Any) -> None:
    values.insert(bisect_right(values, x), x)


def columns(rows: Any) -> Any:
    """Return the columns of rows, as many as the shortest row has."""
    made = []
    if len(rows) > 0:
        shortest = len(rows[0])
        for row in rows:
            shortest = min(shortest, len(row))
        for place in range(shortest):
            made.append([row[place] for row in rows])
    return made


def merged(first: Any, second: Any) -> Any:
    """Return `{**first, **second}`."""
    found = {}
    for key, value in first.items():
        found[key] = value
    for key, value in second.items():
        found[key] = value
    return found


def distinct(values: Any) -> Any:
    """Return the keys of `dict.fromkeys(values)`."""
    found = {}
    for x in values:
        found[x] = True
    return [x for x in found]  # noqa: C416


def groups(values: Any) -> Iterator[Any]:
    """Yield each item that begins a run of equal ones, with these."""
    pool = [x for x in values]  # noqa: C416
    i = 0
    while i < len(pool):
        key = pool[i]
        if key != key:  # a NaN, which Python finds equal if it is the same object
            bail_out()
        group = [key]
        i += 1
        while i < len(pool) and pool[i] == key:
            group.append(pool[i])
            i += 1
        yield key, group


def keyed_groups(pairs: Any) -> Iterator[Any]:
    """Yield the keys of runs of pairs with equal ones, with what else is in the pairs."""
    i = 0
    while i < len(pairs):
        key, value = pairs[i]
        if key != key:
            bail_out()
        group = [value]
        i += 1
        while i < len(pairs) and pairs[i][0] == key:
            group.append(pairs[i][1])
            i += 1
        yield key, group


def same_length(values: Any, others: Any) -> Any:
    """Return the first of two; leave the kernel if they are not of one length."""
    if len(values) != len(others):
        bail_out()
    return values


#: Functions by the number of their positional arguments.
CALLS: dict[tuple[Any, int], Callable[..., Any]] = {
    (itertools.product, 2): product_2,
    (itertools.product, 3): product_3,
    (itertools.accumulate, 1): accumulate,
    (itertools.chain, 2): chain,
    (itertools.chain.from_iterable, 1): chain_of,
    (bisect.bisect_left, 2): bisect_left,
    (bisect.bisect_right, 2): bisect_right,
    (bisect.insort_left, 2): insort_left,
    (bisect.insort_right, 2): insort_right,
}
if hasattr(itertools, "pairwise"):
    CALLS[itertools.pairwise, 1] = pairwise

#: Functions of values and a constant length.
OF_LENGTH: dict[tuple[Any, int], Callable[..., Any]] = {
    (itertools.combinations, 2): combinations_2,
    (itertools.combinations, 3): combinations_3,
    (itertools.combinations_with_replacement, 2): replaced_2,
    (itertools.permutations, 2): permutations_2,
    (itertools.permutations, 3): permutations_3,
}
#: The same for `product(values, repeat=n)`.
REPEATED = {2: repeated_2, 3: repeated_3}
