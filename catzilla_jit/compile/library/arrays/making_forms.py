"""Arrays that are made of others, or of numbers: joined, turned, spaced."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types
from numba.np import numpy_support

from catzilla_jit.compile.library.arrays import conversion_forms, list_arrays, making
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Choice, Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import joining, signatures

#: More arrays, or numbers that are written out, than this are left to NumPy.
MOST, MOST_NUMBERS = 16, 64
NEW = numpy.lib.NumpyVersion(numpy.__version__) >= "2.0.0"


def _is_table(type_: Any, *dimensions: int) -> bool:
    """Tell whether it is an aligned array of numbers, of one dimension or without gaps."""
    known = isinstance(type_, types.Array) and type_.aligned and type_.dtype in signatures.DTYPES
    return known and type_.ndim in dimensions and (type_.ndim == 1 or type_.layout == "C")


def _is_int(type_: Any) -> bool:
    return types.unliteral(type_) == types.int64


def _is_number(type_: Any) -> bool:
    return types.unliteral(type_) in (types.int64, types.float64)


def dtype_of(constant: Any) -> Any:
    """Return the Numba type of elements that a constant like `float` means, None for others."""
    if type(constant) is str or isinstance(constant, numpy.dtype):
        try:
            constant = numpy.dtype(constant)
        except TypeError:
            return None
        constant = constant.type if constant.isnative else None
    known = (float, int, bool, complex, numpy.number, numpy.bool_)
    if not isinstance(constant, type) or not issubclass(constant, known):
        return None
    try:
        found: Any = numpy_support.from_dtype(numpy.dtype(constant))
    except (TypeError, NotImplementedError):
        return None
    return found if found in signatures.DTYPES else None


def _joined(name: str) -> Any:
    def make(_given: Any, *, shape: tuple[int, ...], axis: Any = 0) -> Any:
        if type(axis) is not int or shape[0] > MOST:
            return None
        return joining.joining(name, axis, shape[0])

    return make


def _joined_of_list(name: str) -> Any:
    """Return what makes the chooser, for arrays in a list that is not written out."""

    def make(_given: Any, *, axis: Any = 0) -> Any:
        return list_arrays.joined(name, axis) if type(axis) is int else None

    return make


def _appended(given: Any, *, axis: Any = None) -> Any:
    if len(given) != 2 or (axis is not None and type(axis) is not int):
        return None
    return joining.joining("append" if axis is None else "concatenate", axis or 0, 2)


def _array(given: Any, *, shape: tuple[int, ...], dtype: Any = None) -> Any:
    wanted = None if dtype is None else dtype_of(dtype)
    if math.prod(shape) > MOST_NUMBERS or (dtype is not None and wanted is None):
        return None
    return joining.array_of(shape, joining.HANDED if "dtype" in given else wanted)


def by_text(
    name: str,
    arguments: str,
    *lines: str,
    fits: Callable[..., bool],
    certain: bool = True,
    **used: Any,
) -> Choice:
    """Return the chooser of a function of these lines, for types that fit."""
    function = written(name, arguments, lines, numpy=numpy, **used)

    def ours(*given: Any) -> Function | None:
        return function if fits(*given) else None

    return choice_of(name, ours, certain=certain)


def _of(function: Function, fits: Callable[..., bool], *, certain: bool = True) -> Choice:
    return choice_of(function.__name__, lambda *given: function if fits(*given) else None,
                     certain=certain)  # fmt: skip


# -- views


def _expanded(_given: Any, *, axis: Any = None) -> Any:
    if type(axis) is not int:
        return None

    def ours(array: Any) -> Function | None:
        if not isinstance(array, types.Array) or not -array.ndim - 1 <= axis <= array.ndim:
            return None
        index = [":"] * array.ndim
        index.insert(axis % (array.ndim + 1), "None")
        return _indexed(", ".join(index))

    return choice_of("expand_dims", ours, certain=True)


@functools.cache
def _indexed(index: str) -> Function:
    return written("view", "values", [f"return values[{index}]"])


def _atleast_2d(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not isinstance(array, types.Array) or array.ndim == 0:
            return None
        return _indexed("None, :" if array.ndim == 1 else ":")

    return choice_of("atleast_2d", ours, certain=True)


def _flipped(_given: Any, *, axis: Any = None) -> Any:
    def ours(array: Any) -> Function | None:
        if not isinstance(array, types.Array) or array.ndim == 0:
            return None
        if axis is not None and not (type(axis) is int and -array.ndim <= axis < array.ndim):
            return None
        place = None if axis is None else axis % array.ndim
        turned = ["::-1" if place in (None, i) else ":" for i in range(array.ndim)]
        return _indexed(", ".join(turned))

    return choice_of("flip", ours, certain=True)


def _quarter_turned(_given: Any, *, k: Any = 1) -> Any:
    if type(k) is not int:
        return None
    shown = ("[:]", "[:, ::-1].T", "[::-1, ::-1]", ".T[:, ::-1]")[k % 4]

    def ours(table: Any) -> Function | None:
        if not isinstance(table, types.Array) or table.ndim != 2:
            return None
        return written("turned", "values", [f"return values{shown}"])

    return choice_of("rot90", ours, certain=True)


def _flipped_along(axis: int) -> Any:
    return lambda _given: _flipped((), axis=axis)


# -- arrays of their own


def _identity(given: Any, *, dtype: Any = None) -> Any:
    return _eye(given, dtype=dtype)


def _eye(given: Any, *, k: Any = 0, dtype: Any = None, M: Any = None) -> Any:
    element = types.float64 if dtype is None else dtype_of(dtype)
    if M is not None and type(M) is not int:
        return None
    if element is None or ("k" not in given and type(k) is not int):
        return None
    wide = "M" if "M" in given else given[0] if M is None else str(M)
    lines = f"return eye(zeros(({given[0]}, {wide}), dtype), {'k' if 'k' in given else k})"
    return by_text(
        "eye_of", ", ".join(given), lines, fits=lambda *sizes: all(map(_is_int, sizes)),
        eye=making.eye, zeros=numpy.zeros, dtype=numpy_support.as_dtype(element),
    )  # fmt: skip


def _diag(_given: Any, *, k: Any = 0) -> Any:
    if type(k) is not int:
        return None
    of_line = written("diag_of", "line", [f"return diag(line, {k})"], diag=making.diag)

    def ours(array: Any) -> Function | None:
        return of_line if _is_table(array, 1) else conversion_forms.diagonal_of(array, k)

    return choice_of("diag_of", ours, certain=True)


def _diag_of_all(_given: Any, *, k: Any = 0) -> Any:
    if type(k) is not int:
        return None
    return by_text("diagflat_of", "values", f"return diag(values.ravel(), {k})",
                   fits=lambda array: _is_table(array, 1, 2), diag=making.diag)  # fmt: skip


def _triangle(name: str) -> Any:
    def make(_given: Any, *, k: Any = 0) -> Any:
        if type(k) is not int:
            return None
        return by_text(f"{name}_of", "table", f"return {name}(table, {k})",
                       fits=lambda array: _is_table(array, 2),
                       **{name: getattr(making, name)})  # fmt: skip

    return make


def _tile(_given: Any) -> Any:
    return _of(making.tile, lambda array, count: _is_table(array, 1) and _is_int(count))


def _tiled(_given: Any, *, reps: Any = None) -> Any:
    """Repeat by constants: a number of times, or so many rows and columns."""
    several = isinstance(reps, tuple) and len(reps) == 2 and all(type(r) is int for r in reps)
    if type(reps) is int:
        reps, several = (1, reps), False
    elif not several:
        return None

    def ours(array: Any) -> Function | None:
        if not _is_table(array, 1, 2):
            return None
        table = "values" if array.ndim == 2 else "values.reshape(1, values.size)"
        line = "" if several or array.ndim == 2 else ".reshape(values.size * across)"
        return written("tiled", "values",
                       [f"across = {reps[1]}", f"return tile({table}, {reps[0]}, across){line}"],
                       tile=making.tile_table)  # fmt: skip

    return choice_of("tile", ours, certain=True)


def _repeated(_given: Any, *, axis: Any = None) -> Any:
    if axis not in (0, 1, -1, -2) or type(axis) is not int:
        return None
    function = making.repeat_rows if axis in (0, -2) else making.repeat_columns
    of_line = written("repeated", "a, count", ["return numpy.repeat(a, count)"], numpy=numpy)

    def ours(array: Any, count: Any) -> Function | None:
        if not _is_int(count):
            return None
        if axis in (0, -1) and _is_table(array, 1):
            return of_line
        return function if _is_table(array, 2) else None

    return choice_of(function.__name__, ours, certain=True)


def _rolled(_given: Any, *, axis: Any = None) -> Any:
    if axis not in (0, 1, -1, -2) or type(axis) is not int:
        return None
    function = making.roll_rows if axis in (0, -2) else making.roll_columns
    return _of(function, lambda array, count: _is_table(array, 2) and _is_int(count))


def _meshgrid(given: Any, *, indexing: Any = "xy") -> Any:
    if indexing not in ("xy", "ij") or len(given) != 2 or not NEW:
        return None
    function = making.meshgrid if indexing == "xy" else making.meshgrid_ij
    return _of(function, lambda *lines: all(_is_table(each, 1) for each in lines))


# -- spaced


def _linspace(given: Any, *, endpoint: Any = True, retstep: Any = False, dtype: Any = None) -> Any:
    if retstep is not False or dtype not in (None, float) or "stop" not in given:
        return None
    if endpoint is True:
        lines = f"return numpy.linspace({', '.join(given)})"
        return by_text("linspace_of", ", ".join(given), lines, fits=_are_numbers)
    if endpoint is not False or not making.IS_PLAIN:
        return None
    count = "num" if "num" in given else "50"
    lines = f"return open_space(float(start), float(stop), {count})"
    return by_text("linspace_of", ", ".join(given), lines, fits=_are_numbers, certain=True,
                   open_space=making.open_space)  # fmt: skip


def _are_numbers(*given: Any) -> bool:
    return all(map(_is_number, given)) and all(map(_is_int, given[2:]))


def _arange(given: Any, *, dtype: Any = None) -> Any:
    dtype = {types.float64: float, types.int64: int}.get(dtype_of(dtype), dtype)
    if dtype not in (None, float, int) or not making.IS_PLAIN:
        return None
    if given == ("first",) and dtype is None:
        return None  # of ints most often, which needs nothing
    if "start" in given and "stop" not in given:
        return None  # NumPy raises

    def ours(*types_: Any) -> Function | None:
        whole = all(map(_is_int, types_))
        if not all(map(_is_number, types_)) or (dtype is int and not whole):
            return None
        start, stop = given[:2] if "stop" in given else ("0", given[0])
        step = "step" if "step" in given else "1"
        call = f"numpy.arange({start}, {stop}, {step})"
        if dtype is float or not whole:
            call = f"arange({start}, {stop}, {step})"
        return written("arange_of", ", ".join(given), [f"return {call}"], numpy=numpy,
                       arange=making.arange)  # fmt: skip

    return choice_of("arange", ours, certain=True)


_SIDES = ("N", "M", "k", "dtype")
_EYE = Form(_SIDES, ("N",), _eye, other=Form(
    _SIDES, ("N", "M"), _eye, other=Form(_SIDES, ("N", "M", "k"), _eye,
                                         other=Form(_SIDES, ("N", "k"), _eye))))  # fmt: skip
_TILE = Form(("A", "reps"), ("A",), _tiled, other=Form(("A", "reps"), ("A", "reps"), _tile))
FUNCTIONS: dict[Any, Form] = {
    **{
        getattr(numpy, name): Form(
            ("arrays", *unnamed, "axis"), (), _joined(name), "arrays",
            other=Form(("arrays", *unnamed, "axis"), ("arrays",), _joined_of_list(name)),
        )
        for name, unnamed in (("concatenate", ("/",)), ("stack", ()))
    },
    **{
        getattr(numpy, name): Form(("tup",), (), _joined(name), "tup",
                                   other=Form(("tup",), ("tup",), _joined_of_list(name)))
        for name in ("vstack", "hstack", "column_stack")
    },
    **{
        getattr(numpy, name): Form(
            (first, "dtype"), (), _array, first, 2,
            other=Form((first, "dtype"), ("dtype",), _array, first, 2, conversion_forms.form(name)),
        )
        for name, first in (("array", "object"), ("asarray", "a"))
    },
    numpy.append: Form(("arr", "values", "axis"), ("arr", "values"), _appended),
    numpy.expand_dims: Form(("a", "axis"), ("a",), _expanded),
    numpy.atleast_2d: Form(("a", "/"), ("a",), _atleast_2d),
    numpy.flip: Form(("m", "axis"), ("m",), _flipped),
    numpy.rot90: Form(("m", "k"), ("m",), _quarter_turned),
    numpy.fliplr: Form(("m",), ("m",), _flipped_along(1)),
    numpy.flipud: Form(("m",), ("m",), _flipped_along(0)),
    numpy.identity: Form(("n", "dtype"), ("n",), _identity),
    numpy.eye: _EYE,
    numpy.diag: Form(("v", "k"), ("v",), _diag),
    numpy.diagflat: Form(("v", "k"), ("v",), _diag_of_all),
    numpy.tril: Form(("m", "k"), ("m",), _triangle("tril")),
    numpy.triu: Form(("m", "k"), ("m",), _triangle("triu")),
    numpy.tile: _TILE,
    numpy.repeat: Form(("a", "repeats", "axis"), ("a", "repeats"), _repeated),
    numpy.roll: Form(("a", "shift", "axis"), ("a", "shift"), _rolled),
    numpy.meshgrid: Form(("x", "y", "/", "*", "indexing"), ("x", "y"), _meshgrid),
    numpy.linspace: Form(
        ("start", "stop", "num", "endpoint", "retstep", "dtype"), ("start", "stop", "num"),
        _linspace,
    ),
    numpy.arange: Form(
        ("first", "/", "stop", "step", "dtype"), ("first", "stop", "step"), _arange,
        other=Form(("start", "stop", "step", "dtype"), ("start", "stop", "step"), _arange),
    ),
}  # fmt: skip
METHODS: dict[str, Form] = {}
