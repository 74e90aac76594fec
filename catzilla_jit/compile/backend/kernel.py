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

from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target.context import TaskContext, task_context
from catzilla_jit.compile.target.finished import TaskLibrary

#: Numba's environments (constants that boxing and exceptions need), by the symbol that holds them.
Environments = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Native:
    """The native symbol: what Numba's contexts read of a function to declare and call it."""

    mangled_name: str
    restype: types.Type
    argtypes: tuple[types.Type, ...]
    args: tuple[str, ...]
    env_name: str
    recursive: bool = False
    noalias: bool = False
    inline: bool = False

    @classmethod
    def of(cls, found: Any, *, recursive: bool = False) -> Native:
        """Return what counts of a description of Numba's."""
        return cls(
            found.mangled_name,
            found.restype,
            tuple(found.argtypes),
            tuple(found.args),
            found.env_name,
            recursive,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Kernel:
    """A function in LLVM code, with what is needed to call it."""

    context: TaskContext
    library: Any
    native: Native
    environments: Environments  # the kernel's and its helpers'
    objects: dict[str, Any]  # the Python objects that the code uses, by its variables for them

    @property
    def symbol(self) -> str:
        return self.native.mangled_name

    @property
    def environment(self) -> Any:
        return self.environments[self.native.env_name]

    @property
    def result_type(self) -> types.Type:
        return self.native.restype

    @property
    def argument_types(self) -> tuple[types.Type, ...]:
        return self.native.argtypes

    def declare(self, module: ir.Module) -> ir.Function:
        """Declare the kernel's symbol in another module."""
        return self.context.declare_function(module, self.native)

    def bind(self) -> None:
        """Point the finished code at its environments and objects, which live as long as it."""
        codegen = self.library.codegen
        for name, held in {**self.environments, **self.objects}.items():
            if codegen._engine.is_symbol_defined(name):
                codegen.set_env(name, held)
                _kept.append(held)


#: What code points at: code is never unloaded.
_kept: list[Any] = []


def compile_kernel(
    unit: CompilationUnit, function: pytypes.FunctionType, argument_types: tuple[types.Type, ...]
) -> Kernel:
    """Compile to LLVM code; raises what Numba raises, which can be anything."""
    context = task_context()
    context.refresh()
    library = TaskLibrary(context.codegen(), function.__qualname__)
    library.enable_object_caching()
    prepared = unit.task(function, argument_types)
    with unit.helper(function).being_compiled():
        result = compiler.compile_extra(
            cpu_target.typing_context,
            context,
            prepared,
            args=argument_types,
            return_type=None,
            flags=_flags(unit.options),
            locals={},
            library=library,
            pipeline_class=unit.pipeline,
        )
    context.remove_user_function(result.entry_point)  # helpers call it by another name
    found = result.fndesc
    native = Native.of(found, recursive=unit.findings.recursive)
    environments = {found.env_name: result.environment, **unit.environments()}
    return Kernel(context, library, native, environments, TaskContext.objects)


def _flags(options: Options) -> Any:
    flags: Any = compiler.Flags()
    cpu_target.options.parse_as_flags(flags, options.target_options())
    return flags
