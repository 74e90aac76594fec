"""Machine code that was saved: made executable without Numba.

Code on plain numbers refers to the C library and to nothing else. Other code needs Numba's C
functions (`numba_symbols.py`), and an environment: the constants that boxing and exceptions use.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import Any

import llvmlite.binding as llvm

from catzilla_jit import forks
from catzilla_jit.compile.backend import numba_symbols
from catzilla_jit.compile.backend.elf import defined, undefined
from catzilla_jit.compile.target import (
    depth_table,  # noqa: F401 -- saved code needs its table
    fork_symbols,  # noqa: F401 -- and these functions
    numpy_loops,
    numpy_random,
    numpy_sorts,
)

#: What a symbol that Numba or Python has to provide begins with.
FOREIGN = ("NRT_", "numba", "_numba", "Py", "_Py")

#: What imports modules of Numba's: code of the user's `@njit` functions. It is left to Numba, with
#: which they are there already.
IMPORTING = {"numba_unpickle", "numba_runtime_build_excinfo_struct", "PyImport_ImportModule"}

#: Around every use of the engine; held during a fork, so that the child finds it free.
LOCK = threading.RLock()
forks.hold(forks.ENGINE, LOCK)


def is_plain(data: bytes) -> bool:
    """Tell whether an object file is code that `load` takes and that needs nothing of Numba's."""
    names = undefined(data)
    return names is not None and not _are_foreign(names) and are_known(names)


def is_loadable(data: bytes) -> bool:
    """Tell whether an object file is code that `load` takes."""
    names = undefined(data)
    if names is None or not IMPORTING.isdisjoint(names):
        return False
    # Before the lock: both import.
    if _are_foreign(names) and not (_is_registered() and numba_symbols.is_complete(names)):
        return False
    return are_known(names)


def _is_registered() -> bool:
    with LOCK:
        _engine()  # it is what opens the program's own symbols to LLVM
    return numba_symbols.register()


def _are_foreign(names: Iterable[str]) -> bool:
    return any(name.startswith(FOREIGN) for name in names)


def are_known(names: Iterable[str]) -> bool:
    """Tell whether LLVM knows the symbols: another would end the process."""
    if not _are_provided(names):
        return False
    with LOCK:
        _engine()  # it is what opens the program's own symbols to LLVM
        return all(llvm.address_of_symbol(name) is not None for name in names)


def has_loops(data: bytes) -> bool:
    """Register the loops of NumPy's that code calls; False if NumPy has not all of them."""
    names = undefined(data)
    return names is not None and _are_provided(names)


def _are_provided(names: Iterable[str]) -> bool:
    given = list(names)
    return (
        all(map(numpy_loops.provide, filter(numpy_loops.is_loop, given)))
        and all(map(numpy_sorts.provide, filter(numpy_sorts.is_sort, given)))
        and all(map(numpy_random.provide, filter(numpy_random.is_random, given)))
    )


def load(data: bytes, symbols: Iterable[str], variables: dict[str, Any]) -> dict[str, int]:
    """Make an object file executable; return the addresses of these of its functions.

    variables: what the code's variables of these names are to point at.
    """
    with LOCK:
        engine = _engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        engine.finalize_object()
        for name in variables.keys() & defined(data):
            numba_symbols.point_at(engine.get_global_value_address(name), variables[name])
            _kept.append(variables[name])
        return {symbol: engine.get_function_address(symbol) for symbol in symbols}


def assemble(source: str, symbols: Iterable[str]) -> dict[str, int]:
    """Make LLVM code executable; return the addresses of these of its functions."""
    with LOCK:
        engine = _engine()
        module = llvm.parse_assembly(source)
        module.verify()
        engine.add_module(module)
        engine.finalize_object()
        return {symbol: engine.get_function_address(symbol) for symbol in symbols}


#: What the code points at lives as long as the code.
_kept: list[Any] = []


@functools.cache
def _engine() -> Any:
    """Return the owner of the code; it lives as long as the process, like Numba's own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
