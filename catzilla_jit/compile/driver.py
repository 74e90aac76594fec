"""Compiled tasks: those of this process, those in the disk cache, and the rest from the compiler.

Numba is imported for the last: a process whose tasks are in the cache does without, as far as
their hints tell the types (`frontend/annotations.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from catzilla_jit.compile.cache.fingerprint import fingerprint
from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.frontend.annotations import scalar_types
from catzilla_jit.compile.frontend.screen import screen
from catzilla_jit.compile.loaded import loaded
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target.abandon import while_wanted
from catzilla_jit.compile.with_numba import import_numba

if TYPE_CHECKING:
    from numba.core import types


def compile_task(
    function: Any,
    *,
    name: str,
    argument_types: Sequence[types.Type] | None = None,
    fastmath: bool = False,
    boundscheck: bool = False,
    overflow: str = "check",
    prints: bool = True,
    exact: bool = False,
    freezes: bool = True,
    parallel: bool = False,
    is_wanted: Callable[[], bool] | None = None,
) -> CompiledTask:
    """Compile a function for the types its hints name, or for `argument_types`.

    `overflow` is "check" or "wrap"; `prints=False` refuses what prints, `exact` what Numba
    computes otherwise than NumPy; `freezes=False` what names a list or dict of the module, which
    is a constant otherwise; `parallel` has loops over `prange` run in parallel. The return type
    is the inferred one. A function that was compiled before, in this process or another, is not
    compiled again. Takes milliseconds to seconds, and Numba's compiler lock. `is_wanted` is asked
    now and then; once it says False, Abandoned is raised. Raises CompileRefused with the reasons
    when the function must stay Python.
    """
    options = Options(fastmath, boundscheck, overflow, prints, exact, freezes, parallel)
    begun = time.perf_counter()
    plain = screen(function, name)
    # Without hints for all it is for `build` to find the types, and to look into the cache.
    scalars = scalar_types(plain, name) if argument_types is None else None
    if scalars is not None:
        found = loaded(name, *fingerprint(plain, scalars, options), begun)
        if found is not None:
            return found
    import_numba()
    from catzilla_jit.compile.build import build

    with while_wanted(is_wanted):
        return build(plain, name, argument_types, options, begun)
