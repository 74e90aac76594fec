"""Functions of NumPy for which, in automatic mode, ours is taken: by the types of the arguments.

What is not ours goes on to Numba's own, if `analysis/numpy_parity.py` knows that to be the same as
NumPy's. Most of ours leave the kernel where NumPy's answer cannot be told: they are for tasks that
can be run again.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import numpy
from numba.core import types

from catzilla_jit.compile.analysis import numpy_parity
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.arrays import elementwise
from catzilla_jit.compile.library.ufuncs import conversions

Function = Callable[..., Any]
Choice = Callable[..., Function | None]

#: To more digits NumPy comes by another scale.
MOST_DIGITS = 8


def _is_array(type_: Any, *dtypes: Any) -> bool:
    return isinstance(type_, types.Array) and type_.aligned and type_.dtype in dtypes


def _is_rounded(type_: Any) -> bool:
    """Tell whether the order of the result in memory is known."""
    return _is_array(type_, types.float64) and (type_.ndim == 1 or type_.layout != "A")


def _round(values: Any) -> Function | None:
    return elementwise.rounded if _is_rounded(values) else None


def _round_to(values: Any, digits: Any) -> Function | None:
    if not _is_rounded(values) or not isinstance(digits, types.IntegerLiteral):
        return None
    known = 0 <= digits.literal_value <= MOST_DIGITS
    return elementwise.rounded_to(digits.literal_value) if known else None


def _cast(values: Any, dtype: Any) -> Function | None:
    plain = (types.float64, types.int64, types.boolean)
    wanted = conversions.told(dtype)
    if not _is_array(values, *plain) or (values.ndim > 1 and values.layout != "C"):
        return _by_conversion(values, wanted)
    if wanted == types.float64:
        return elementwise.to_floats
    if wanted != types.int64:
        return _by_conversion(values, wanted)
    if values.dtype != types.float64:
        return elementwise.to_integers
    line = values.ndim == 1
    return elementwise.floats_to_integers if line else elementwise.floats_of_table_to_integers


def _by_conversion(values: Any, wanted: Any) -> Function | None:
    """Return a function that copies an array as one of another type."""
    known = wanted is not None and conversions.result_type(values, wanted) is not None
    return _converted(wanted) if known else None


@functools.cache
def _converted(wanted: Any) -> Function:
    namespace = {"__name__": builtin_functions.__name__, "copied": conversions.conversion(wanted)}
    exec("def converted(values, _dtype):\n    return copied(values)", namespace)
    return cast("Function", namespace["converted"])


OURS: dict[tuple[str, int], Choice] = {
    ("round", 1): _round, ("around", 1): _round, ("round", 2): _round_to, ("around", 2): _round_to,
}  # fmt: skip
#: Methods, by the number of arguments after the array.
OURS_OF_ARRAYS: dict[tuple[str, int], Choice] = {
    ("round", 0): _round, ("round", 1): _round_to, ("astype", 1): _cast,
}  # fmt: skip


#: Functions of ours that never leave the kernel.
CERTAIN = {"rounded", "round_", "round_to_whole", "to_floats", "to_integers", "converted"}


def _choice(name: str, ours: Choice, count: int, call: str) -> Choice:
    """Return a chooser between ours and what Numba makes of the call itself."""
    names = ", ".join(f"x{i}" for i in range(count))
    namespace = {"__name__": builtin_functions.__name__, "numpy": numpy}
    exec(f"def numbas({names}):\n    return {call}", namespace)

    def choice(*arguments: Any) -> Function | None:
        return ours(*arguments) or cast("Function", namespace["numbas"])

    choice.__name__ = f"numpys_{name}"
    choice.ours = ours
    return choice


def _of_function(name: str, count: int, ours: Choice) -> Choice:
    arguments = ", ".join(f"x{i}" for i in range(count))
    return _choice(name, ours, count, f"numpy.{name}({arguments})")


def _of_method(name: str, count: int, ours: Choice) -> Choice:
    arguments = ", ".join(f"x{i + 1}" for i in range(count))
    return _choice(name, ours, count + 1, f"x0.{name}({arguments})")


CALLS: dict[tuple[Any, int], Choice] = {
    (getattr(numpy, name), count): _of_function(name, count, ours)
    for (name, count), ours in OURS.items()
}
METHODS: dict[tuple[str, int], Choice] = {
    (name, count): _of_method(name, count, ours) for (name, count), ours in OURS_OF_ARRAYS.items()
}


def is_chooser(name: str) -> bool:
    """Tell whether it is the name of such a chooser: what it returns is NumPy's."""
    return name.startswith("numpys_")


def is_alike(choice: Any, *arguments: Any) -> bool:
    """Tell whether what a choice chooses for these types is the same as NumPy's."""
    if choice.ours(*arguments) is not None:
        return True
    for each in arguments:
        if isinstance(each, types.Array) and each.dtype not in numpy_parity.PLAIN:
            return False
    function = getattr(numpy, choice.__name__.removeprefix("numpys_"), None)
    known = numpy_parity.FUNCTIONS.get(function, frozenset())
    found = [numpy_parity.element(each) for each in arguments]
    return bool(known) and all(each in known for each in found if each is not None)


def is_certain(choice: Any, *arguments: Any) -> bool:
    """Tell whether what is chosen has an answer for whatever the arrays hold."""
    function = choice.ours(*arguments)
    known = function is None or function.__name__ in CERTAIN
    asked = getattr(choice.ours, "is_certain", None)
    return known or getattr(choice, "is_certain", False) or bool(asked and asked(*arguments))
