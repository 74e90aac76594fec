"""A text times an int is a text: Numba's own function may return None, as far as its types tell.

The last branch of it ends without a `return`, on a way that is never taken. So `"-" * n` was a
`str | None`, which nothing takes that takes texts. Here its function is exchanged.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core.extending import register_jitable
from numba.cpython import unicode

_empty_string: Any = unicode._empty_string
_strncpy: Any = unicode._strncpy


def repeated(text: Any, times: Any) -> Any:
    """Return a text that many times, copying what is there already."""
    size = len(text)
    if times < 1 or size == 0:
        return ""
    if times == 1:
        return text
    length = size * times
    result = _empty_string(text._kind, length, text._is_ascii)
    _strncpy(result, 0, text, 0, size)
    done = size
    while done < length:
        step = min(done, length - done)
        _strncpy(result, done, result, 0, step)
        done += step
    return result


unicode._repeat_impl = register_jitable(repeated)
