"""The sequence of passes that turns a task into LLVM code.

It is Numba's nopython pipeline with twelve changes: where closures are inlined nothing is dropped
that may raise, calls are redirected to helpers then, inner functions become helpers where Numba
would compile them by itself, calls of `operator.add` and its like become operators, numbers are
taken out of optionals and of members of an IntEnum, what is done with records and named tuples is
looked at once their types are known, in
automatic mode squares of arrays become products and the arrays are looked at as well, `:=` is
translated anew, empty results get the types of the others, how arrays are evaluated is noted, and
the lowering is ours.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from numba.core import compiler
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import (
    NativeLowering,
    NopythonRewrites,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    InlineClosureLikes,
    MakeFunctionToJitFunction,
    TranslateByteCode,
)

from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.lowering.lower import TaskLowering
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.passes.array_blocks import ArrayBlocks
from catzilla_jit.compile.passes.array_operators import ArrayOperators
from catzilla_jit.compile.passes.assignment_expressions import Translation
from catzilla_jit.compile.passes.check_classes import ClassUse
from catzilla_jit.compile.passes.check_numpy_parity import Exactness
from catzilla_jit.compile.passes.check_records import RecordUse
from catzilla_jit.compile.passes.empty_results import TypeInference
from catzilla_jit.compile.passes.evaluations import Evaluations
from catzilla_jit.compile.passes.forking import Forks
from catzilla_jit.compile.passes.leftovers import InlinedClosures
from catzilla_jit.compile.passes.operators import Operators
from catzilla_jit.compile.passes.optionals import Optionals
from catzilla_jit.compile.passes.redirect_calls import Callees, InnerFunctions
from catzilla_jit.compile.passes.squares import Squares


def new_unit(
    options: Options,
    *,
    bails_at_raises: bool = False,
    mixes: bool = False,
    keeps_lists: bool = False,
) -> CompilationUnit:
    """Return an empty unit and, in it, the pipeline that compiles its functions."""

    class Pipeline(TaskPipeline):
        def define_pipelines(self) -> list[PassManager]:
            self.state.metadata["unit"] = unit
            return super().define_pipelines()

    unit = CompilationUnit(options, Pipeline, bails_at_raises, mixes, keeps_lists)
    return unit


class TaskPipeline(compiler.CompilerBase):
    """The passes; they find their unit in the metadata of the compilation."""

    def define_pipelines(self) -> list[PassManager]:
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state, name="task")
        passes.add_pass_after(Callees, InlineClosureLikes)
        passes.add_pass_after(Forks, InlineClosureLikes)
        exchange(passes, InlineClosureLikes, InlinedClosures)
        exchange(passes, MakeFunctionToJitFunction, InnerFunctions)
        passes.add_pass_after(ArrayBlocks, PreLowerStripPhis)
        passes.add_pass_after(Exactness, PreLowerStripPhis)
        passes.add_pass_after(ArrayOperators, PreLowerStripPhis)
        passes.add_pass_after(Squares, PreLowerStripPhis)
        passes.add_pass_after(RecordUse, PreLowerStripPhis)
        passes.add_pass_after(ClassUse, PreLowerStripPhis)
        passes.add_pass_after(Optionals, PreLowerStripPhis)
        passes.add_pass_after(Operators, PreLowerStripPhis)
        passes.add_pass_after(Evaluations, NopythonRewrites)
        exchange(passes, NativeLowering, TaskLowering)
        exchange(passes, TranslateByteCode, Translation)
        exchange(passes, NopythonTypeInference, TypeInference)
        passes.finalize()
        return [passes]


def exchange(passes: PassManager, old: type, new: type) -> None:
    """Put the pass `new` in the place of `old`."""
    passes.passes = [(new if item is old else item, text) for item, text in passes.passes]
    passes._finalized = False
