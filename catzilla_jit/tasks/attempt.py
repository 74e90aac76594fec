"""One attempt to compile a function, as a task's settings say, noted and logged."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from ..runtime.process import note_compilation
from ..runtime.warmup import before_others, is_wanted
from .options import Settings

if TYPE_CHECKING:
    from ..compile import CompiledTask, CompileRefused

_log = logging.getLogger("catzilla_jit")


def attempt(
    function: Any, settings: Settings, argument_types: Any, *, freezes: bool
) -> tuple[CompiledTask | None, CompileRefused | None]:
    """Compile for the types, or for those of the hints; return the code, or why there is none."""
    from ..compile import CompileRefused, compile_task

    automatic = settings.compile_to_c is None
    began = time.monotonic_ns()
    try:
        with before_others():
            form = compile_task(
                function,
                name=settings.name,
                argument_types=argument_types,
                fastmath=settings.fastmath,
                boundscheck=settings.checks_bounds,
                overflow=settings.overflow,
                prints=not automatic,
                exact=automatic,
                freezes=freezes,
                parallel=settings.parallel,
                is_wanted=is_wanted,
            )
    except CompileRefused as refused:
        _log.debug("task %s: %s", settings.name, refused)
        note_compilation(settings.name, began, refused=True, from_cache=False)
        # A new one: that which was raised keeps its callers' frames and all that is in them.
        return None, CompileRefused(refused.name, refused.reasons)
    how = "loaded from the cache" if form.from_cache else "compiled"
    _log.info("task %s%s: %s in %.3f s", settings.name, form.signature, how, form.compile_seconds)
    note_compilation(settings.name, began, refused=False, from_cache=form.from_cache)
    return form, None
