"""The methods of generators that compiled code has made (`generators.py`), added to Numba.

Numbers come one after the other from NumPy's functions, whatever the size, as NumPy draws them.
What NumPy refuses leaves the function, since these are functions of Numba's kind.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
from typing import Any

import numpy
from numba.core import types
from numba.core.extending import overload_method

from catzilla_jit.compile.datamodel.own_generator import OwnGenerator
from catzilla_jit.compile.library.ufuncs import generators
from catzilla_jit.compile.target import numpy_random

#: Of each method the function, and its parameters with their defaults; "+": not below zero, "*":
#: above zero.
METHODS: dict[str, tuple[str, tuple[tuple[str, float | None, str], ...]]] = {
    "random": ("random_standard_uniform", ()),
    "standard_normal": ("random_standard_normal", ()),
    "normal": ("random_normal", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "exponential": ("random_exponential", (("scale", 1.0, "+"),)),
    "gamma": ("random_gamma", (("shape", None, "+"), ("scale", 1.0, "+"))),
    "lognormal": ("random_lognormal", (("mean", 0.0, ""), ("sigma", 1.0, "+"))),
    "laplace": ("random_laplace", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "beta": ("random_beta", (("a", None, "*"), ("b", None, "*"))),
    "chisquare": ("random_chisquare", (("df", None, "*"),)),
    "rayleigh": ("random_rayleigh", (("scale", 1.0, "+"),)),
    "uniform": ("random_uniform", (("low", 0.0, ""), ("high", 1.0, ""))),
    "poisson": ("random_poisson", (("lam", 1.0, "+"),)),
}
#: The largest mean of a Poisson distribution that NumPy takes.
LARGEST_MEAN = float(numpy.iinfo(numpy.int64).max) - math.sqrt(numpy.iinfo(numpy.int64).max) * 10.0
CHECKS = {"+": "not {0} >= 0.0 or math.copysign(1.0, {0}) < 0.0", "*": "not {0} > 0.0"}


def _default(type_: Any) -> Any:
    return getattr(type_, "value", type_) if isinstance(type_, types.Omitted) else type_


def is_none(type_: Any) -> bool:
    """Tell whether a size is left out, or None."""
    return _default(type_) is None or isinstance(type_, types.NoneType)


def is_size(type_: Any) -> bool:
    if isinstance(type_, types.UniTuple):
        return types.unliteral(type_.dtype) == types.int64 and type_.count > 0
    return types.unliteral(type_) == types.int64


def is_number(type_: Any) -> bool:
    known = (types.int64, types.float64)
    return isinstance(_default(type_), int | float) or types.unliteral(type_) in known


def _add(method: str) -> None:
    name, parameters = METHODS[method]
    whole = method == "poisson"
    result = types.int64 if whole else types.float64
    draw = generators.drawing(name, len(parameters), result)
    given = [key if value is None else f"{key}={value!r}" for key, value, _ in parameters]
    head = ", ".join(["rng", *given, "size=None"])
    lines = [f"    {key} = float({key})" for key, _, _ in parameters]
    for key, _, check in parameters:
        if check:
            lines += [f"    if {CHECKS[check].format(key)}:", "        raise ValueError"]
    if method == "uniform":
        lines += ["    high -= low", "    if not math.isfinite(high) or high < 0.0:",
                  "        raise ValueError"]  # fmt: skip
    if whole:
        lines += [f"    if lam > {LARGEST_MEAN!r}:", "        raise ValueError"]
    call = f"draw(rng{''.join(f', {key}' for key, _, _ in parameters)})"
    one = [f"def impl({head}):", *lines, f"    return {call}"]
    many = [
        f"def impl({head}):", *lines, f"    made = numpy.empty(size, numpy.{result})",
        "    line = made.reshape(made.size)", "    for i in range(made.size):",
        f"        line[i] = {call}", "    return made",
    ]  # fmt: skip
    space = {"numpy": numpy, "math": math, "draw": draw, "typed": None}
    made = {}
    for kind, source in (("one", one), ("many", many)):
        exec("\n".join(source), space)
        made[kind] = space["impl"]

    def typed(size: Any, *numbers: Any) -> Any:
        if not all(map(is_number, numbers)) or numpy_random.symbol(name) is None:
            return None
        if is_none(size):
            return made["one"]
        return made["many"] if is_size(size) else None

    space["typed"] = typed
    names = "".join(f", {key}" for key, _, _ in parameters)
    exec(f"def {method}({head}):\n    return typed(size{names})", space)
    overload_method(OwnGenerator, method)(space[method])


for _method in METHODS:
    _add(_method)


@overload_method(OwnGenerator, "integers")
def integers(rng, low, high=None, size=None, endpoint=False):  # type: ignore[no-untyped-def]
    """Draw integers of 64 bits."""
    if types.unliteral(low) != types.int64 or numpy_random.symbol("next_double") is None:
        return None
    if not is_none(high) and types.unliteral(high) != types.int64:
        return None
    begin, end = ("0", "low") if is_none(high) else ("low", "high")
    head = "def impl(rng, low, high=None, size=None, endpoint=False):"
    lines = [
        f"    begin, end = {begin}, {end}",
        "    if not endpoint:",
        "        if end <= begin:",
        "            raise ValueError",
        "        end -= 1",
        "    if end < begin:",
        "        raise ValueError",
    ]
    if is_none(size):
        lines.append("    return bounded(rng, begin, end - begin)")
    elif is_size(size):
        lines += [
            "    made = numpy.empty(size, numpy.int64)",
            "    bounded_fill(rng, begin, end - begin, made.reshape(made.size))",
            "    return made",
        ]
    else:
        return None
    space = {
        "numpy": numpy,
        "bounded": generators.bounded,
        "bounded_fill": generators.bounded_fill,
    }
    exec("\n".join([head, *lines]), space)
    return space["impl"]


@overload_method(OwnGenerator, "shuffle")
def shuffle(rng, x):  # type: ignore[no-untyped-def]
    """Shuffle a line in place."""
    if not isinstance(x, types.Array) or x.ndim != 1 or not x.mutable:
        return None
    place_up_to = generators.place_up_to

    def impl(rng, x):  # type: ignore[no-untyped-def]
        for i in range(len(x) - 1, 0, -1):
            j = place_up_to(rng, i)
            x[i], x[j] = x[j], x[i]

    return impl


@overload_method(OwnGenerator, "permutation")
def permutation(rng, x):  # type: ignore[no-untyped-def]
    """Shuffle a copy of a line, or the integers below a number."""
    line = isinstance(x, types.Array) and x.ndim == 1
    if not line and types.unliteral(x) != types.int64:
        return None

    def of_line(rng, x):  # type: ignore[no-untyped-def]
        made = x.copy()
        rng.shuffle(made)
        return made

    def of_number(rng, x):  # type: ignore[no-untyped-def]
        if x < 0:
            raise ValueError
        made = numpy.arange(x)
        rng.shuffle(made)
        return made

    return of_line if line else of_number
