"""Numba's compiler lock, and what has to be there before it is taken.

Numba imports some fifty of its modules under this lock, when something is compiled for the first
time. The import of one of them, `numba.typed.typeddict`, makes the CPU target, which holds a lock
of Numba's for what is made once and then wants the compiler lock. Two threads that meet on these
ways wait for each other. So this module makes the target when it is imported, and who is going to
compile imports the rest first. Under the lock nothing is imported, and no module of the user's
is waited for (docs/design.md has the order of all locks).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,attr-defined"

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator

import numba  # noqa: F401 -- the whole before its parts
from numba.core import entrypoints, event
from numba.core.compiler_lock import global_compiler_lock
from numba.core.event import Event, Listener
from numba.core.registry import cpu_target

from catzilla_jit import forks
from catzilla_jit.compile.target.abandon import go_on
from catzilla_jit.compile.target.warnings_filter import quiet

forks.hold(forks.COMPILER, global_compiler_lock)

cpu_target.typing_context  # noqa: B018 -- made by the first look
cpu_target.target_context  # noqa: B018

#: What Numba imports on the way to its first machine code.
PARTS = {
    "numba.core": "boxing inline_closurecall optional runtime.context typing.arraydecl "
    "typing.bufproto typing.cffi_utils typing.cmathdecl typing.dictdecl typing.enumdecl "
    "typing.listdecl typing.mathdecl typing.setdecl",
    "numba.cpython": "builtins charseq cmathimpl enumimpl hashing heapq iterators listobj mathimpl "
    "numbers printimpl randomimpl rangeobj setobj slicing tupleobj unicode",
    "numba.experimental": "function_type jitclass.base",
    "numba.misc": "cffiimpl gdb_hook literal",
    "numba.np": "arraymath arrayobj linalg npdatetime npyimpl polynomial.polynomial_core "
    "polynomial.polynomial_functions random.generator_core random.generator_methods "
    "random.legacy types.datetime_registry",
    "numba.typed": "dictimpl dictobject listobject setobject typeddict typedlist typedset",
}


class _Passes(Listener):
    """Asks before each pass of Numba's whether the compilation is still wanted."""

    def on_start(self, event: Event) -> None:
        go_on()

    def on_end(self, event: Event) -> None:
        pass


event.register("numba:run_pass", _Passes())


@functools.cache
def import_parts() -> None:
    """Import what Numba would import under its lock."""
    for package, names in PARTS.items():
        for name in names.split():
            go_on()
            with contextlib.suppress(ImportError):  # Numba will say so, if it needs it
                importlib.import_module(f"{package}.{name}")
    importlib.import_module("numpy.ma")
    with quiet():
        entrypoints.init_all()  # extensions of Numba's, by other packages


@contextlib.contextmanager
def compiler() -> Iterator[None]:
    """Hold Numba's compiler lock, with all that is imported under it in place."""
    import_parts()
    with global_compiler_lock, quiet():
        yield
