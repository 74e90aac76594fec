"""What the runtime knows of a compiled function: addresses, slots, and what fits them.

`Compiled` is the seam to the compile stage, which satisfies it without importing it.
`exact` is the one rule for arguments: a value is taken if the slot holds it exactly,
and refused otherwise; nothing is rounded, wrapped or parsed. The binding applies the
same rule to plain Python numbers in C (scalar.c); this is for everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import described, shown


class SlotLike(Protocol):
    """One value of a payload."""

    @property
    def name(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def numpy(self) -> bool: ...
    @property
    def pack(self) -> int: ...
    @property
    def unpack(self) -> int: ...
    @property
    def release(self) -> int: ...


class Compiled(Protocol):
    """A compiled function: see `catzilla_jit.compile` for the meaning of each member."""

    @property
    def name(self) -> str: ...
    @property
    def entry(self) -> int: ...
    @property
    def payload_size(self) -> int: ...
    @property
    def result(self) -> SlotLike: ...
    @property
    def arguments(self) -> Sequence[SlotLike]: ...
    @property
    def interruptible(self) -> bool: ...
    def chunk(self, pattern: str) -> int: ...
    def known_chunk(self, pattern: str) -> int | None: ...
    def raise_error(self, status: int, error: int) -> Any: ...


class Scalar(NamedTuple):
    """How a slot code is called and stored; `dtype` None: no bytes."""

    python: str
    dtype: np.dtype[Any] | None


SCALARS = {
    "d": Scalar("float", np.dtype(np.float64)),
    "f": Scalar("numpy.float32", np.dtype(np.float32)),
    "q": Scalar("int (64 bits)", np.dtype(np.int64)),
    "i": Scalar("numpy.int32", np.dtype(np.int32)),
    "h": Scalar("numpy.int16", np.dtype(np.int16)),
    "b": Scalar("numpy.int8", np.dtype(np.int8)),
    "Q": Scalar("numpy.uint64", np.dtype(np.uint64)),
    "I": Scalar("numpy.uint32", np.dtype(np.uint32)),
    "H": Scalar("numpy.uint16", np.dtype(np.uint16)),
    "B": Scalar("numpy.uint8", np.dtype(np.uint8)),
    "?": Scalar("bool", np.dtype(np.bool_)),
    "D": Scalar("complex", np.dtype(np.complex128)),
    "F": Scalar("numpy.complex64", np.dtype(np.complex64)),
    "n": Scalar("None", None),
}

_EXACT_IN_FLOAT64 = 2**53


class Unfit(Exception):
    """A value that a slot does not hold exactly; the text completes 'argument x ...'.

    Most often nobody reads the text, since the call then runs as Python. So the value, whose repr
    may take long, is described when the text is asked for.
    """

    def __init__(self, text: str, kind: type[Exception] = TypeError, **odd: Any) -> None:
        super().__init__(text)
        self.kind = kind
        self.parameter: str | None = None
        self._odd = odd  # value=...: what is wrong; number=...: whose type is not

    def __str__(self) -> str:
        text: str = self.args[0]
        for what, value in self._odd.items():
            text += shown(value) if what == "number" else described(value)
        return text if self.parameter is None else f"{self.parameter!r} {text}"


def _integer(code: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise Unfit(f"must be {SCALARS[code].python}, not ", value=value)
    number = int(value)
    dtype = SCALARS[code].dtype
    assert dtype is not None
    limits = np.iinfo(dtype)
    if not limits.min <= number <= limits.max:
        text = f"must be between {limits.min} and {limits.max}, not "
        raise Unfit(text, OverflowError, number=number)
    return number


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _floating(code: str, value: Any) -> float:
    if not _is_number(value):
        raise Unfit(f"must be {SCALARS[code].python}, not ", value=value)
    if isinstance(value, (int, np.integer)) and abs(int(value)) > _EXACT_IN_FLOAT64:
        raise Unfit(f"has no exact {SCALARS[code].python}: ", OverflowError, value=value)
    number = float(value)
    if code == "f" and number == number and float(np.float32(number)) != number:
        raise Unfit("has no exact numpy.float32: ", OverflowError, value=value)
    return number


def _complex(code: str, value: Any) -> complex:
    if not isinstance(value, (complex, np.complexfloating)):
        return complex(_floating("f" if code == "F" else "d", value))
    number = complex(value)
    if code == "F" and number == number and complex(np.complex64(number)) != number:
        raise Unfit("has no exact numpy.complex64: ", OverflowError, value=value)
    return number


def exact(code: str, value: Any) -> Any:
    """Return the plain Python value that a slot of this code stores for `value`, or raise Unfit."""
    if code in "df":
        return _floating(code, value)
    if code in "DF":
        return _complex(code, value)
    if code == "?":
        if not isinstance(value, (bool, np.bool_)):
            raise Unfit("must be bool, not ", value=value)
        return bool(value)
    if code == "n":
        if value is not None:
            raise Unfit("must be None, not ", value=value)
        return None
    return _integer(code, value)


#: What Python's own numbers are, and what counts as one where compilation is asked for.
_OWN: dict[str, tuple[type, ...]] = {
    "d": (float, np.float64),
    "q": (int, np.int64),
    "?": (bool, np.bool_),
    "D": (complex, np.complex128),
}


def argument_class(slot: SlotLike) -> type[Any] | None:
    """Return the class of the numbers that Python computes with as the slot's code does.

    Not that of an int in the place of a float, nor numpy.float64 in the place of a float, though
    `exact` converts them. None where another class makes no difference, or there is no number.
    """
    dtype = SCALARS[slot.code].dtype if slot.code in SCALARS else None
    if slot.numpy:
        return dtype.type if dtype is not None else None
    return _OWN[slot.code][0] if slot.code in _OWN else None


def is_exactly(slot: SlotLike, value: Any) -> bool:
    """Tell whether a value is of the class that a slot's code computes with."""
    wanted = argument_class(slot)
    return wanted is None or type(value) is wanted


def counts_as(slot: SlotLike, value: Any) -> bool:
    """Tell whether a value may stand for the slot's own numbers: numpy.float64 for a float."""
    own = _OWN.get(slot.code)
    return own is None or type(value) in own


def is_foreign(dtype: np.dtype[Any]) -> bool:
    """Tell whether an array's numbers are of a type of NumPy's that Python has no number for."""
    return dtype.kind in "iufc" and not any(dtype.type in own for own in _OWN.values())


def exact_array(code: str, value: Any, *, any_number: bool = True) -> np.ndarray[Any, Any]:
    """Return an array of the slot's dtype with exactly the values of `value`, or raise Unfit.

    An array that has the dtype already is returned as it is, not copied. Without `any_number`
    one that `is_foreign` is not taken for another: NumPy computes otherwise with its numbers. Nor
    are real numbers for complex ones.
    """
    dtype = SCALARS[code].dtype
    if dtype is None:
        raise Unfit("is None in every call and cannot be mapped over")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise Unfit(f"is not rectangular: {error}", ValueError) from error
    if array.dtype == dtype and array.dtype.isnative:
        return array
    if array.size == 0:
        return array.astype(dtype)
    foreign = is_foreign(array.dtype) or (dtype.kind == "c") != (array.dtype.kind == "c")
    if not any_number and foreign and array.dtype.type is not dtype.type:
        raise Unfit(f"must hold {SCALARS[code].python} values, not {array.dtype}")
    if array.dtype == object or array.dtype.kind not in "biufc":
        raise Unfit(f"must hold {SCALARS[code].python} values, not ", value=array.flat[0])
    return _convert(code, array, dtype)


def _convert(code: str, array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    ranks = "biufc"
    have = "i" if array.dtype.kind == "u" else array.dtype.kind
    want = "i" if dtype.kind == "u" else dtype.kind
    if ranks.index(have) > ranks.index(want) or (have == "b") != (want == "b"):
        raise Unfit(f"must hold {SCALARS[code].python} values, not {array.dtype}")
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
        back = converted.astype(array.dtype)
    same = (back == array) | ((array != array) & (back != back))
    if have == "i" and want == "i":
        # A round trip hides the wrap of a negative number into an unsigned type.
        same &= (array < 0) == (converted < 0)
    if have == "i" and want in "fc":
        same &= np.abs(array.astype(np.float64)) <= _EXACT_IN_FLOAT64
    if not same.all():
        bad = array[~same].flat[0]
        raise Unfit(f"holds {bad}, which {SCALARS[code].python} does not", OverflowError)
    return converted


def numpy_scalar(slot: SlotLike) -> type[Any] | None:
    """Return the NumPy scalar type that wraps the slot's value, or None for plain Python."""
    if not slot.numpy:
        return None
    dtype = SCALARS[slot.code].dtype
    return dtype.type if dtype is not None else None
