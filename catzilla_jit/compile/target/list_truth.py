"""`not` of a list and the truth of what may be None, which Numba lacks.

Numba looks these up by the operator, so they cannot be redirected to a helper; they are added to
Numba itself, for all its users in the process. Where Numba has an answer nothing is added.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from numba.core import types
from numba.core.extending import overload
from numba.typed import typedobjectutils

from catzilla_jit.compile.datamodel.record_type import GivenRecord, is_record_array

_nonoptional: Any = typedobjectutils._nonoptional


@overload(operator.not_)
def is_empty(values):  # type: ignore[no-untyped-def]  # Numba compares the two signatures
    """Give `not values` a meaning for lists."""
    if isinstance(values, types.List):
        return lambda values: len(values) == 0
    return None


@overload(operator.setitem)
def write_field(array, name, value):  # type: ignore[no-untyped-def]
    """Give `array["x"] = value` a meaning for arrays of records."""
    if not is_record_array(array) or not isinstance(array.dtype, GivenRecord):
        return None
    if not isinstance(name, types.StringLiteral) or name.literal_value not in array.dtype.fields:
        return None

    field = name.literal_value

    def write(array, name, value):  # type: ignore[no-untyped-def]
        array[field][...] = value

    return write


@overload(bool)
def is_true(value):  # type: ignore[no-untyped-def]
    """Give `bool(value)`, which `or` asks for, a meaning where a value may be None."""
    known = isinstance(value, types.Optional) and isinstance(
        value.type, types.Number | types.Boolean | types.UnicodeType
    )
    if not known:
        return None

    def truth(value):  # type: ignore[no-untyped-def]
        return False if value is None else bool(_nonoptional(value))

    return truth
