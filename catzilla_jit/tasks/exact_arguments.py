"""Values as the slots of compiled code hold them: which fit, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pools import payload

if TYPE_CHECKING:
    from ..compile import CompiledTask


def element(argument: Any) -> Any:
    """Return a value of the type that the argument's elements have; None: of no one type."""
    if not isinstance(argument, (np.ndarray, list, tuple, range)):
        return argument
    try:
        array = np.asarray(argument)
    except ValueError:  # ragged: the map itself says so
        return None
    if array.dtype.kind not in "biufc":
        return array.flat[0] if array.size else None
    zero = array.dtype.type(0)
    return zero.item() if array.dtype.type in _PLAIN else zero


#: Elements of these types stand for Python's own numbers.
_PLAIN = (np.bool_, np.int64, np.float64, np.complex128)


def any_number(_code: str, _value: Any) -> bool:
    """Take each number, as `fits` of `exact_values`."""
    return True


def is_narrow(form: CompiledTask) -> bool:
    """Tell whether a form has slots for NumPy's narrower numbers, which hold Python's as well."""
    return any(slot.code in "fFihbQIHB" for slot in form.arguments)


def exact_values(
    form: CompiledTask, values: list[Any], fits: Callable[[str, Any], bool]
) -> list[Any]:
    """Return the values as the scalar slots of `form` hold them; Unfit names the first odd one.

    `fits` says which numbers a slot may be given; with `any_number` it is each that it holds
    exactly, an int for a float.
    """
    fitting = []
    for slot, value in zip(form.arguments, values, strict=True):
        try:
            if slot.code != "O" and not fits(slot.code, value):
                raise payload.Unfit(
                    f"must be {payload.SCALARS[slot.code].python}, not ", value=value
                )
            fitting.append(value if slot.code == "O" else payload.exact(slot.code, value))
        except payload.Unfit as error:
            error.parameter = slot.name
            raise
    return fitting
