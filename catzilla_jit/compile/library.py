"""Functions of Python that Numba lacks, or has with another meaning, written in Python.

They are compiled along like helpers of the user, so their integers are checked too. Where the
implementation depends on the type, `choices.py` picks one of them. `leave` stops the kernel so
that Python answers: for what is rare, or would be long to write.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy


def leave() -> None:
    """Leave the kernel with STATUS_OVERFLOW; the lowering knows this function."""


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
    leave()
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
        leave()
    root = int(math.sqrt(n))
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def factorial(n: int) -> int:
    if n < 0:
        leave()
    product = 1
    for factor in range(2, n + 1):
        product *= factor
    return product


def comb(n: int, k: int) -> int:
    if n < 0 or k < 0:
        leave()
    if k > n:
        return 0
    k = min(k, n - k)
    result = 1
    for i in range(1, k + 1):
        result = result * (n - k + i) // i
    return result


def perm(n: int, k: int) -> int:
    if n < 0 or k < 0:
        leave()
    result = 1
    for i in range(k):
        result *= n - i
    return result


def power_modulo(base: int, exponent: int, modulus: int) -> int:
    if exponent < 0 or modulus == 0:
        leave()
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
        leave()
    return number


def _digits_of(n: int, base: int, prefix: str) -> str:
    if n == 0:
        return prefix + "0"
    rest = abs(n)
    text = ""
    while rest > 0:
        text = "0123456789abcdef"[rest % base] + text
        rest //= base
    return ("-" if n < 0 else "") + prefix + text


def bin_of(n: int) -> str:
    return _digits_of(n, 2, "0b")


def oct_of(n: int) -> str:
    return _digits_of(n, 8, "0o")


def hex_of(n: int) -> str:
    return _digits_of(n, 16, "0x")


def reversed_range(values: range) -> range:
    last = values.start + (len(values) - 1) * values.step
    return range(last, values.start - values.step, -values.step)


def count_in(values: Any, item: Any) -> int:
    if item != item:  # a NaN, which Python finds by its identity
        leave()
    return int(values.count(item))


def index_in(values: Any, item: Any) -> int:
    if item != item:
        leave()
    return int(values.index(item))


def quoted(text: str) -> str:
    """Write a text as `repr` does, if all it takes is a pair of quotes."""
    for character in text:
        code = ord(character)
        if code < 32 or code > 126 or code == 39 or code == 92:
            leave()
    return "'" + text + "'"


#: What Python strips around a number, of ASCII; numbers beside other blanks Python reads.
BLANKS = " \t\n\r\v\f"


def int_from_text(text: str) -> int:
    """Read a decimal integer; Python itself reads what has signs of another script, or is wrong."""
    text = text.strip(BLANKS)
    start = 1 if text[:1] in ("-", "+") else 0
    if len(text) == start:
        leave()
    value = 0
    for index in range(start, len(text)):
        digit = ord(text[index]) - 48
        if digit < 0 or digit > 9:
            leave()
        value = value * 10 + digit
    return -value if text[:1] == "-" else value


def int_in_base(text: str, base: int) -> int:
    """Read an integer of ASCII digits, with the base's own prefix; Python reads the others."""
    if base < 2 or base > 36:
        leave()
    text = text.strip(BLANKS)
    start = 1 if text[:1] in ("-", "+") else 0
    prefix = text[start : start + 2]
    if prefix in ("0x", "0X", "0b", "0B", "0o", "0O") and base == _base_of(ord(prefix[1])):
        start += 2
    if len(text) == start:
        leave()
    value = 0
    for index in range(start, len(text)):
        digit = _digit(ord(text[index]))
        if digit < 0 or digit >= base:
            leave()
        value = value * base + digit
    return -value if text[:1] == "-" else value


def _base_of(letter: int) -> int:
    if letter in (88, 120):
        return 16
    return 8 if letter in (79, 111) else 2


def _digit(code: int) -> int:
    if 48 <= code <= 57:
        return code - 48
    if 97 <= code <= 122:
        return code - 87
    return code - 55 if 65 <= code <= 90 else -1


def float_from_text(text: str) -> float:
    """Read a decimal whose digits and power of ten are both exact floats; others Python reads."""
    text = text.strip(BLANKS)
    negative = text[:1] == "-"
    mantissa, digits, places, point = 0, 0, 0, False
    for index in range(1 if text[:1] in ("-", "+") else 0, len(text)):
        if text[index] == "." and not point:
            point = True
            continue
        digit = ord(text[index]) - 48
        if digit < 0 or digit > 9 or digits >= 15:
            leave()
        mantissa = mantissa * 10 + digit
        digits += 1
        places += 1 if point else 0
    if digits == 0:
        leave()
    value = float(mantissa) / float(10**places)
    return -value if negative else value


def text_of_float(x: float) -> str:
    """Write a float that has at most 15 digits and no exponent; others Python writes."""
    if x == 0.0 or not 1e-4 <= abs(x) < 1e15:
        if x == 0.0 and math.copysign(1.0, x) > 0.0:
            return "0.0"
        leave()
    scale, places = 1.0, 1
    for _ in range(16):
        scale *= 10.0
        scaled = round(abs(x) * scale)
        if scaled >= 1000000000000000:
            break
        if float(scaled) / scale == abs(x):
            return ("-" if x < 0.0 else "") + _with_point(scaled, places)
        places += 1
    leave()
    return ""


def _with_point(digits: int, places: int) -> str:
    text = str(digits)
    while len(text) <= places:
        text = "0" + text
    return text[: len(text) - places] + "." + text[len(text) - places :]


def character(n: int) -> str:
    if n < 0 or n > 0x10FFFF:
        leave()
    return chr(n)


def text_of_bool(x: bool) -> str:
    return "True" if x else "False"


def same_text(x: str) -> str:
    return x


def text_of_int(x: int) -> str:
    return str(x)


def number_to_int(x: Any) -> int:
    return int(x)


def number_to_float(x: Any) -> float:
    return float(x)


def sum_of_numbers(values: Any) -> Any:
    total = 0
    for value in values:
        total = total + value
    return total


def sum_of_floats(values: Any) -> float:
    """Add floats as Python 3.12 and later do: with a compensation for what was rounded away."""
    if len(values) == 0:
        leave()
    total, lost = 0.0, 0.0
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
            leave()
    return sorted_list(values)


def reversed_copy(values: Any) -> Any:
    return values[::-1]


def isdigit(text: str) -> bool:
    return bool(text.isdigit())


def isalpha(text: str) -> bool:
    return bool(text.isalpha())


def isalnum(text: str) -> bool:
    return bool(text.isalnum())


def isdecimal(text: str) -> bool:
    return bool(text.isdecimal())


def isnumeric(text: str) -> bool:
    return bool(text.isnumeric())


def isspace(text: str) -> bool:
    return bool(text.isspace())


def isupper(text: str) -> bool:
    return bool(text.isupper())


def islower(text: str) -> bool:
    return bool(text.islower())


def istitle(text: str) -> bool:
    return bool(text.istitle())


def isidentifier(text: str) -> bool:
    return bool(text.isidentifier())


def isprintable(text: str) -> bool:
    return bool(text.isprintable())


def isascii(text: str) -> bool:
    return bool(text.isascii())


def replace(text: str, old: str, new: str) -> str:
    if len(old) == 0:
        leave()
    return text.replace(old, new)


#: Methods of strings, by name and number of arguments, that Numba answers otherwise.
METHODS: dict[tuple[str, int], Callable[..., Any]] = {
    **{
        (function.__name__, 0): function
        for function in (
            isdigit, isalpha, isalnum, isdecimal, isnumeric, isspace, isupper, islower, istitle,
            isidentifier, isprintable, isascii,
        )
    },
    ("replace", 2): replace,
}  # fmt: skip

#: Functions, by identity and number of arguments, with what is called instead.
CALLS: dict[tuple[Any, int], Callable[..., Any]] = {
    (any, 1): any_of,
    (all, 1): all_of,
    (pow, 3): power_modulo,
    (bin, 1): bin_of,
    (oct, 1): oct_of,
    (hex, 1): hex_of,
}
