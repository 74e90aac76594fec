"""Arguments: values at the edges of each type, and some that do not fit it.

`make(type, random)` gives an equal value, sharing nothing, for an equal state of `random`: the
two sides of a comparison are each handed their own.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

LOW, HIGH = -(2**63), 2**63 - 1
INTS = (
    0, 1, 2, 3, 5, 7, 10, 100, -1, -2, -3, -7, 2**31, -(2**31), 2**32, 2**53, 2**53 + 1, 2**62,
    LOW, LOW + 1, HIGH - 1, HIGH,
)  # fmt: skip
FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 3.0, 10.0, 1e16, -1e16, 2.0**53, 2.0**63,
    1e308, -1e308, 5e-324, 1e-300, 2.675, 709.0, 710.0, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
TEXTS = (
    "", "a", "b", " ", "abc", "Hello World", "12", "-7", "1.5", "nan", "a,b,,c", "  x  ", "ß",
    "é", "日本", "\U0001f600!", "aAbB", "0", "abcabc", "\n", "a\tb c", "1_0", "ǅ",
)  # fmt: skip
#: Dtypes by the name of an array's type.
DTYPES = ("f8", "i8", "b1", "c16", "f4", "i4", "u1", "u8", "i2", "f2")


def integer(draw: random.Random) -> int:
    chosen = draw.random()
    if chosen < 0.5:
        return draw.randint(-4, 12)
    return draw.choice(INTS) if chosen < 0.9 else draw.randint(LOW, HIGH)


def real(draw: random.Random) -> float:
    chosen = draw.random()
    if chosen < 0.5:
        return draw.choice(FLOATS)
    return draw.randint(-40, 40) / 8 if chosen < 0.8 else draw.uniform(-1000, 1000)


def text(draw: random.Random) -> str:
    if draw.random() < 0.6:
        return draw.choice(TEXTS)
    return "".join(draw.choice("abAB01 ,.-é") for _ in range(draw.randint(0, 9)))


def _size(draw: random.Random) -> int:
    return draw.choice((0, 1, 1, 2, 3, 4, 5, 9))


def make(kind: str, draw: random.Random) -> Any:
    """Return a value of a type; see `grammar.PARAMETERS` for their names."""
    if kind.endswith(" | None"):
        return None if draw.random() < 0.3 else make(kind.removesuffix(" | None"), draw)
    if kind.startswith("array"):
        return _array(kind, draw)
    outer, _, inner = kind.partition("[")
    parts = inner.removesuffix("]").split(", ")
    if outer == "list":
        return [make(inner.removesuffix("]"), draw) for _ in range(_size(draw))]
    if outer == "set":
        return {make(parts[0], draw) for _ in range(_size(draw))}
    if outer == "dict":
        return {make(parts[0], draw): make(parts[1], draw) for _ in range(_size(draw))}
    if outer == "tuple":
        return tuple(make(part, draw) for part in parts)
    return _scalar(kind, draw)


def _scalar(kind: str, draw: random.Random) -> Any:
    odd = draw.random() < 0.03  # what does not fit
    if kind == "int":
        return draw.choice((2**70, True, 2.0, np.int64(integer(draw)))) if odd else integer(draw)
    if kind == "float":
        return draw.choice((3, 2**60 + 1, False, np.float64(real(draw)))) if odd else real(draw)
    if kind == "bool":
        return draw.random() < 0.5
    if kind == "complex":
        return complex(real(draw), real(draw))
    if kind == "bytes":
        return text(draw).encode()
    assert kind == "str", kind
    return text(draw)


def _array(kind: str, draw: random.Random) -> np.ndarray[Any, Any]:
    """Return an array of `array DTYPE DIMENSIONS`, in one of the layouts that arrays have."""
    _, dtype, dimensions = kind.split()
    shape = [_size(draw) for _ in range(int(dimensions))]
    made = np.array([_item(dtype, draw) for _ in range(int(np.prod(shape)))], dtype)
    made = made.reshape(shape)
    layout = draw.choice(("C", "C", "C", "F", "strided", "reversed", "read-only", "unaligned"))
    if layout == "F":
        made = np.asfortranarray(made)
    elif layout == "strided":
        wide = np.zeros([2 * size for size in shape], dtype)
        wide[tuple(slice(None, None, 2) for _ in shape)] = made
        made = wide[tuple(slice(None, None, 2) for _ in shape)]
    elif layout == "reversed":
        made = made[::-1]
    elif layout == "read-only":
        made.flags.writeable = False
    elif layout == "unaligned":
        room = np.zeros(made.nbytes + 1, np.uint8)
        moved = room[1:].view(dtype).reshape(shape)
        moved[...] = made
        made = moved
    return made


def _item(dtype: str, draw: random.Random) -> Any:
    if dtype == "b1":
        return draw.random() < 0.5
    if dtype[0] in "iu":
        limits = np.iinfo(dtype)
        ends = (int(limits.min), int(limits.max), 0, 1)
        return draw.choice(ends) if draw.random() < 0.2 else draw.randint(0, 100)
    if dtype[0] == "c":
        return complex(real(draw), real(draw))
    with np.errstate(over="ignore"):
        return np.dtype(dtype).type(real(draw))
