"""Functions of Python that Numba lacks, or has with another meaning, written in Python.

They are compiled along like helpers of the user, so their integers are checked too. Where the
implementation depends on the type, `overloads.py` picks one of them. `bail_out` stops the kernel so
that Python answers: for what is rare, or would be long to write.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy


def bail_out() -> None:
    """Leave the kernel with STATUS_OVERFLOW; the lowering knows this function."""


def never() -> bool:
    """Return False, which no pass takes for a constant."""
    return False


def isinstance_of(x: Any) -> Any:
    """Return a value whose kind is looked at by isinstance."""
    return x


def any_of(values: Any) -> bool:
    for value in values:  # noqa: SIM110
        if value:
            return True
    return False


def all_of(values: Any) -> bool:
    for value in values:  # noqa: SIM110
        if not value:
            return False
    return True


def max_of(values: Any) -> Any:
    best = values[0] if len(values) else _nothing(values, True)
    for value in values:
        if value > best:
            best = value
    return best


def min_of(values: Any) -> Any:
    best = values[0] if len(values) else _nothing(values, False)
    for value in values:
        if value < best:
            best = value
    return best


def _nothing(values: Any, largest: bool) -> Any:
    bail_out()
    return values[0]


def frexp(x: float) -> tuple[float, int]:
    if x == 0 or not math.isfinite(x):
        return float(x), 0
    part, exponent = _frexp(float(x))
    return part, numpy.int64(exponent)


#: By a name of its own it is Numba's.
_frexp = math.frexp


def isqrt(n: int) -> int:
    if n < 0:
        bail_out()
    root = int(math.sqrt(n))
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def factorial(n: int) -> int:
    if n < 0:
        bail_out()
    product = 1
    for factor in range(2, n + 1):
        product *= factor
    return product


def comb(n: int, k: int) -> int:
    if n < 0 or k < 0:
        bail_out()
    if k > n:
        return 0
    k = min(k, n - k)
    result = 1
    for i in range(1, k + 1):
        result = result * (n - k + i) // i
    return result


def perm(n: int, k: int) -> int:
    if n < 0 or k < 0:
        bail_out()
    result = 1
    for i in range(k):
        result *= n - i
    return result


def power_modulo(base: int, exponent: int, modulus: int) -> int:
    if exponent < 0 or modulus == 0:
        bail_out()
    base %= modulus
    result = 1 % modulus
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base % modulus
        exponent //= 2
        if exponent > 0:
            base = base * base % modulus
    return result


def byte(number: Any) -> Any:
    """Return a number that bytes can hold."""
    if number < 0 or number > 255:
        bail_out()
    return number


def delete_item(values: Any, key: int) -> None:
    """Do `del values[key]` of a list."""
    place = key if key >= 0 else key + len(values)
    if place < 0 or place >= len(values):
        bail_out()
    values.pop(place)


def delete_slice(values: Any, start: int, stop: int) -> None:
    """Do `del values[start:stop]` of a list."""
    size = len(values)
    first = min(max(start if start >= 0 else start + size, 0), size)
    end = min(max(stop if stop >= 0 else stop + size, first), size)
    for place in range(first, size - end + first):
        values[place] = values[place + end - first]
    for _ in range(end - first):
        values.pop()


def delete_key(values: Any, key: Any) -> None:
    """Do `del values[key]` of a dict."""
    if key not in values:
        bail_out()
    values.pop(key)


def reversed_range(values: range) -> range:
    last = values.start + (len(values) - 1) * values.step
    return range(last, values.start - values.step, -values.step)


def leave_unless_it_fits(result: Any, target: Any) -> None:
    """Leave where a result of this shape cannot be written to an array of that one."""
    apart = len(target) - len(result)
    for i in range(len(result)):
        if result[i] != target[apart + i] and result[i] != 1:
            bail_out()


def squeezed(values: Any) -> Any:
    for length in values.shape:
        if length == 1:  # the result has fewer dimensions
            bail_out()
    return values


def count_in(values: Any, item: Any) -> int:
    if item != item:  # a NaN, which Python finds by its identity
        bail_out()
    return int(values.count(item))


def index_in(values: Any, item: Any) -> int:
    if item != item:
        bail_out()
    return int(values.index(item))


def quoted(text: str) -> str:
    """Write a text as `repr` does, if all it takes is a pair of quotes."""
    for character in text:
        code = ord(character)
        if code < 32 or code > 126 or code == 39 or code == 92:
            bail_out()
    return "'" + text + "'"


def bit_length(n: int) -> int:
    length, rest = 0, int(n)
    if rest > 0:
        rest = -rest  # the lowest number has no opposite
    while rest < 0:
        rest = (rest + 1) // 2
        length += 1
    return length


def is_integer(x: float) -> bool:
    return math.isfinite(x) and (abs(x) >= 2.0**52 or float(math.floor(x)) == x)


def character(n: int) -> str:
    if n < 0 or n > 0x10FFFF:
        bail_out()
    return chr(n)


def text_of_bool(x: bool) -> str:
    return "True" if x else "False"


def same_text(x: str) -> str:
    return x


def number_to_int(x: Any) -> int:
    return int(x)


def int_of_member(x: Any) -> Any:
    return x.value


def number_to_float(x: Any) -> float:
    return float(x)


def single_to_float(x: Any) -> Any:
    return numpy.float64(x)  # Numba's float(x) stays a float32


def sum_of_numbers(values: Any) -> Any:
    total = 0
    for value in values:
        total = total + value
    return total


def sum_from(values: Any, start: Any) -> Any:
    total = start
    for value in values:
        total = total + value
    return total


def sum_of_floats(values: Any) -> float:
    """Add floats as Python 3.12 and later do: with a compensation for what was rounded away."""
    if len(values) == 0:
        bail_out()
    return sum_of_floats_from(values, 0.0)


def sum_of_floats_from(values: Any, start: float) -> float:
    total, lost = start, 0.0
    for value in values:
        sum_ = total + value
        if abs(total) >= abs(value):
            lost += (total - sum_) + value
        else:
            lost += (value - sum_) + total
        total = sum_
    if lost != 0.0 and math.isfinite(lost):
        return total + lost
    return total


def listed(values: Any) -> Any:
    return [value for value in values]  # noqa: C416 -- as Numba takes it


def items_of_line(values: Any) -> Any:
    return [value for value in values]  # noqa: C416


def items_of_table(values: Any) -> Any:
    return [[value for value in row] for row in values]  # noqa: C416


def sum_of_viewed_floats(values: Any) -> float:
    return sum_of_floats(listed(values))


def max_viewed(values: Any) -> Any:
    return max_of(listed(values))


def min_viewed(values: Any) -> Any:
    return min_of(listed(values))


def sorted_viewed_floats(values: Any) -> Any:
    return sorted_floats(listed(values))


def sum_of_range(values: range) -> int:
    total = 0
    for value in values:
        total += value
    return total


def sorted_list(values: Any) -> Any:
    """Sort by merging runs of growing length, so that equal values keep their order."""
    source = [value for value in values]  # noqa: C416
    target = source.copy()
    width = 1
    while width < len(source):
        for start in range(0, len(source), 2 * width):
            middle = min(start + width, len(source))
            end = min(start + 2 * width, len(source))
            left, right = start, middle
            for index in range(start, end):
                if left < middle and (right >= end or not source[right] < source[left]):
                    target[index] = source[left]
                    left += 1
                else:
                    target[index] = source[right]
                    right += 1
        source, target = target, source
        width *= 2
    return source


def sorted_floats(values: Any) -> Any:
    """Leave the order of what has no order, a NaN among the values, to Python's own algorithm."""
    for value in values:
        if value != value:
            bail_out()
    return sorted_list(values)


def reversed_copy(values: Any) -> Any:
    return values[::-1]


#: Functions, by identity and number of arguments, with what is called instead.
CALLS: dict[tuple[Any, int], Callable[..., Any]] = {
    (any, 1): any_of,
    (all, 1): all_of,
}
