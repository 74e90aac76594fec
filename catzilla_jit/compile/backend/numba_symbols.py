"""Numba's C functions without Numba: what compiled code with text or containers refers to.

Numba's reference counts, dicts and helpers are three extension modules, whose import takes a
millisecond or two; that of the package around them, with the compiler, takes a hundred. The
symbols that they define are given to LLVM under the names and with the meanings that
`numba.core.base` and `numba.core.runtime.nrt` give them.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import _imp
import builtins
import functools
import importlib
import importlib.machinery
import importlib.util
import pathlib
import sys
from collections.abc import Iterable
from typing import Any

import llvmlite.binding as llvm
import numpy

from catzilla_jit.compile.target import array_memory

HELPERS = "numba._helperlib"
RUNTIME = "numba.core.runtime._nrt_python"
ENVIRONMENT = "numba._dynfunc"
#: Numba's functions that find their own in SciPy when they are first called.
LINEAR_ALGEBRA = {
    "numba_ez_cgeev", "numba_ez_gelsd", "numba_ez_geqrf", "numba_ez_gesdd", "numba_ez_rgeev",
    "numba_ez_xxgetri", "numba_ez_xxgqr", "numba_ez_xxxevd", "numba_xgesv", "numba_xxdot",
    "numba_xxgemm", "numba_xxgemv", "numba_xxgetrf", "numba_xxnrm2", "numba_xxpotrf",
}  # fmt: skip
SCIPYS = ("scipy.linalg.cython_blas", "scipy.linalg.cython_lapack")
#: Where CPython keeps what its hashes of text depend on, and Numba's names for the parts (bytes).
SECRET = "_Py_HashSecret"
SECRETS = {"siphash_k0": 0, "siphash_k1": 8, "djbx33a_suffix": 16}


@functools.cache
def register() -> bool:
    """Give LLVM the symbols; False where this Numba is built otherwise. Once per process."""
    try:
        helpers, runtime, environment = extensions()
        tables = {
            "numba_": {**helpers.c_helpers, **environment.c_helpers},
            "": {_runtime_name(name): at for name, at in runtime.c_helpers.items()},
        }
        if "numba.core.runtime.nrt" not in sys.modules:
            # What its import does. Later it would be too late for what is allocated by then.
            runtime.memsys_use_cpython_allocator()
    except (ImportError, AttributeError, OSError):
        return False
    for prefix, table in tables.items():
        for name, address in table.items():
            llvm.add_symbol(prefix + name, address)
    array_memory.provide(runtime)
    for each in vars(builtins).values():
        if isinstance(each, type) and issubclass(each, BaseException):
            llvm.add_symbol(f"PyExc_{each.__name__}", id(each))
    secret = llvm.address_of_symbol(SECRET)
    if secret is not None:
        for name, offset in SECRETS.items():
            llvm.add_symbol(f"_numba_hashsecret_{name}", secret + offset)
    return True


def is_complete(names: Iterable[str]) -> bool:
    """Import what functions of these names would import on a worker; False if it is not there."""
    if LINEAR_ALGEBRA.isdisjoint(names):
        return True
    try:
        for name in SCIPYS:
            importlib.import_module(name)
    except ImportError:
        return False
    return True


def extensions() -> tuple[Any, Any, Any]:
    """Return the extension modules: of helpers, of reference counts, of environments."""
    helpers, runtime, environment = map(_extension, (HELPERS, RUNTIME, ENVIRONMENT))
    return helpers, runtime, environment


def _runtime_name(name: str) -> str:
    return name if name.startswith("_") else f"NRT_{name}"


@functools.cache
def _extension(name: str) -> Any:
    """Import an extension module of Numba's, of which the package is not imported for it."""
    _imp.acquire_lock()  # meanwhile no other thread begins to import Numba
    try:
        if "numba" not in sys.modules:
            return _alone(name)
    finally:
        _imp.release_lock()
    importlib.import_module("numba")  # another thread may be at it
    return importlib.import_module(name)


def _alone(name: str) -> Any:
    """Load an extension module that Numba's own import, later, finds as if it were the first."""
    package = importlib.util.find_spec("numba")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("Numba is not installed")
    *folders, last = name.split(".")[1:]
    folder = pathlib.Path(package.origin).parent.joinpath(*folders)
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = folder / (last + suffix)
        if path.exists():
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            # Numba's own import does not initialize it again (CPython keeps what it made), and
            # makes it an attribute of its package.
            sys.modules.pop(name, None)
            return module
    raise ModuleNotFoundError(name)


def environment(constants: list[Any]) -> Any:
    """Return what Numba's code reads its constants from."""
    made = _extension(ENVIRONMENT).Environment({})
    made.consts.extend(interned(constants))
    return made


def interned(constants: list[Any]) -> list[Any]:
    """Return the constants as Python has them: keys of dicts are among them, which it interns."""
    return [sys.intern(each) if type(each) is str else each for each in constants]


def point_at(address: int, held: Any) -> None:
    """Store an object in the code's variable for it, which keeps no reference."""
    _Word(address).array()[0] = id(held)


class _Word:
    """Eight bytes at an address, as NumPy takes them."""

    def __init__(self, address: int) -> None:
        self.__array_interface__ = {
            "data": (address, False), "shape": (1,), "typestr": "<u8", "version": 3,
        }  # fmt: skip

    def array(self) -> Any:
        return numpy.asarray(self)
