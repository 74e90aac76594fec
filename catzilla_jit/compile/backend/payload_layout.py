"""Where each value lies in the payload, and what it is.

The result comes first, at offset 0, then the arguments in order, each at its natural alignment;
the payload itself starts at a multiple of 8. A scalar has a code of its own and is packed by the
runtime; everything else has the code `O` and brings the functions that pack and unpack it
(`boxing.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Sequence

from numba.core import types

from catzilla_jit.compile.slots import PLAIN, Slot
from catzilla_jit.compile.target.context import TaskContext

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


def is_scalar(type_: types.Type) -> bool:
    """Tell whether a value of this Numba type has a code of its own."""
    return types.unliteral(type_) in CODES


def measure(context: TaskContext, type_: types.Type) -> tuple[str, int, int]:
    """Return code, size and alignment of a value in memory, in bytes."""
    if is_scalar(type_):
        return CODES[types.unliteral(type_)]
    if isinstance(type_, types.Record):  # its address
        return "O", 8, 8
    stored = context.get_data_type(type_)
    return "O", context.get_abi_sizeof(stored), context.get_abi_alignment(stored)


def lay_out(
    context: TaskContext, named: Sequence[tuple[str, types.Type]]
) -> tuple[tuple[Slot, ...], int]:
    """Place the values one after the other; return the slots and the size in bytes."""
    slots = []
    end = 0
    for name, type_ in named:
        code, size, alignment = measure(context, type_)
        offset = -(-end // alignment) * alignment
        slots.append(Slot(name, code, offset, code not in PLAIN))
        end = offset + size
    return tuple(slots), end
