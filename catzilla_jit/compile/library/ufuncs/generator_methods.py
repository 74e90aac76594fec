"""The methods of generators that compiled code has made (`generators.py`), added to Numba.

Numbers come one after the other from NumPy's functions, whatever the size, as NumPy draws them.
What NumPy refuses leaves the function, since these are functions of Numba's kind.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
import re
from typing import Any

import numpy
from numba.core import types
from numba.core.extending import overload_method

from catzilla_jit.compile.datamodel.own_generator import OwnGenerator
from catzilla_jit.compile.library.ufuncs import generators
from catzilla_jit.compile.target import numpy_random

#: Of each method the function, and its parameters with their defaults and what they must be.
METHODS: dict[str, tuple[str, tuple[tuple[str, float | None, str], ...]]] = {
    "random": ("random_standard_uniform", ()),
    "standard_normal": ("random_standard_normal", ()),
    "standard_exponential": ("random_standard_exponential", ()),
    "standard_cauchy": ("random_standard_cauchy", ()),
    "standard_gamma": ("random_standard_gamma", (("shape", None, "+"),)),
    "standard_t": ("random_standard_t", (("df", None, "*"),)),
    "normal": ("random_normal", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "exponential": ("random_exponential", (("scale", 1.0, "+"),)),
    "gamma": ("random_gamma", (("shape", None, "+"), ("scale", 1.0, "+"))),
    "lognormal": ("random_lognormal", (("mean", 0.0, ""), ("sigma", 1.0, "+"))),
    "laplace": ("random_laplace", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "logistic": ("random_logistic", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "gumbel": ("random_gumbel", (("loc", 0.0, ""), ("scale", 1.0, "+"))),
    "beta": ("random_beta", (("a", None, "*"), ("b", None, "*"))),
    "f": ("random_f", (("dfnum", None, "*"), ("dfden", None, "*"))),
    "wald": ("random_wald", (("mean", None, "*"), ("scale", None, "*"))),
    "vonmises": ("random_vonmises", (("mu", None, ""), ("kappa", None, "+"))),
    "chisquare": ("random_chisquare", (("df", None, "*"),)),
    "pareto": ("random_pareto", (("a", None, "*"),)),
    "power": ("random_power", (("a", None, "*"),)),
    "weibull": ("random_weibull", (("a", None, "+"),)),
    "rayleigh": ("random_rayleigh", (("scale", 1.0, "+"),)),
    "triangular": (
        "random_triangular", (("left", None, ""), ("mode", None, ""), ("right", None, "")),
    ),
    "uniform": ("random_uniform", (("low", 0.0, ""), ("high", 1.0, ""))),
    "poisson": ("random_poisson", (("lam", 1.0, "mean"),)),
    "geometric": ("random_geometric", (("p", None, "chance*"),)),
    "binomial": ("random_binomial", (("n", None, "count"), ("p", None, "chance"))),
}  # fmt: skip
WHOLE = ("poisson", "geometric", "binomial")
#: The largest mean of a Poisson distribution that NumPy takes.
LARGEST_MEAN = float(numpy.iinfo(numpy.int64).max) - math.sqrt(numpy.iinfo(numpy.int64).max) * 10.0
#: When NumPy refuses a parameter. "+": not below zero (nor -0.0), "*": above zero.
REFUSED = {
    "+": "not {0} >= 0.0 or math.copysign(1.0, {0}) < 0.0",
    "*": "not {0} > 0.0",
    "mean": "not {0} >= 0.0 or math.copysign(1.0, {0}) < 0.0 or {0} > LARGEST_MEAN",
    "chance*": "not 0.0 < {0} <= 1.0",
    "chance": "not 0.0 <= {0} <= 1.0",
    "count": "{0} < 0",
}
#: The lines before a draw, of methods whose parameters depend on each other.
LINES = {
    "uniform": [
        "high -= low",
        "if not math.isfinite(high) or math.copysign(1.0, high) < 0.0:",
        "    raise ValueError",
    ],
    "triangular": ["if not (left <= mode <= right and left < right):", "    raise ValueError"],
}


def default_of(type_: Any) -> Any:
    """Return the value of a parameter that is left out, of others the type."""
    return getattr(type_, "value", type_) if isinstance(type_, types.Omitted) else type_


def is_none(type_: Any) -> bool:
    """Tell whether a size is left out, or None."""
    return default_of(type_) is None or isinstance(type_, types.NoneType)


def is_size(type_: Any) -> bool:
    if isinstance(type_, types.UniTuple):
        return types.unliteral(type_.dtype) == types.int64 and type_.count > 0
    return types.unliteral(type_) == types.int64


def is_number(type_: Any, whole: bool = False) -> bool:
    known = (types.int64,) if whole else (types.int64, types.float64)
    given = default_of(type_)
    return isinstance(given, int if whole else int | float) or types.unliteral(type_) in known


def _dimensions(type_: Any, size: Any) -> int:
    """Return how many dimensions what is drawn for this array has at least."""
    if isinstance(size, types.UniTuple):
        return max(type_.ndim, size.count)
    return int(type_.ndim)


def _of_arrays(method: str, head: str, size: Any, numbers: tuple[Any, ...]) -> list[str] | None:
    """Return the source that draws a number for each element of the parameters that are arrays.

    Those have the shape of what is drawn, or are lines along its last dimension; arrays that NumPy
    broadcasts in another way leave the function.
    """
    parameters = METHODS[method][1]
    arrays = [type_ for type_ in numbers if isinstance(type_, types.Array)]
    most = max(_dimensions(each, size) for each in arrays)
    if not is_none(size) and (size.count if isinstance(size, types.UniTuple) else 1) != most:
        return None
    shape = "" if is_none(size) else "size"
    lines, items = [], []
    for (key, _, check), type_ in zip(parameters, numbers, strict=True):
        if not isinstance(type_, types.Array):
            items.append(key if check == "count" else f"float({key})")
            continue
        whole = types.unliteral(type_.dtype) == types.int64
        if not is_number(type_.dtype, check == "count") or type_.ndim not in (1, most):
            return None
        if not shape and type_.ndim == most:
            shape = f"{key}.shape"
        lines.append(f"    line_{key} = {key}.ravel()")
        place = "i" if type_.ndim == most else f"i % len(line_{key})"
        item = f"line_{key}[{place}]"
        items.append(item if check == "count" else f"float({item})" if whole else item)
    lines.insert(0, f"    made = numpy.empty({shape}, numpy.{_kind(method)})")
    for (key, _, _), type_ in zip(parameters, numbers, strict=True):
        if isinstance(type_, types.Array):
            same = "made.shape" if type_.ndim == most else "made.shape[-1:]"
            lines += [f"    if {key}.shape != {same}:", "        raise ValueError"]
    names = [key for key, _, _ in parameters]
    lines += ["    drawn = made.reshape(made.size)", "    for i in range(made.size):"]
    # The parameters keep their types, so the numbers have names of their own.
    own = {key: f"{key}_" for key in names}
    lines += [f"        {own[key]} = {item}" for key, item in zip(names, items, strict=True)]
    lines += ["        " + line for line in _checks(method, own)]
    lines += [f"        drawn[i] = draw(rng, {', '.join(own.values())})", "    return made"]
    return [f"def impl({head}):", *lines]


def _kind(method: str) -> str:
    return "int64" if method in WHOLE else "float64"


def _checks(method: str, names: dict[str, str]) -> list[str]:
    """Return the lines that refuse what NumPy does, of parameters that bear these names."""
    lines = []
    for key, _, check in METHODS[method][1]:
        if check:
            lines += [f"if {REFUSED[check].format(names[key])}:", "    raise ValueError"]
    return lines + [
        re.sub(r"\b(?:left|mode|right|low|high)\b", lambda found: names[found[0]], line)
        for line in LINES.get(method, [])
    ]


def _add(method: str) -> None:
    name, parameters = METHODS[method]
    result = types.int64 if method in WHOLE else types.float64
    draw = generators.drawing(name, len(parameters), result)
    if method == "binomial":
        draw = generators.binomial
    given = [key if value is None else f"{key}={value!r}" for key, value, _ in parameters]
    head = ", ".join(["rng", *given, "size=None"])
    names = [key for key, _, _ in parameters]
    lines = [f"    {key} = float({key})" for key, _, check in parameters if check != "count"]
    lines += ["    " + line for line in _checks(method, dict(zip(names, names, strict=True)))]
    call = f"draw(rng{''.join(f', {key}' for key in names)})"
    one = [f"def impl({head}):", *lines, f"    return {call}"]
    many = [
        f"def impl({head}):", *lines, f"    made = numpy.empty(size, numpy.{_kind(method)})",
        "    line = made.reshape(made.size)", "    for i in range(made.size):",
        f"        line[i] = {call}", "    return made",
    ]  # fmt: skip
    space = {
        "numpy": numpy, "math": math, "draw": draw, "typed": None, "LARGEST_MEAN": LARGEST_MEAN,
    }  # fmt: skip

    def typed(size: Any, *numbers: Any) -> Any:
        if numpy_random.symbol(name) is None or not (is_none(size) or is_size(size)):
            return None
        source: list[str] | None = one if is_none(size) else many
        if any(isinstance(type_, types.Array) for type_ in numbers):
            source = _of_arrays(method, head, size, numbers)
        elif not all(
            is_number(type_, check == "count")
            for type_, (_, _, check) in zip(numbers, parameters, strict=True)
        ):
            source = None
        if source is None:
            return None
        own = dict(space)
        exec("\n".join(source), own)
        return own["impl"]

    space["typed"] = typed
    exec(
        f"def {method}({head}):\n    return typed(size{''.join(f', {key}' for key in names)})",
        space,
    )
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
