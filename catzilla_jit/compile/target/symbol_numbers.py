"""The numbers in the symbols of compiled functions, which no other process gives out.

Numba counts the functions that it compiles, and the number becomes part of the symbol: it tells
closures of one definition apart. For the linker equal symbols are one function, so the code of two
processes can be linked only if they count in different places.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import itertools
import secrets

from numba.core.bytecode import FunctionIdentity

from catzilla_jit.posix import at_fork


def _begin() -> None:
    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(42) << 20)


_begin()
# Children of one process would go on with the same numbers.
at_fork(after_in_child=_begin)
