"""A text times a bool: the text, or nothing."""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import operator

from numba.core import types
from numba.core.extending import overload


@overload(operator.mul)
def _repeated(left, right):
    if isinstance(left, types.UnicodeType) and isinstance(right, types.Boolean):
        return lambda left, right: left if right else ""
    if isinstance(right, types.UnicodeType) and isinstance(left, types.Boolean):
        return lambda left, right: right if left else ""
    return None
