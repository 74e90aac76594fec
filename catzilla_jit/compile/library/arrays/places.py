"""Where numbers are among sorted ones, and what lies between: `searchsorted`, `digitize`, `interp`.

The steps are those of NumPy's C code, so that lines that are not sorted have its answer, too.
Compiled along like the functions of `library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out

#: The distance in which NumPy looks again from where it found the last number.
NEAR = 8


def less(first: Any, second: Any) -> bool:
    """Compare as NumPy sorts: NaN is the largest."""
    return first < second or (second != second and first == first)


def search_left(line: Any, number: Any, begin: int, end: int) -> int:
    while begin < end:
        middle = begin + ((end - begin) >> 1)
        if less(line[middle], number):
            begin = middle + 1
        else:
            end = middle
    return begin


def search_right(line: Any, number: Any, begin: int, end: int) -> int:
    while begin < end:
        middle = begin + ((end - begin) >> 1)
        if less(number, line[middle]):
            end = middle
        else:
            begin = middle + 1
    return begin


def place_left(line: Any, number: Any) -> int:
    return search_left(line, number, 0, len(line))


def place_right(line: Any, number: Any) -> int:
    return search_right(line, number, 0, len(line))


def places_left(line: Any, numbers: Any) -> Any:
    """Search each number; from where the last was found if it is not before that."""
    found = numpy.empty(len(numbers), numpy.int64)
    begin, end = 0, 0
    for i in range(len(numbers)):
        if i > 0 and less(numbers[i - 1], numbers[i]):
            end = len(line)
        else:
            begin = 0
            end = end + 1 if i > 0 and end < len(line) else len(line)
        begin = search_left(line, numbers[i], begin, end)
        end = begin
        found[i] = begin
    return found


def places_right(line: Any, numbers: Any) -> Any:
    found = numpy.empty(len(numbers), numpy.int64)
    begin, end = 0, 0
    for i in range(len(numbers)):
        if i > 0 and not less(numbers[i], numbers[i - 1]):
            end = len(line)
        else:
            begin = 0
            end = end + 1 if i > 0 and end < len(line) else len(line)
        begin = search_right(line, numbers[i], begin, end)
        end = begin
        found[i] = begin
    return found


def is_sorted(line: Any) -> bool:
    for i in range(1, len(line)):  # noqa: SIM110
        if not line[i - 1] <= line[i]:
            return False
    return True


def digitized(numbers: Any, bins: Any) -> Any:
    if not is_sorted(bins):
        bail_out()
    return places_right(bins, numbers)


def digitized_from_right(numbers: Any, bins: Any) -> Any:
    if not is_sorted(bins):
        bail_out()
    return places_left(bins, numbers)


def guessed_place(number: float, line: Any, guess: int) -> int:
    """Return the last item that is not greater, -1 where all are; from near a guess."""
    count = len(line)
    if number > line[count - 1]:
        return count
    if number < line[0]:
        return -1
    if count <= 4:
        i = 1
        while i < count and number >= line[i]:
            i += 1
        return i - 1
    if guess > count - 3:  # without functions for it, which were to be compiled
        guess = count - 3
    if guess < 1:
        guess = 1
    begin, end = 0, count
    if number < line[guess]:
        if number >= line[guess - 1]:
            return guess - 1
        end = guess - 1
        if guess > NEAR and number >= line[guess - NEAR]:
            begin = guess - NEAR
    else:
        if number < line[guess + 1]:
            return guess
        if number < line[guess + 2]:
            return guess + 1
        begin = guess + 2
        if guess < count - NEAR - 1 and number < line[guess + NEAR]:
            end = guess + NEAR
    while begin < end:
        middle = begin + ((end - begin) >> 1)
        if number >= line[middle]:
            begin = middle + 1
        else:
            end = middle
    return begin - 1


def interpolated(number: float, xs: Any, ys: Any) -> float:
    line = numpy.empty(1)
    line[0] = number
    return interpolated_line(line, xs, ys)[0]


def interpolated_line(numbers: Any, xs: Any, ys: Any) -> Any:
    count = len(xs)
    if count == 0 or count != len(ys):
        bail_out()
    found = numpy.empty(len(numbers))
    last = numpy.zeros(1, numpy.int64)  # a constant would make a form of `guessed_place` of its own
    for i in range(len(numbers)):
        number = 1.0 * numbers[i]
        if count == 1:
            found[i] = ys[0]
            continue
        if number != number:
            found[i] = number
            continue
        place = guessed_place(number, xs, last[0])
        last[0] = place
        if place == -1:
            found[i] = ys[0]
            continue
        if place >= count - 1:
            found[i] = ys[count - 1]
            continue
        if xs[place] == number:
            found[i] = ys[place]
            continue
        slope = (ys[place + 1] - ys[place]) / (xs[place + 1] - xs[place])
        found[i] = slope * (number - xs[place]) + ys[place]
        if found[i] != found[i]:
            found[i] = slope * (number - xs[place + 1]) + ys[place + 1]
            if found[i] != found[i] and ys[place] == ys[place + 1]:
                found[i] = ys[place]
    return found


def counted(numbers: Any) -> Any:
    """Count how often each number from 0 occurs, as `numpy.bincount` does."""
    most = -1
    for number in numbers:
        if number < 0 or number > 1 << 32:
            bail_out()
        most = max(most, number)
    found = numpy.zeros(most + 1, numpy.int64)
    for number in numbers:
        found[number] += 1
    return found


def counted_up_to(numbers: Any, least: int) -> Any:
    """Count with so many numbers at least."""
    if least < 0 or least > 1 << 32:
        bail_out()
    found = counted(numbers)
    if len(found) >= least:
        return found
    wider = numpy.zeros(least, numpy.int64)
    for i in range(len(found)):
        wider[i] = found[i]
    return wider
