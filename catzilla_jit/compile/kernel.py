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
from catzilla_jit.compile.pipeline import TaskPipeline, WrappingPipeline


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
    function: pytypes.FunctionType,
    argument_types: tuple[types.Type, ...],
    *,
    fastmath: bool,
    boundscheck: bool,
    overflow: str,
) -> Kernel:
    """Compile to LLVM code; raises what Numba raises."""
    context = task_context()
    library = context.codegen().create_library(function.__qualname__)
    library.enable_object_caching()
    result = compiler.compile_extra(
        cpu_target.typing_context,
        context,
        function,
        args=argument_types,
        return_type=None,
        flags=_flags(fastmath=fastmath, boundscheck=boundscheck),
        locals={},
        library=library,
        pipeline_class=TaskPipeline if overflow == "check" else WrappingPipeline,
    )
    return Kernel(context, library, result.fndesc, result.environment)


def _flags(*, fastmath: bool, boundscheck: bool) -> Any:
    flags: Any = compiler.Flags()
    options: dict[str, Any] = {"nopython": True, "forceinline": True, "boundscheck": boundscheck}
    if fastmath:
        options["fastmath"] = True
    cpu_target.options.parse_as_flags(flags, options)
    flags.no_compile = True  # the library is finished in entry.py
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    return flags
