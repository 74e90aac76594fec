"""What Numba needs of a kernel's library in another process, as bytes, and back.

That is the bitcode (for the chunk functions), the symbols and types, and the constants that
boxing and exceptions need. Code that holds addresses of this process is not saved. Caller holds
Numba's compiler lock.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import importlib
import pickle
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core.environment import lookup_environment
from numba.core.runtime import rtsys

from catzilla_jit.compile.backend.elf import defined
from catzilla_jit.compile.backend.kernel import Kernel, Native
from catzilla_jit.compile.cache.saved_task import Facts, Saved, SavedChunk, unpickled, variables_of
from catzilla_jit.compile.target import depth_table  # noqa: F401 -- saved code needs its table
from catzilla_jit.compile.target.context import task_context
from catzilla_jit.compile.target.variable_names import ENVIRONMENT

#: A global of this name holds the address of a function that is compiled later (mutual recursion).
UNRESOLVED = ".numba.unresolved$"
#: What comes of constants that cannot be saved.
NO_PICKLE = (pickle.PicklingError, TypeError, AttributeError, ValueError, RuntimeError)
#: In the object code of what uses Numba's runtime (reference counts). To make that ready takes as
#: long as to load the rest, and code on plain numbers does without.
RUNTIME = b"NRT_"
#: In the object code of what hashes text, which reads this process's secret by these names. The
#: import of Numba's module gives them their addresses.
SECRET = b"_numba_hashsecret"


def freeze(kernel: Kernel, facts: Facts) -> Saved | None:
    """Return the saved form, or None when this task cannot be saved."""
    if not is_free(kernel.library):
        return None
    found = _library(kernel.library, kernel.native)
    if found is None:
        return None
    environments = {**kernel.environments, **_numbas(found[0])}
    constants = {name: list(env.consts) for name, env in environments.items()}
    objects = {name: kernel.objects[name] for name in kernel.objects.keys() & defined(found[0])}
    try:
        return Saved(facts, found[0], pickle.dumps((constants, objects)), found[1])
    except NO_PICKLE:
        return None


def freeze_chunk(symbol: str, library: Any) -> SavedChunk | None:
    """Return the saved form of a chunk function's library, or None."""
    found = _library(library, None) if is_free(library) else None
    return None if found is None else SavedChunk(symbol, *found)


def thaw(task: Saved, variables: dict[str, Any]) -> Kernel:
    """Load the code of a saved task into Numba's engine; its variables are made already."""
    native, library = _thawed(task)
    assert isinstance(native, Native)
    kernel = Kernel(task_context(), library, native, variables, {})
    kernel.bind()
    return kernel


def thaw_chunk(chunk: SavedChunk) -> Any:
    """Load the code of a saved chunk function into Numba's engine; return its library."""
    return _thawed(chunk)[1]


def _numbas(object_code: bytes) -> dict[str, Any]:
    """Return the environments of Numba's own functions that the code is made of."""
    names = {name for name in variables_of(object_code) if name.startswith(ENVIRONMENT)}
    found = {name: lookup_environment(name) for name in names}
    return {name: environment for name, environment in found.items() if environment is not None}


def is_free(library: Any) -> bool:
    """Tell whether a library's code holds no address of this process."""
    names = [value.name for value in library._final_module.global_variables]
    return not library.has_dynamic_globals and not any(n.startswith(UNRESOLVED) for n in names)


def _library(library: Any, more: Any) -> tuple[bytes, bytes] | None:
    """Return the machine code of a finished library, and the rest; None if it cannot be saved."""
    try:
        name, kind, (object_code, bitcode) = library.serialize_using_object_code()
        return object_code, pickle.dumps((name, kind, bitcode, more))
    except NO_PICKLE:
        return None


def _thawed(saved: Saved | SavedChunk) -> tuple[Any, Any]:
    name, kind, bitcode, more = unpickled(saved.rest)
    context = task_context()
    if RUNTIME in saved.object_code:
        rtsys.initialize(context)
    if SECRET in saved.object_code:
        importlib.import_module("numba.cpython.hashing")
    code = (name, kind, (saved.object_code, bitcode))
    return more, context.codegen().unserialize_library(code)
