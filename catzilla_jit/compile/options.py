"""The options that change the code which is made: one value for a task and all its helpers."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose about the code of a task."""

    fastmath: bool = False  # floats may be reordered, and are taken to be finite
    boundscheck: bool = False  # array indices are checked
    overflow: str = "check"  # "check" or "wrap": what integers do beyond 64 bits
    prints: bool = True  # a function that prints is compiled, though it cannot be run again
    exact: bool = (
        False  # what NumPy and Numba compute differently is refused (`check_numpy_parity.py`)
    )
    freezes: bool = True  # lists and dicts of the module are constants
    parallel: bool = False  # loops over `prange` run in parallel

    def __post_init__(self) -> None:
        if self.overflow not in ("check", "wrap"):
            raise ValueError(f'overflow must be "check" or "wrap", not {self.overflow!r}')

    def target_options(self) -> dict[str, object]:
        """Return them under Numba's names."""
        named: dict[str, object] = {
            "nopython": True,
            "boundscheck": self.boundscheck,
            "no_cpython_wrapper": True,
        }
        if self.fastmath:
            named["fastmath"] = True
        return named
