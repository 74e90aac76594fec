"""A compiled task as bytes, and back.

Saved are the machine code (and its bitcode, for the chunk functions), the symbols, the layout,
and the constants that boxing and exceptions need. Code that holds addresses of this process is
not saved. Caller holds Numba's compiler lock.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import importlib
import pickle
import sys
from typing import Any

from numba.core import lowering
from numba.core.runtime import rtsys

from catzilla_jit.compile import stack  # noqa: F401 -- saved code needs its table
from catzilla_jit.compile.context import task_context
from catzilla_jit.compile.kernel import Environments, Kernel, Native
from catzilla_jit.compile.slots import Slot

#: A global of this name holds the address of a function that is compiled later (mutual recursion).
UNRESOLVED = ".numba.unresolved$"
#: In the object code of what uses Numba's runtime (reference counts). To make that ready takes as
#: long as to load the rest, and code on plain numbers does without.
RUNTIME = b"NRT_"
#: In the object code of what hashes text, which reads this process's secret by these names. The
#: import of Numba's module gives them their addresses.
SECRET = b"_numba_hashsecret"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of a compiled task beside its code; the slots are without addresses."""

    signature: str
    slots: tuple[Slot, ...]
    payload_size: int
    entry: str  # the symbol
    boxes: dict[str, list[str]]  # the symbols of pack, unpack, release, by slot
    interruptible: bool
    pure: bool


def to_bytes(kernel: Kernel, facts: Facts) -> bytes | None:
    """Return the saved form, or None when this task cannot be saved."""
    library = kernel.library
    names = [value.name for value in library._final_module.global_variables]
    if library.has_dynamic_globals or any(name.startswith(UNRESOLVED) for name in names):
        return None
    constants = [(name, list(env.consts)) for name, env in kernel.environments.items()]
    try:
        code = library.serialize_using_object_code()
        return pickle.dumps((code, kernel.native, constants, facts))
    except (pickle.PicklingError, TypeError, AttributeError, ValueError, RuntimeError):
        return None


def from_bytes(data: bytes) -> tuple[Kernel, Facts] | None:
    """Load the code of a saved task; None when the data is not one."""
    try:
        code, native, constants, facts = pickle.loads(data)
    except Exception:  # damaged data can raise anything
        return None
    if not (isinstance(native, Native) and isinstance(facts, Facts)):
        return None
    context = task_context()
    if RUNTIME in code[2][0]:
        rtsys.initialize(context)
    if SECRET in code[2][0]:
        importlib.import_module("numba.cpython.hashing")
    library = context.codegen().unserialize_library(code)
    environments: Environments = {}
    for name, values in constants:
        environments[name] = _environment(name, values)
    return Kernel(context, library, native, environments, code[2][0]), facts


def _environment(name: str, constants: list[Any]) -> Any:
    environment = lowering.Environment({})
    environment.env_name = name
    # The keys of a dict are among them, and Python would have interned those.
    environment.consts.extend(sys.intern(v) if type(v) is str else v for v in constants)
    return environment
