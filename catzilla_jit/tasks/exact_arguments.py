"""Values as the slots of compiled code hold them: which fit, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..pools import payload

if TYPE_CHECKING:
    from ..compile import CompiledTask


def element(argument: Any) -> Any:
    """Return a value of the type that the argument's elements have; None: of no one type."""
    if isinstance(argument, _PLAIN):
        return argument.item()
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


def is_narrow(form: CompiledTask) -> bool:
    """Tell whether a form has slots for NumPy's narrower numbers, which hold Python's as well."""
    return any(slot.code in "fFihbQIHB" for slot in form.arguments)


def exact_values(form: CompiledTask, values: list[Any], *, strict: bool) -> list[Any]:
    """Return the values as the scalar slots of `form` take them; Unfit names the first odd one.

    strict: of the class that Python computes with as the code does. Otherwise a slot is given each
    number that it holds exactly, an int for a float.
    """
    fitting = []
    for slot, value in zip(form.arguments, values, strict=True):
        try:
            if strict and not payload.is_exactly(slot, value):
                raise payload.Unfit(
                    f"must be {payload.SCALARS[slot.code].python}, not ", value=value
                )
            as_it_is = slot.code == "O" or (strict and slot.numpy)
            fitting.append(value if as_it_is else payload.exact(slot.code, value))
        except payload.Unfit as error:
            error.parameter = slot.name
            raise
    return fitting
