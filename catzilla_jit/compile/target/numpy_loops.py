"""NumPy's own inner loops: their addresses, as symbols that compiled code names.

A ufunc holds for each signature of types a C function
`void loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data)`, which needs
no GIL. Called from compiled code it is NumPy's arithmetic, to the last bit. Where it lies is read
from the ufunc object, whose layout is NumPy's own affair: before a loop is used for the first time
in a process, what was read is compared with the attributes that Python sees, and some hundred
values computed by the loop with those of the ufunc, bit for bit. Numba is not imported here: code
from the disk cache finds its loops by the names of their symbols.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import ctypes
import dataclasses
import functools
import importlib
import itertools
import math
import re
import sys
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
import numpy

#: The symbols of loops begin with the first, those of their data with the second.
LOOP, DATA = "cz_numpy_loop:", "cz_numpy_data:"
#: Where the ufuncs are that are no attribute of `numpy`, by what their names begin with.
MODULES = {
    "umath": "numpy._core._multiarray_umath",
    "linalg": "numpy.linalg._umath_linalg",
    "fft": "numpy.fft._pocketfft_umath",
}
#: The same of other packages: whoever names such a ufunc has imported the module.
OTHERS = {"special": "scipy.special"}
SIGNATURE = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
)
#: How many values a loop computes for the comparison, and the sizes of the cores of matrices.
COUNT = 257
CORE = 4


class _Layout(ctypes.Structure):
    """`PyUFuncObject`, as far as it is read, of NumPy 1.26 and 2."""

    _fields_ = (
        ("count", ctypes.c_ssize_t),
        ("type", ctypes.c_void_p),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("types", ctypes.POINTER(ctypes.c_char)),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Loop:
    """The symbols of one loop; no data is the null pointer."""

    function: str
    data: str | None


class NoLoop(Exception):
    """A loop cannot be used; the text says why."""


def ufunc_of(name: str) -> Any:
    """Return the ufunc of a name like `exp` or `linalg.inv`; NoLoop where this NumPy has none."""
    module, _, attribute = name.rpartition(".")
    try:
        if module in OTHERS:
            holder: Any = sys.modules[OTHERS[module]]
        else:
            holder = importlib.import_module(MODULES[module]) if module else numpy
        found = getattr(holder, attribute)
    except (ImportError, AttributeError, KeyError):
        raise NoLoop(f"this NumPy has no ufunc {name}") from None
    if not isinstance(found, numpy.ufunc):
        raise NoLoop(f"{name} is no ufunc of this NumPy")
    return found


@functools.cache
def loop(name: str, types: str) -> Loop:
    """Return the loop of a ufunc for types like `dd->d`, registered with LLVM; or NoLoop."""
    ufunc = ufunc_of(name)
    function, data = _addresses(ufunc, types)
    if not _agrees(ufunc, types, function, data):
        raise NoLoop(f"the loop of {name} for {types} does not compute as the ufunc does")
    found = Loop(f"{LOOP}{name}:{types}", f"{DATA}{name}:{types}" if data else None)
    llvm.add_symbol(found.function, function)
    if found.data is not None:
        llvm.add_symbol(found.data, data)
    return found


def provide(symbol: str) -> bool:
    """Register the loop that a symbol of saved code means; False where there is none."""
    name, _, types = symbol.removeprefix(LOOP).removeprefix(DATA).partition(":")
    try:
        found = loop(name, types)
    except NoLoop:
        return False
    return symbol in (found.function, found.data)


def is_loop(symbol: str) -> bool:
    """Tell whether a symbol is that of a loop, or of its data."""
    return symbol.startswith((LOOP, DATA))


def _addresses(ufunc: Any, types: str) -> tuple[int, int]:
    if types not in ufunc.types:
        raise NoLoop(f"the ufunc {ufunc.__name__} has no loop for {types}")
    read = _Layout.from_address(id(ufunc))
    seen = (read.nin, read.nout, read.nargs, read.ntypes, read.name)
    told = (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes, ufunc.__name__.encode())
    if seen != told or not read.functions:
        raise NoLoop("this NumPy lays its ufuncs out in another way")
    place = ufunc.types.index(types)
    numbers = list(read.types[place * ufunc.nargs : (place + 1) * ufunc.nargs])
    wanted = [numpy.dtype(each).num for each in types.replace("->", "")]
    if numbers != wanted or not read.functions[place]:
        raise NoLoop("this NumPy lays its ufuncs out in another way")
    return read.functions[place], (read.data[place] or 0) if read.data else 0


def _agrees(ufunc: Any, types: str, function: int, data: int) -> bool:
    """Compare what a loop computes with what its ufunc does, for all items and for each alone."""
    given, made = types.split("->")
    cores = _cores(ufunc)
    count = COUNT if ufunc.signature is None else 3
    inputs = [_samples(each, cores[i], i, count) for i, each in enumerate(given)]
    kept = [each.copy() for each in inputs]  # that of `linalg.qr_r_raw` writes to its input
    with numpy.errstate(all="ignore"):
        if ufunc.signature is None or ufunc.nout > 1:
            expected = ufunc(*kept, signature=types)
        else:
            shape = (inputs[0].shape[0], *(CORE for _ in cores[-1]))
            out = numpy.zeros(shape, made)
            expected = ufunc(*kept, out, signature=types)
    results = expected if isinstance(expected, tuple) else (expected,)
    found = [numpy.zeros_like(each) for each in results]
    _call(function, data, [*inputs, *found], cores)
    if not all(map(_are_same, [*found, *inputs], [*results, *kept])):
        return False
    if ufunc.signature is not None:
        return True
    for place in range(0, COUNT, 16):
        one = [each[place : place + 1] for each in (*inputs, *map(numpy.zeros_like, results))]
        _call(function, data, one, cores)
        with numpy.errstate(all="ignore"):
            alone = ufunc(*one[: ufunc.nin], signature=types)
        parts = alone if isinstance(alone, tuple) else (alone,)
        if not all(map(_are_same, one[ufunc.nin :], parts)):
            return False
    return True


def _cores(ufunc: Any) -> list[list[str]]:
    """Return the names of the core dimensions of each argument."""
    if ufunc.signature is None:
        return [[] for _ in range(ufunc.nargs)]
    groups = re.findall(r"\(([^)]*)\)", ufunc.signature)
    return [[name.strip(" ?") for name in group.split(",") if name.strip()] for group in groups]


def _call(function: int, data: int, arrays: Sequence[Any], cores: list[list[str]]) -> None:
    names = list(dict.fromkeys(itertools.chain.from_iterable(cores)))
    steps = [each.strides[0] for each in arrays]
    steps += [step for each in arrays for step in each.strides[1:]]
    dimensions = [len(arrays[0])] + [CORE] * len(names)
    pointers = (ctypes.c_void_p * len(arrays))(*(each.ctypes.data for each in arrays))
    sizes = (ctypes.c_ssize_t * len(dimensions))(*dimensions)
    SIGNATURE(function)(pointers, sizes, (ctypes.c_ssize_t * len(steps))(*steps), data)


def _samples(code: str, core: list[str], seed: int, count: int) -> Any:
    """Return values of a type: of all sizes and signs, with those that are special."""
    dtype = numpy.dtype(code)
    place = numpy.arange(count * CORE ** len(core), dtype=numpy.float64)
    spread = (place * (0.618 + 0.21 * seed)) % 1.0
    if core:  # solvable, and positive definite
        values = (spread - 0.5).reshape(count, *([CORE] * len(core)))
        if len(core) == 2:
            values = values + values.transpose(0, 2, 1) + 3.0 * numpy.eye(CORE)
        return values.astype(dtype)
    if dtype.kind in "biu":
        return (spread * 11.0 + (seed == 0) * (place % 3)).astype(dtype)
    values = (spread - 0.45) * 10.0 ** ((place * (3 + seed)) % 12 - 6)
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 2.0, 0.5, 710.0, -745.0, 1e-310]
    values[: len(special)] = numpy.roll(special, seed)[:count]
    with numpy.errstate(all="ignore"):
        if dtype.kind == "c":
            return (values + 1j * values[::-1]).astype(dtype)
        return values.astype(dtype)


def _are_same(left: Any, right: Any) -> bool:
    """Compare bit for bit, but for which NaN it is."""
    if left.dtype.kind not in "fc":
        return bool((left == right).all())
    parts = [numpy.ascontiguousarray(each).view(each.real.dtype) for each in (left, right)]
    return _plain(parts[0]) == _plain(parts[1])


def _plain(values: Any) -> bytes:
    return numpy.where(numpy.isnan(values), numpy.nan, values).astype(values.dtype).tobytes()
