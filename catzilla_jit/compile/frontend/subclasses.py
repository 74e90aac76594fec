"""Constants whose class is a subclass of a type that Numba knows, and may override what it does.

Numba takes them for what they derive from: a `numpy.matrix` for an array, whose `*` is another.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy

from catzilla_jit.compile.datamodel.plain_class import is_plain_named_tuple

#: What Numba also takes subclasses for.
KNOWN = (int, float, complex, str, bytes, numpy.ndarray, numpy.generic, range, slice)
#: Those that other code looks at: Numba has types of its own for them.
APART = (bool, enum.Enum)


def subclass_in(value: Any) -> type | None:
    """Return the class of a constant, or of an item of it, that compiled code would forget."""
    if isinstance(value, tuple):
        if type(value) is not tuple and not is_plain_named_tuple(type(value)):
            return None  # refused where it is used
        return next(filter(None, map(subclass_in, value)), None)
    class_ = type(value)
    if class_ in KNOWN or isinstance(value, APART) or not isinstance(value, KNOWN):
        return None
    numpys = issubclass(class_, numpy.generic) and class_.__module__ == "numpy"
    return None if numpys else class_
