"""What stands for an exception in a description whose parts are known at run time only.

The code that leaves writes three integers, and `backend/raise_error.py` makes the exception of
them. Numba is not imported here: to raise an exception must not need it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any


class Placed(Exception):
    """The exception of another description, at the line that called what left with it.

    The integers: the address of that description, and two zeros.
    """


class OutOfBounds(IndexError):
    """An index beyond an axis. The integers: index, length and number of the axis, or -1."""


class OtherMask(IndexError):
    """A mask of another length. The integers: the length of the axis, of the mask, the axis."""


class Called(Exception):
    """What Python raises for a function of at most three numbers, the integers.

    The arguments: the function, a letter for each number ("d": the integer has the bits of a float;
    "q": it is one), and what to say if Python raises nothing. With the letter "s" the bytes of the
    integers are the length of an ASCII text, and the text.
    """


#: Of texts: the longest, and the length of one that is longer or not ASCII.
LONGEST, TOO_LONG = 23, 255


def raised_by(
    function: Callable[..., Any], kinds: str, message: str, numbers: Sequence[int]
) -> tuple[type[Exception], tuple[Any, ...]]:
    """Return the class and the arguments of the exception that `Called` stands for."""
    packed = struct.pack("=3q", *numbers)
    if kinds == "s":
        if packed[0] == TOO_LONG:
            return OverflowError, (message,)
        values: tuple[Any, ...] = (packed[1 : 1 + packed[0]].decode("ascii"),)
    else:
        values = struct.unpack_from(f"={kinds}", packed)
    try:
        function(*values)
    except Exception as error:
        return type(error), error.args
    return OverflowError, (message,)


def words(stand_in: type[IndexError], numbers: tuple[int, int, int] | None) -> str:
    """Return NumPy's words; None: there was no memory for the numbers."""
    if numbers is None:
        return "index is out of bounds"
    first, second, axis = numbers
    if stand_in is OtherMask:
        return (
            f"boolean index did not match indexed array along axis {axis}; size of axis is "
            f"{first} but size of corresponding boolean axis is {second}"
        )
    where = "" if axis < 0 else f" axis {axis} with"
    return f"index {first} is out of bounds for{where} size {second}"
