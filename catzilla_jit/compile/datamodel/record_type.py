"""The type of the items of a structured array, and which dtypes have one.

`GivenRecord` is Numba's record with what Python keeps apart: whether it may be written to (a
`numpy.void` is a view of its array, a read-only one too), and no conversion to a record that has
fewer fields. A record is a pointer into memory that somebody else owns; so records, and arrays of
them, only come from arguments (`passes/check_records.py`). Only a dtype that Numba's type gives
back exactly has one, names and offsets included.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from numba.core import errors, types
from numba.core.datamodel.models import RecordModel
from numba.core.extending import register_model
from numba.np import numpy_support

#: What a field may hold; what is no number is not read (`passes/check_records.py`).
HELD = {
    numpy.int8, numpy.int16, numpy.int32, numpy.int64, numpy.uint8, numpy.uint16, numpy.uint32,
    numpy.uint64, numpy.float32, numpy.float64, numpy.bool_, numpy.complex64, numpy.complex128,
    numpy.str_, numpy.bytes_, numpy.datetime64, numpy.timedelta64,
}  # fmt: skip
#: Numba names a record by a text with these between its parts; a field's name must not have them.
MARKS = set("[];,()")
#: In the name of each record type, and of each type that is made of one.
SIGN = "[type="


class GivenRecord(types.Record):
    """The type of a record that is in an argument."""

    def __init__(self, record: types.Record, writable: bool) -> None:
        fields: Any = [(name, field._asdict()) for name, field in record.fields.items()]
        super().__init__(fields, record.size, record.aligned)
        self.given: numpy.dtype[Any] = numpy_support.as_dtype(
            record
        )  # or an equal one (`backend/boxing.py`)
        self.known = False  # it is a caller's
        self.mutable = writable
        self.name = self.name if writable else f"readonly {self.name}"

    def __repr__(self) -> str:  # a part of the digest of what is compiled for it
        return self.name

    def typeof(self, key: str) -> types.Type:
        if key not in self.fields:
            raise errors.TypingError(f"a record has no field {key!r}")
        return super().typeof(key)

    def can_convert_to(self, typingctx: Any, other: Any) -> None:
        """Convert to nothing: Numba would to a record with the first of the fields."""


register_model(GivenRecord)(RecordModel)


def record_of(dtype: numpy.dtype[Any], *, writable: bool) -> GivenRecord | None:
    """Return the type of a structured dtype's items, None where it has none."""
    if why_not(dtype) is not None:
        return None
    try:
        made = GivenRecord(numpy_support.from_dtype(dtype), writable)
    except (errors.NumbaError, ValueError):  # a unit of time, an alignment of its own
        return None
    if made.given != dtype or made.given.isalignedstruct != dtype.isalignedstruct:
        return None
    if not made.known:
        made.given, made.known = dtype, True  # the caller's others will mostly have this very one
    return made


def why_not(dtype: numpy.dtype[Any]) -> str | None:
    """Return why a structured dtype has no machine type, in words; None where it may have one."""
    if dtype.type is not numpy.void:
        return f"has items of the class {dtype.type.__name__}"
    if not dtype.names:
        return "has no fields"
    if dtype.metadata is not None:
        return "has a dtype with metadata"
    fields: Any = dtype.fields
    for name in dtype.names:
        own, _, *title = fields[name]
        if own.type not in HELD or own.itemsize == 0:
            return f"has the field {name!r}, which holds {_what(own)}"
        if not own.isnative:
            return f"has the field {name!r} in foreign byte order"
        if title or own.metadata is not None:
            return f"has the field {name!r} with {'a title' if title else 'metadata'}"
        if MARKS & set(name) or not name.isprintable():
            return f"has the field {name!r} with a special character"
    offsets = [fields[name][1] for name in dtype.names]
    return "has its fields in another order than in memory" if offsets != sorted(offsets) else None


def _what(field: numpy.dtype[Any]) -> str:
    """Return what a field of another kind holds."""
    if field.subdtype is not None:
        return "an array"
    if field.names:
        return "fields of its own"
    known = {"O": "Python objects", "V": "raw bytes"}
    return known.get(field.kind, str(field))


def holds(type_: Any) -> bool:
    """Tell whether a value of a type is a record, or leads to one."""
    return not isinstance(type_, types.Literal) and SIGN in str(type_)


def is_record_array(type_: Any) -> bool:
    return isinstance(type_, types.Array) and isinstance(type_.dtype, types.Record)
