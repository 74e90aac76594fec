"""The compiled function itself: Numba's native symbol, in a library that is not finished yet.

The return type is the one Numba infers. The library is left open so that the entry can be added
and all of it is optimised and made executable at once (`entry.py`). Caller holds Numba's
compiler lock.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import types as pytypes
from typing import Any

from llvmlite import ir
from numba.core import compiler, types
from numba.core.registry import cpu_target

from catzilla_jit.compile.context import TaskContext, task_context
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.program import Program


@dataclasses.dataclass(frozen=True, slots=True)
class Kernel:
    """A function in LLVM code, with what is needed to call it."""

    context: TaskContext
    library: Any
    fndesc: Any  # Numba's function descriptor: symbol, types
    environment: Any

    @property
    def result_type(self) -> types.Type:
        return self.fndesc.restype

    @property
    def argument_types(self) -> tuple[types.Type, ...]:
        return tuple(self.fndesc.argtypes)

    def declare(self, module: ir.Module) -> ir.Function:
        """Declare the kernel's symbol in another module."""
        return self.context.declare_function(module, self.fndesc)


def compile_kernel(
    program: Program, function: pytypes.FunctionType, argument_types: tuple[types.Type, ...]
) -> Kernel:
    """Compile to LLVM code; raises what Numba raises, which can be anything."""
    context = task_context()
    context.refresh()
    library = context.codegen().create_library(function.__qualname__)
    library.enable_object_caching()
    prepared = program.task(function)
    with program.helper(function).being_compiled():
        result = compiler.compile_extra(
            cpu_target.typing_context,
            context,
            prepared,
            args=argument_types,
            return_type=None,
            flags=_flags(program.options),
            locals={},
            library=library,
            pipeline_class=program.pipeline,
        )
    return Kernel(context, library, result.fndesc, result.environment)


def _flags(options: Options) -> Any:
    flags: Any = compiler.Flags()
    cpu_target.options.parse_as_flags(flags, options.target_options())
    flags.no_compile = True  # the library is finished in build.py
    return flags
