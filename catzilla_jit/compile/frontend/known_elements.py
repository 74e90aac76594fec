"""What arithmetic makes of arrays and numbers: dimensions, and types where these are plain."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
from typing import Any

import numpy

from catzilla_jit.compile.frontend.fact import SCALARS, Fact, array


def of_reshape(sizes: list[Fact | None], holder: Fact) -> Fact | None:
    first = sizes[0] if sizes else None
    if first is not None and len(sizes) == 1 and first.classes == (tuple,):
        length = len(first.constant) if first.is_constant else first.length
        return array(length, holder.dtype) if length else None
    numbers = all(
        each is not None
        and each.classes
        and all(issubclass(kind, SCALARS) for kind in each.classes)
        for each in sizes
    )
    return array(len(sizes), holder.dtype) if sizes and numbers else None


#: Operators whose result has the wider type of the operands'.
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def wider(*operands: Fact, divides: bool) -> Any:
    """Return the dtype of what arithmetic makes of floats and integers; None for others."""
    kinds: list[Any] = []
    for each in operands:
        kinds += [each.dtype.type if each.dtype else None] if each.is_array else each.classes
    if not all(kind in (int, float, numpy.int64, numpy.float64) for kind in kinds):
        return None
    floats = divides or any(issubclass(kind, float) for kind in kinds)
    return numpy.dtype(float if floats else int)


def common(values: list[Fact | None]) -> Fact | None:
    """Return what is known of each of some values: the same, or that they are numbers."""
    if not values or values[0] is None or all(each == values[0] for each in values):
        return values[0] if values else None
    classes = {kind for each in values for kind in (() if each is None else each.classes)}
    numbers = all(each is not None and each.classes for each in values)
    known = numbers and all(issubclass(kind, SCALARS) for kind in classes)
    return Fact(kinds=tuple(sorted(classes, key=repr))) if known else None


def of_product(left: Fact, right: Fact) -> Fact | None:
    """Return what `@` makes of two vectors or matrices; None for what is no array."""
    left_ndim, right_ndim = left.ndim, right.ndim
    if left_ndim not in (1, 2) or right_ndim not in (1, 2) or left_ndim + right_ndim == 2:
        return None
    return array(left_ndim + right_ndim - 2)


def of_elements(operands: tuple[Fact | None, ...]) -> Fact | None:
    """Return what item by item arithmetic with at least one array gives."""
    dimensions = 0
    for each in operands:
        if each is None:
            return None
        if each.is_array:
            if each.ndim is None:
                return None
            dimensions = max(dimensions, each.ndim)
        elif not all(issubclass(kind, SCALARS) for kind in each.classes):
            return None
    return array(dimensions) if dimensions else None
