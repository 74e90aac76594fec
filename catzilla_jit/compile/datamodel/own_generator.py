"""The Numba types of generators of random numbers that compiled code has made itself."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types
from numba.core.extending import models, register_model


class OwnGenerator(types.Type):
    """A `numpy.random.Generator` over PCG64, in memory of Numba's runtime."""

    def __init__(self) -> None:
        super().__init__("Generator")


class OwnRandom(types.Type):
    """A `random.Random`, in memory of Numba's runtime."""

    def __init__(self) -> None:
        super().__init__("Random")


#: Both: each draw changes them.
GENERATORS = (OwnGenerator, OwnRandom)
OWN_GENERATOR = OwnGenerator()
OWN_RANDOM = OwnRandom()


@register_model(OwnGenerator)
@register_model(OwnRandom)
class _Model(models.StructModel):
    def __init__(self, manager: Any, type_: Any) -> None:
        super().__init__(manager, type_, [("meminfo", types.MemInfoPointer(types.voidptr))])
