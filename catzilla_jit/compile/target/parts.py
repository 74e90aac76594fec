"""The import of this module imports what Numba would import under its compiler lock."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import contextlib
import importlib

import numba  # noqa: F401 -- the whole before its parts
from numba.core import entrypoints

from catzilla_jit.compile.target.abandon import go_on
from catzilla_jit.compile.target.warnings_filter import quiet

#: What Numba imports on the way to its first machine code.
PARTS = {
    "numba.core": "boxing inline_closurecall optional runtime.context typing.arraydecl "
    "typing.bufproto typing.cffi_utils typing.cmathdecl typing.dictdecl typing.enumdecl "
    "typing.listdecl typing.mathdecl typing.npdatetime typing.setdecl",
    "numba.cpython": "builtins charseq cmathimpl enumimpl hashing heapq iterators listobj mathimpl "
    "numbers printimpl randomimpl rangeobj setobj slicing tupleobj unicode",
    "numba.experimental": "function_type jitclass.base",
    "numba.misc": "cffiimpl gdb_hook literal",
    "numba.np": "arraymath arrayobj linalg npdatetime npyimpl polynomial.polynomial_core "
    "polynomial.polynomial_functions random.generator_core random.generator_methods "
    "random.legacy types.datetime_registry",
    "numba.typed": "dictimpl dictobject listobject setobject typeddict typedlist typedset",
}

for package, names in PARTS.items():
    for name in names.split():
        go_on()
        with contextlib.suppress(ImportError):  # Numba will say so, if it needs it
            importlib.import_module(f"{package}.{name}")
importlib.import_module("numpy.ma")
with quiet():
    entrypoints.init_all()  # extensions of Numba's, by other packages
