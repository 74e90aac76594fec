"""The libraries of tasks, and libraries of Numba's that are finished, with their object code.

LLVM hands that to Numba in a callback through ctypes, and what is raised there is lost: an
interrupt, or MemoryError. The code is loaded all the same, but Numba can neither save it nor tell
where it lies. LLVM makes the same of the same module once more.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary

from catzilla_jit.compile.target import array_memory


class TaskLibrary(JITCodeLibrary):
    """The code of a task, and of all that it calls."""

    def _optimize_final_module(self) -> None:
        array_memory.exchange(self._final_module)
        super()._optimize_final_module()


def finish(library: Any) -> None:
    """Finalize a library that keeps its object code."""
    library.finalize()
    if library._compiled_object is None:
        library._compiled_object = library._codegen._tm.emit_object(library._final_module)
