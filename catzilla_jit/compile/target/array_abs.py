"""`abs` of arrays, which Numba lacks: added to Numba itself, for all its users in the process."""

from __future__ import annotations

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types
from numba.core.extending import overload


@overload(abs)
def absolute(x):  # type: ignore[no-untyped-def]  # Numba compares the two signatures
    """Give `abs(array)` the meaning of `numpy.absolute`."""
    if isinstance(x, types.Array):
        return lambda x: numpy.absolute(x)
    return None
