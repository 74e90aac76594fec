"""One value of a task in its payload: an argument or the result.

Where the slots lie is decided in `backend/payload_layout.py`. Whether a Python value fits a slot is
for the packer to check: nothing here converts a value. Numba is not imported here.
"""

from __future__ import annotations

import dataclasses

#: The scalars that a Python value stands for by itself; all others are NumPy scalars.
PLAIN = frozenset("qd?DnO")

#: Those of them that NumPy has as well.
NUMPY_TOO = frozenset("qd?D")


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """One value in the payload. The three addresses are 0 for scalars."""

    name: str  # the parameter's name, or "return"
    code: str  # a code of CODES, or "O"
    offset: int  # bytes from the start of the payload
    numpy: bool  # the caller gets the NumPy scalar, not the Python one
    pack: int = 0  # int32_t pack(PyObject *value, void *slot): 0, or -1 with an exception set
    unpack: int = 0  # PyObject *unpack(void *slot): a new reference; empties the slot
    release: int = 0  # void release(void *slot): empties the slot


#: Returned by the entry when Python's answer would not fit the compiled types (an integer beyond
#: 64 bits, a power that is a fraction): a task without side effects is then run as Python.
STATUS_OVERFLOW = 2
#: The end of what an OverflowError says that is ours, not Python's.
NO_ANSWER = "does not fit compiled code"
