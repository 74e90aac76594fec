"""Functions of NumPy, item by item, as calls of NumPy's loops: what stands for them in tasks.

In automatic mode `passes/redirect_calls.py` puts one of these in the place of `numpy.exp`. They are
intrinsics: nothing is compiled for them but the call.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

import numpy
from numba.core import errors, types
from numba.core.extending import intrinsic

from catzilla_jit.compile.library.ufuncs import calls, signatures
from catzilla_jit.compile.library.ufuncs.late import refresh
from catzilla_jit.compile.target.numpy_loops import NoLoop, ufunc_of

#: Functions of one argument whose loops compute as LLVM does not.
UNARY = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin",
    "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "cbrt", "deg2rad",
    "rad2deg", "radians", "degrees", "reciprocal", "sign",
)  # fmt: skip
BINARY = (
    "power", "float_power", "arctan2", "hypot", "logaddexp", "logaddexp2", "fmod", "remainder",
    "mod", "floor_divide", "copysign", "nextafter", "heaviside",
)  # fmt: skip
#: Those of integers, or of a float and an integer.
OF_INTEGERS = ("gcd", "lcm", "left_shift", "right_shift", "ldexp")


#: The most arguments of a ufunc that is called.
MOST_INPUTS = 4


@functools.cache
def of_scipy(name: str, inputs: int) -> Any:
    """Return what stands for a ufunc of `scipy.special`, None for what is not one of floats."""
    try:
        ufunc = ufunc_of(f"special.{name}")
    except NoLoop:
        return None
    if ufunc.nin != inputs or inputs > MOST_INPUTS or ufunc.nout != 1 or ufunc.signature:
        return None
    function = made(f"special.{name}", inputs)
    refresh()
    return function


def made(name: str, inputs: int) -> Any:
    """Return what stands for a ufunc of one to four arguments."""

    def typed(given: tuple[Any, ...]) -> Any:
        result = result_type(name, given, bare=True)
        if result is None:
            shown = ", ".join(map(str, given))
            raise errors.TypingError(f"numpy.{name} is not known for {shown}")
        return result(*given), _code

    def _code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given, strong = _numbers(signature.args)
        chosen = signatures.choose(name, given, strong)
        assert chosen is not None
        numbers = [
            _item(context, builder, type_, value) if own else value
            for type_, value, own in zip(signature.args, values, strong, strict=True)
        ]
        plain = signature.return_type(*given)
        return calls.elementwise(context, builder, chosen, plain, numbers)

    def of_one(_typing: Any, values: Any) -> Any:
        return typed((values,))

    def of_two(_typing: Any, left: Any, right: Any) -> Any:
        return typed((left, right))

    def of_three(_typing: Any, first: Any, second: Any, third: Any) -> Any:
        return typed((first, second, third))

    def of_four(_typing: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
        return typed((first, second, third, fourth))

    function: Any = (of_one, of_two, of_three, of_four)[inputs - 1]
    function.__name__ = function.__qualname__ = name
    return intrinsic(function)


def result_type(name: str, given: tuple[Any, ...], *, bare: bool = False) -> Any:
    """Return the Numba type of what a ufunc makes of these, None where it is not called.

    bare: of arrays without dimensions as well.
    """
    strong: tuple[bool, ...] = ()
    if bare:
        given, strong = _numbers(given)
    if any(isinstance(each, types.Array) and not _is_table(each) for each in given):
        return None
    chosen = signatures.choose(name, given, strong)
    if chosen is None or len(chosen.makes) != 1:
        return None
    arrays = [each for each in given if isinstance(each, types.Array)]
    if not arrays:
        return chosen.makes[0]
    dimensions = max(each.ndim for each in arrays)
    return types.Array(chosen.makes[0], dimensions, signatures.layout(given))


def _numbers(given: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
    """Return the types with those of arrays without dimensions as numbers, and which these are.

    A ufunc makes a number of them, and takes theirs for NumPy's own.
    """
    strong = tuple(
        isinstance(each, types.Array) and each.ndim == 0 and each.aligned for each in given
    )
    plain = [each.dtype if own else each for each, own in zip(given, strong, strict=True)]
    return tuple(plain), strong


def _item(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    """Return the number in an array without dimensions."""
    array = context.make_array(type_)(context, builder, value)
    return context.unpack_value(builder, type_.dtype, array.data)


def _is_table(type_: Any) -> bool:
    return type_.ndim > 0 and type_.aligned


#: What stands for functions of NumPy, by the function and the number of arguments.
FUNCTIONS: dict[tuple[Any, int], Any] = {
    **{(getattr(numpy, name), 1): made(name, 1) for name in UNARY},
    **{(getattr(numpy, name), 2): made(name, 2) for name in (*BINARY, *OF_INTEGERS)},
}

#: The names of the ufuncs, by what stands for them.
NAMES: dict[Any, str] = {made: function.__name__ for (function, _), made in FUNCTIONS.items()}


@functools.cache
def is_plain_power(dtype: str = "float64") -> bool:
    """Tell whether `a ** x` of floats is the loop of `power`; some NumPy take others for some x."""
    values = ((numpy.arange(1.0, 400.0) * 0.0271) ** 1.5 + 0.01).astype(dtype)
    of_dtype = numpy.dtype(dtype).type
    numbers = (2.0, 0.5, -1.0, 1.0, 0.0, 3.0)
    exponents = (*numbers, *map(of_dtype, numbers), 2, -1, 1, 0, 3)
    return all((values**each == numpy.power(values, of_dtype(each))).all() for each in exponents)
