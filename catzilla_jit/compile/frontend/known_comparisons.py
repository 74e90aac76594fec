"""What comparisons give, where the facts about their operands tell."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend.fact import Fact, is_class

COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
#: Classes of which no value equals one of another.
APART = (str, bytes, list, dict, tuple, type(None))


def compared(op: ast.cmpop, left: Fact, right: Fact) -> bool | None:
    """Return what a comparison gives; None if that is not known."""
    both = left.is_constant and right.is_constant
    if isinstance(op, ast.Is | ast.IsNot):
        same = _is_same(left, right)
        return None if same is None else same is isinstance(op, ast.Is)
    if isinstance(op, ast.In | ast.NotIn):
        if not both or type(right.constant) not in (tuple, list, set, str):
            return None
        try:
            found = left.constant in right.constant
        except TypeError:
            return None
        return found is isinstance(op, ast.In)
    if both:
        try:
            found = COMPARISONS[type(op)](left.constant, right.constant)
        except TypeError:
            return None
        return found if type(found) is bool else None
    if isinstance(op, ast.Eq | ast.NotEq) and _never_equal(left, right):
        return isinstance(op, ast.NotEq)
    return None


def _is_same(left: Fact, right: Fact) -> bool | None:
    """Tell whether two values are one object: None, a bool or a class."""
    for one, other in ((left, right), (right, left)):
        if type(one.constant) in (bool, type(None)) or is_class(one):
            if other.is_constant:
                return one.constant is other.constant
            possible = type(one.constant) in other.classes or not other.classes
            return None if possible else False
    return None


def _never_equal(left: Fact, right: Fact) -> bool:
    """Tell whether the classes of two values have no equal values, and compare to one bool."""
    for one, other in ((left, right), (right, left)):
        if len(one.classes) == 1 and one.classes[0] in APART:
            simple = (*APART, int, float, complex, bool, numpy.number, numpy.bool_)
            known = other.classes and all(issubclass(kind, simple) for kind in other.classes)
            if known and not any(issubclass(kind, one.classes[0]) for kind in other.classes):
                return not any(issubclass(kind, numpy.generic) for kind in other.classes) or (
                    one.classes[0] in (str, type(None))
                )
    return False
