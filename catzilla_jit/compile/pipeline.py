"""The sequence of passes that turns a task into LLVM code.

It is Numba's nopython pipeline with the lowering exchanged. `overflow="wrap"` keeps Numba's own
lowering. A further pass of ours belongs here, with the reason for its place.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import compiler
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import NativeLowering

from catzilla_jit.compile.lowering import TaskLowering


class TaskPipeline(compiler.CompilerBase):
    """Compile with checked arithmetic."""

    def define_pipelines(self) -> list[PassManager]:
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state, name="task")
        exchange(passes, NativeLowering, TaskLowering, "checked lowering")
        passes.finalize()
        return [passes]


def exchange(passes: PassManager, old: type, new: type, description: str) -> None:
    """Put the pass `new` in the place of `old`."""
    passes.passes = [
        (new, description) if item is old else (item, text) for item, text in passes.passes
    ]
    passes._finalized = False


class WrappingPipeline(compiler.CompilerBase):
    """Compile with integers that wrap at 64 bits."""

    def define_pipelines(self) -> list[Any]:
        return [compiler.DefaultPassBuilder.define_nopython_pipeline(self.state, name="task")]
