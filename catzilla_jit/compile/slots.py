"""Where each value lies in the payload, and which scalar it is.

The result comes first, at offset 0, then the arguments in order, each at its natural
alignment; the payload itself starts at a multiple of 8. Whether a Python value fits a slot is
for the packer to check: nothing here converts a value.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from numba.core import types

#: One character per scalar: struct-module letters, `F` and `D` as in NumPy, `n` for None.
CODES: dict[types.Type, tuple[str, int, int]] = {  # type -> (code, size, alignment)
    types.int8: ("b", 1, 1),
    types.int16: ("h", 2, 2),
    types.int32: ("i", 4, 4),
    types.int64: ("q", 8, 8),
    types.uint8: ("B", 1, 1),
    types.uint16: ("H", 2, 2),
    types.uint32: ("I", 4, 4),
    types.uint64: ("Q", 8, 8),
    types.float32: ("f", 4, 4),
    types.float64: ("d", 8, 8),
    types.boolean: ("?", 1, 1),
    types.complex64: ("F", 8, 4),
    types.complex128: ("D", 16, 8),
    types.none: ("n", 0, 1),
}

#: The scalars that a Python value stands for by itself; all others are NumPy scalars.
PLAIN = frozenset("qd?Dn")


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """One value in the payload."""

    name: str  # the parameter's name, or "return"
    code: str  # a value of CODES
    offset: int  # bytes from the start of the payload
    numpy: bool  # the caller gets the NumPy scalar, not the Python one


def is_scalar(type_: types.Type) -> bool:
    """Tell whether a value of this Numba type has a code."""
    return type_ in CODES


def lay_out(named: Sequence[tuple[str, types.Type]]) -> tuple[tuple[Slot, ...], int]:
    """Place the values one after the other; return the slots and the size in bytes."""
    slots = []
    end = 0
    for name, type_ in named:
        code, size, alignment = CODES[type_]
        offset = -(-end // alignment) * alignment
        slots.append(Slot(name, code, offset, code not in PLAIN))
        end = offset + size
    return tuple(slots), end
