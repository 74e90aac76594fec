"""`dict(d)` and `d | e`: new dicts with the items of dicts, given or made."""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,misc"

from __future__ import annotations

import operator
from typing import Any

from numba.core import types
from numba.core.extending import overload

from catzilla_jit.compile.datamodel.dict_argument import GivenDict

DICTS = (GivenDict, types.DictType)


def dict_of(values: Any) -> Any:
    """Return a dict of what a variable holds."""
    return dict(values)


@overload(dict_of)
def _dict_of(values):
    if isinstance(values, DICTS):
        return lambda values: {key: value for key, value in values.items()}  # noqa: C416
    return lambda values: dict(values)


@overload(operator.or_)
def _merged(left, right):
    if not isinstance(left, DICTS) or not isinstance(right, DICTS):
        return None
    if (left.key_type, left.value_type) != (right.key_type, right.value_type):
        return None

    def merged(left, right):
        made = {key: value for key, value in left.items()}  # noqa: C416
        for key, value in right.items():
            made[key] = value
        return made

    return merged
