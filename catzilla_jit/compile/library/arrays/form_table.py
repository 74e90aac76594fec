"""All forms of calls (`forms.py`), by the functions and the names of the methods."""

from __future__ import annotations

from typing import Any

from catzilla_jit.compile.library.arrays import (
    comparing_forms,
    conversion_forms,
    editing_forms,
    fit_forms,
    making_forms,
    matrix_forms,
    order_forms,
    padding_forms,
    pairing_forms,
    places_forms,
    reduction_forms,
    series_forms,
    transform_forms,
    ufunc_method_forms,
)
from catzilla_jit.compile.library.arrays.forms import Form

_FUNCTIONS: dict[Any, Form] = {}
_METHODS: dict[str, Form] = {}
for _module in (
    comparing_forms, conversion_forms, editing_forms, fit_forms, making_forms, matrix_forms,
    order_forms, padding_forms, pairing_forms, places_forms, reduction_forms, series_forms,
    transform_forms, ufunc_method_forms,
):  # fmt: skip
    _FUNCTIONS |= _module.FUNCTIONS
    _METHODS |= _module.METHODS


def of_function(function: Any) -> Form | None:
    """Return the form of a function of NumPy; None for others."""
    try:
        return _FUNCTIONS.get(function)
    except TypeError:  # an unhashable value
        return None


def of_method(name: str) -> Form | None:
    """Return the form of a method of arrays."""
    return _METHODS.get(name)
