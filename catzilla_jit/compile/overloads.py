"""`not` of a list, which Numba lacks.

Numba looks these up by the operator, so they cannot be redirected to a helper; they are added to
Numba itself, for all its users in the process. Where Numba has an answer nothing is added.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator

from numba.core import types
from numba.core.extending import overload


@overload(operator.not_)
def is_empty(values):  # type: ignore[no-untyped-def]  # Numba compares the two signatures
    """Give `not values` a meaning for lists."""
    if isinstance(values, types.List):
        return lambda values: len(values) == 0
    return None
