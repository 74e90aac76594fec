"""Calls of NumPy's functions by their parameters: what is handed over, and what is constant.

A form makes of the constants what stands for the call: a function that calls NumPy's loops, or a
chooser of one by the types of the arguments. `form_table.py` has all of them, and
`passes/array_calls.py` puts what they make in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """The parameters of a function, in their order; those in `values` are handed over.

    names: as in a signature: "/" is behind those without a name, "*" before those that are told by
    name only. make: is called with the names of the values that are given, and with the constants
    by name; None where nothing stands for the call. sequence: the parameter that is a list or
    tuple, written out, to such a depth; the items are handed over before the values, and `make` is
    told the shape. other: the form that is tried where this one makes nothing.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    make: Callable[..., Any]
    sequence: str | None = None
    depth: int = 1
    other: Form | None = None

    def positional(self) -> tuple[str, ...]:
        """Return the parameters that are told by their place."""
        end = self.names.index("*") if "*" in self.names else len(self.names)
        return tuple(name for name in self.names[:end] if name != "/")

    def named(self) -> set[str]:
        """Return the parameters that may be told by name."""
        begin = self.names.index("/") if "/" in self.names else 0
        return set(self.names[begin:]) - {"/", "*"}
