"""Code libraries whose machine code is made when somebody asks for an address in them.

A task that works on text needs some fifty of Numba's functions. Numba optimises each in full and
makes machine code of it, which nobody runs: the task's own library links a copy of their LLVM
code, is optimised with it, and is all that is called. While a task is compiled (`deferring`) the
libraries that Numba makes are of the kind defined here: optimised lightly, so that they are
inlined into their callers as small as they can be, and made in full for who wants an address.

Numba's own functions are compiled once per process, for all its users, so that must look to them
as it always did. Caller holds Numba's compiler lock.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import targetconfig
from numba.core.codegen import JITCodeLibrary, RuntimeLinker
from numba.core.dispatcher import Dispatcher
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from catzilla_jit.compile.target.abandon import go_on


class DeferredLibrary(JITCodeLibrary):
    """The library of a helper: LLVM code, and machine code once that is wanted."""

    is_made = False

    def add_llvm_module(self, module: Any) -> None:
        """Take the module as it is; the first pass over a function is part of the others."""
        module.data_layout = self._codegen._data_layout
        self._final_module.link_in(module)

    def finalize(self) -> None:
        """Link what the code calls, and optimise it for its callers."""
        self._raise_if_finalized()
        go_on()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        # With vectors: a loop that is inlined first is not found to be one for them later.
        passes, builder = self._codegen._module_pass_manager(opt=1)
        passes.run(self._final_module, builder)
        self._finalize_dynamic_globals()
        self._finalized = True
        if _calls_by_address(self._final_module):
            # What it calls finds it by its address, and only where it has one.
            rtsys.library.get_pointer_to_function("nrt_unresolved_abort")
            self._make()

    def _make(self) -> None:
        if not self.is_made:
            self._optimize_final_module()
            self._finalize_final_module()

    def _finalize_final_module(self) -> None:
        self.is_made = True
        super()._finalize_final_module()

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        if not self.is_made and not _defines(self._final_module, name):
            return 0
        self._make()
        return super().get_pointer_to_function(name)

    def _get_compiled_object(self) -> Any:
        self._make()
        return super()._get_compiled_object()


def _calls_by_address(module: Any) -> bool:
    """Tell whether a function calls itself through others, for which Numba has a table."""
    return any(each.name.startswith(RuntimeLinker.PREFIX) for each in module.global_variables)


def _defines(module: Any, name: str) -> bool:
    try:
        return not module.get_function(name).is_declaration
    except NameError:
        return False


def kept_library(codegen: Any, name: str, module: Any) -> DeferredLibrary:
    """Return a library of code that was finalized before, in another process."""
    library: DeferredLibrary = codegen.create_library(name)
    library._final_module = module
    library._finalized = True
    return library


def is_deferring() -> bool:
    """Tell whether a task is being compiled, not a function of Numba's user."""
    return "_library_class" in vars(cpu_target.target_context.codegen())


@contextlib.contextmanager
def deferring(adopt: Callable[[Any], None]) -> Iterator[None]:
    """Have Numba make libraries of the kind above, until the context ends.

    adopt: is called with a dispatcher of Numba's before that compiles.
    """
    context = cpu_target.target_context
    codegen = context.codegen()
    if is_deferring():
        yield
        return
    environments: dict[str, Any] = {}
    context.create_cfunc_wrapper = _write_wrapper
    dispatchers: Any = Dispatcher
    compile_for = dispatchers.compile

    def adopted(dispatcher: Any, signature: Any) -> Any:
        adopt(dispatcher)
        return compile_for(dispatcher, signature)

    codegen._library_class = DeferredLibrary
    dispatchers.compile = adopted
    codegen.set_env = environments.__setitem__  # the variable that Numba sets is not there yet
    try:
        yield
    finally:
        dispatchers.compile = compile_for
        del codegen._library_class, codegen.set_env, context.create_cfunc_wrapper
        _bind(codegen, environments)


def _write_wrapper(*arguments: Any) -> None:
    """Write what C code would call; nothing for a function that Python cannot call either.

    Such are Numba's own, and Numba writes it for each.
    """
    if not targetconfig.ConfigStack().top().no_cpython_wrapper:
        context = cpu_target.target_context
        type(context).create_cfunc_wrapper(context, *arguments)


def _bind(codegen: Any, environments: dict[str, Any]) -> None:
    """Give each environment its variable, which code that is made later finds by its name."""
    engine = codegen._engine
    missing = [name for name in environments if not engine.is_symbol_defined(name)]
    if missing:
        library = codegen.create_library("cz_environments")
        module = library.create_ir_module("cz_environments")
        pointer = ir.IntType(8).as_pointer()
        for name in missing:
            variable = ir.GlobalVariable(module, pointer, name)
            variable.linkage = "common"
            variable.initializer = ir.Constant(pointer, None)
        library._final_module.link_in(llvm.parse_assembly(str(module)))
        library._finalize_final_module()
    for name, environment in environments.items():
        codegen.set_env(name, environment)
