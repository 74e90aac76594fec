"""For which types of arguments a function is compiled, beside those of its hints."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

#: All that could be compiled for has been tried before.
NONE_LEFT: Any = object()


def candidates(
    function: Any, found: Any, values: Sequence[Any], compiled: Collection[Any]
) -> Iterator[Any]:
    """Yield the types of some values, and if these do not compile those with constants in them.

    compiled: the types that have compiled, up to date when the second are asked for.
    """
    from ..compile import with_constants

    yield found
    if found not in compiled:
        constants = with_constants(function, found, values)
        if constants is not None:
            yield constants
