"""Lists and sets as values of dicts, which Numba forbids.

It does so because what a caller gives is a copy of his list there. What compiled code makes itself
is counted by references as other values are, and a dict holds the reference; what is given has
types of its own (`datamodel/list_argument.py`). As with the truth of lists, all users of Numba in
the process have it. A list as a key stays forbidden, as in Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import errors, types
from numba.core.types import containers


def _sentry(key: Any, value: Any) -> None:
    if isinstance(key, types.Set | types.List):
        raise errors.TypingError(f"{key} as key is forbidden")


containers._sentry_forbidden_types = _sentry
