"""NumPy's own functions that sort a line, as symbols that compiled code names.

A dtype holds a table of C functions (`PyArray_ArrFuncs`, a part of NumPy's C API). Among them are
`int sort(void *line, npy_intp n, void *)` and
`int argsort(void *line, npy_intp *places, npy_intp n, void *)`, which need no GIL. Where equal
items end up, and which of two zeros comes first, is theirs
to choose. Before one is used for the first time in a process what it gives is compared with
`numpy.sort` and `numpy.argsort` of lines with equal items. Numba is not imported here.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import ctypes
import functools
import importlib
from typing import Any

import llvmlite.binding as llvm
import numpy

SORT = "cz_numpy_sort:"
#: Where the functions are in the table, by the kind of sort: those are three of each.
SORTS, PLACES = 33, 36
KINDS = {"quicksort": 0, "heapsort": 1, "stable": 2, "mergesort": 2}
#: The number of `PyDataType_GetArrFuncs` in NumPy's table of functions (NumPy 2).
GET_FUNCTIONS = 365
LENGTHS = (1, 2, 15, 16, 17, 65, 257, 1025)
CODES = "?bBhHiIlLfd"

_SORT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_void_p)
_PLACES = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_void_p
)


def symbol(of_places: bool, kind: str, code: str) -> str | None:
    """Return the symbol of a function, registered with LLVM; None where this NumPy has none."""
    address = _address(of_places, KINDS[kind], code)
    if address is None:
        return None
    name = f"{SORT}{int(of_places)}:{kind}:{code}"
    llvm.add_symbol(name, address)
    return name


def provide(name: str) -> bool:
    """Register the function that a symbol of saved code means; False where there is none."""
    places, kind, code = name.removeprefix(SORT).split(":")
    return symbol(places == "1", kind, code) is not None


def is_sort(name: str) -> bool:
    return name.startswith(SORT)


@functools.cache
def _address(of_places: bool, kind: int, code: str) -> int | None:
    table = _functions(code)
    if table is None:
        return None
    address = table[(PLACES if of_places else SORTS) + kind]
    return address if address and _agrees(address, of_places, kind, code) else None


def _functions(code: str) -> Any:
    """Return the table of a dtype."""
    if code not in CODES or numpy.lib.NumpyVersion(numpy.__version__) < "2.0.0":
        return None
    core: Any = importlib.import_module("numpy._core._multiarray_umath")
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    api = ctypes.cast(get(core._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    table = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object)(api[GET_FUNCTIONS])
    return ctypes.cast(table(numpy.dtype(code)), ctypes.POINTER(ctypes.c_void_p))


def _agrees(address: int, of_places: bool, kind: int, code: str) -> bool:
    """Compare with NumPy: lines of many sizes, with equal items, zeros of both signs and NaN."""
    name: Any = ("quicksort", "heapsort", "stable")[kind]
    for length in LENGTHS:
        for spread in (7, 1000):
            line = _line(length, spread, code)
            if of_places:
                places = numpy.arange(length)
                _PLACES(address)(line.ctypes.data, places.ctypes.data, length, None)
                same = bool((places == numpy.argsort(line, kind=name)).all())
            else:
                own = line.copy()
                _SORT(address)(own.ctypes.data, length, None)
                same = own.tobytes() == numpy.sort(line, kind=name).tobytes()
            if not same:
                return False
    return True


def _line(length: int, spread: int, code: str) -> Any:
    values = numpy.arange(length) * 7919 % 1000003 % spread
    if code not in "fd":
        return values.astype(code)
    floats = numpy.where(values % 3 == 0, -1.0, 1.0) * (values // 2)
    floats[values == 5] = numpy.nan
    return floats.astype(code)
