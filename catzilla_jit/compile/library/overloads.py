"""Calls whose meaning depends on the type: which function of `builtin_functions.py` stands for
them.

A choice is a function from Numba types to the Python function to compile; None where there is
none, and the call is refused.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable
from typing import Any, cast

from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.library import (
    builtin_functions,
    counts,
    math_functions,
    number_text,
    text_methods,
)
from catzilla_jit.compile.library.arrays import reductions
from catzilla_jit.compile.library.bytes import convert

Function = Callable[..., Any]
Choice = Callable[..., Function | None]


def int_of(x: Any) -> Function | None:
    if isinstance(x, types.IntEnumMember):
        return builtin_functions.int_of_member
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return number_text.int_from_text
    return (
        builtin_functions.number_to_int
        if number_kinds.kind(x) in {number_kinds.BOOL, number_kinds.INT, number_kinds.FLOAT}
        else None
    )


def float_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return number_text.float_from_text
    known = {number_kinds.BOOL, number_kinds.INT, number_kinds.FLOAT}
    if x == types.float32:
        return builtin_functions.single_to_float
    return builtin_functions.number_to_float if number_kinds.kind(x) in known else None


def text_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return builtin_functions.same_text
    if x in (types.float32, types.float64):
        return number_text.text_of_float if x == types.float64 else None
    return {
        number_kinds.BOOL: builtin_functions.text_of_bool,
        number_kinds.INT: number_text.text_of_int,
    }.get(number_kinds.kind(x))  # type: ignore[arg-type]


def sum_of(values: Any, start: Any = None) -> Function | None:
    if start is not None:
        return _sum_from(values, start)
    if isinstance(values, types.RangeType):
        return builtin_functions.sum_of_range
    if isinstance(values, VIEWS):
        of_list = sum_of(types.List(values.iterator_type.yield_type))
        return VIEWED.get(of_list)
    if isinstance(values, ByteString):
        return builtin_functions.sum_of_numbers
    item = getattr(values, "dtype", None)
    if isinstance(values, types.List | GivenList) and isinstance(item, types.Array):
        return reductions.sum_of_arrays(item)
    if item is None or number_kinds.kind(item) is None:
        return None
    return (
        builtin_functions.sum_of_floats
        if _is_compensated(values, item)
        else builtin_functions.sum_of_numbers
    )


def _sum_from(values: Any, start: Any) -> Function | None:
    """Return what adds to a start that is given."""
    known = isinstance(values, (types.RangeType, ByteString, *VIEWS))
    item = values.iterator_type.yield_type if known else getattr(values, "dtype", None)
    if isinstance(start, types.List) and isinstance(item, types.List | GivenList):
        return builtin_functions.sum_from if item.dtype == start.dtype else None
    if item is None or number_kinds.kind(item) is None or number_kinds.kind(start) is None:
        return None
    if not _is_compensated(values, item) or types.unliteral(start) != types.float64:
        alike = number_kinds.FLOAT not in (number_kinds.kind(item), number_kinds.kind(start))
        return builtin_functions.sum_from if alike or not COMPENSATED else None
    return None if isinstance(values, VIEWS) else builtin_functions.sum_of_floats_from


#: Python 3.12 and later add floats with a compensation for what was rounded away.
COMPENSATED = sys.version_info >= (3, 12)


def _is_compensated(values: Any, item: Any) -> bool:
    return COMPENSATED and item == types.float64 and not isinstance(values, types.Array)


#: What goes over a dict.
VIEWS = (
    GivenDict, types.DictType, types.DictKeysIterableType, types.DictValuesIterableType,
    types.DictItemsIterableType,
)  # fmt: skip
VIEWED: dict[Function | None, Function] = {
    builtin_functions.sum_of_numbers: builtin_functions.sum_of_numbers,
    builtin_functions.sum_of_floats: builtin_functions.sum_of_viewed_floats,
}


def list_of_items(values: Any) -> Function | None:
    """Return what makes the list of Python's numbers that an array's method gives."""
    if not isinstance(values, types.Array) or not values.aligned:
        return None
    if values.dtype not in (types.float64, types.int64, types.boolean):
        return None
    return {1: builtin_functions.items_of_line, 2: builtin_functions.items_of_table}.get(
        values.ndim
    )


def largest_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        return builtin_functions.max_viewed
    return builtin_functions.max_of if _has_order(values) else None


def smallest_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        return builtin_functions.min_viewed
    return builtin_functions.min_of if _has_order(values) else None


def _has_order(values: Any) -> bool:
    return _is_sequence(values) or _is_text(values) or is_line(values)


def is_line(values: Any) -> bool:
    """Tell whether these are an array of floats or integers, of one dimension."""
    known = isinstance(values, types.Array) and values.ndim == 1 and values.aligned
    return known and values.dtype in (types.float64, types.int64)


def sorted_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        floats = values.iterator_type.yield_type == types.float64
        return builtin_functions.sorted_viewed_floats if floats else builtin_functions.sorted_list
    known = isinstance(values, types.UnicodeType | types.RangeType | types.Set | types.ZipType)
    if not known and not _is_sequence(values):
        return None
    return (
        builtin_functions.sorted_floats
        if getattr(values, "dtype", None) == types.float64
        else builtin_functions.sorted_list
    )


def reversed_of(values: Any) -> Function | None:
    if isinstance(values, types.RangeType):
        return builtin_functions.reversed_range
    known = isinstance(values, types.UnicodeType)
    return builtin_functions.reversed_copy if known or _is_sequence(values) else None


def integer_in_base(text: Any, base: Any) -> Function | None:
    known = isinstance(text, types.UnicodeType | types.StringLiteral)
    return (
        number_text.int_in_base if known and number_kinds.kind(base) == number_kinds.INT else None
    )


def modular_power_of(base: Any, exponent: Any, modulus: Any) -> Function | None:
    known = {number_kinds.kind(each) for each in (base, exponent, modulus)} == {number_kinds.INT}
    return builtin_functions.power_modulo if known else None


def for_ints(function: Function) -> Choice:
    """Return the choice of a function that takes no float."""

    def choice(x: Any) -> Function | None:
        return function if number_kinds.is_integral(x) else None

    choice.__name__ = function.__name__
    return choice


def bit_length_of(x: Any) -> Function | None:
    return builtin_functions.bit_length if x in _INTS else None


def is_integer_of(x: Any) -> Function | None:
    return builtin_functions.is_integer if x == types.float64 else None


#: Ints of Python's.
_INTS = {types.int64, types.boolean}


def repr_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return builtin_functions.quoted
    return text_of(x)


def count_of(values: Any, item: Any) -> Function | None:
    if isinstance(values, types.BaseTuple):
        return _over_tuple("count", len(values)) if _comparable(values, item) else None
    return builtin_functions.count_in


def index_of(values: Any, item: Any) -> Function | None:
    if isinstance(values, types.BaseTuple):
        return _over_tuple("index", len(values)) if _comparable(values, item) else None
    return builtin_functions.index_in


def _comparable(values: Any, item: Any) -> bool:
    """Tell whether `==` between the items and a value has machine code."""
    if _is_text(item):
        return all(map(_is_text, values.types))
    return all(number_kinds.kind(each) is not None for each in (*values.types, item))


def _is_text(type_: Any) -> bool:
    return isinstance(type_, types.UnicodeType | types.StringLiteral)


@functools.cache
def _over_tuple(name: str, length: int) -> Function:
    """Return count or index for tuples of this length, whose items may differ in type."""
    lines = ["def over_tuple(values, item):", "    if item != item:", "        bail_out()"]
    if name == "count":
        terms = [f"(1 if values[{i}] == item else 0)" for i in range(length)]
        lines.append("    return " + (" + ".join(terms) or "0"))
    else:
        for i in range(length):
            lines += [f"    if values[{i}] == item:", f"        return {i}"]
        lines += ["    bail_out()", "    return 0"]
    namespace = {"bail_out": builtin_functions.bail_out, "__name__": builtin_functions.__name__}
    exec("\n".join(lines), namespace)
    return cast("Function", namespace["over_tuple"])


def _is_sequence(values: Any) -> bool:
    return isinstance(values, types.List | types.UniTuple | GivenList | ByteString)


def whole(name: str, *by_count: Function | None) -> dict[tuple[Any, int], Choice]:
    """Return the choices of a function of `math` that takes ints, by the number of them."""

    def choice(*arguments: Any) -> Function | None:
        known = all(types.unliteral(each) == types.int64 for each in arguments)
        return by_count[len(arguments)] if known else None

    return _choices(name, choice, by_count)


def real(name: str, *by_count: Function | None) -> dict[tuple[Any, int], Choice]:
    """Return the choices of a function of `math` that takes floats or ints."""

    def choice(*arguments: Any) -> Function | None:
        known = all(types.unliteral(each) in REAL for each in arguments)
        return by_count[len(arguments)] if known else None

    return _choices(name, choice, by_count)


def _choices(
    name: str, choice: Choice, by_count: tuple[Function | None, ...]
) -> dict[tuple[Any, int], Choice]:
    choice.__name__ = f"{name}_of"
    function = getattr(math, name, None)  # Python 3.10 has no cbrt
    if function is None:
        return {}
    return {(function, count): choice for count, each in enumerate(by_count) if each}


def prod_of(values: Any) -> Function | None:
    item = getattr(values, "dtype", None)
    known = _is_sequence(values) and item in REAL
    return math_functions.prod if known else None


def counted_of(values: Any) -> Function | None:
    """Count the items; what a dict holds are counts."""
    known = _is_sequence(values) or _is_text(values) or isinstance(values, types.RangeType)
    return counts.counted if known else None


def delitem_of(values: Any, key: Any) -> Function | None:
    if isinstance(values, types.List | GivenList):
        known = number_kinds.kind(key) == number_kinds.INT
        return builtin_functions.delete_item if known else None
    known = isinstance(values, types.DictType | GivenDict)
    return builtin_functions.delete_key if known else None


def index_of_number(x: Any) -> Function | None:
    return builtin_functions.same_text if number_kinds.kind(x) == number_kinds.INT else None


def fsum_of(values: Any) -> Function | None:
    known = _is_sequence(values) and getattr(values, "dtype", None) == types.float64
    return math_functions.fsum if known else None


def dist_of(p: Any, q: Any) -> Function | None:
    points = [each for each in (p, q) if isinstance(each, types.BaseTuple)]
    counts = {len(each.types) for each in points}
    if len(points) < 2 or any(types.unliteral(x) not in REAL for each in points for x in each):
        return None
    known = {2: math_functions.dist_in_plane, 3: math_functions.dist_in_space}
    return known.get(counts.pop()) if len(counts) == 1 else None


#: Numbers that Python has itself.
REAL = {types.int64, types.float64}

MATHEMATICS: dict[tuple[Any, int], Choice] = {
    **whole(
        "gcd", math_functions.gcd_of_none, math_functions.gcd_of_one, math_functions.gcd,
        math_functions.gcd_of_three,
    ),
    **whole(
        "lcm", None, math_functions.gcd_of_one, math_functions.lcm, math_functions.lcm_of_three
    ),
    **whole("isqrt", None, builtin_functions.isqrt),
    **whole("factorial", None, builtin_functions.factorial),
    **whole("perm", None, builtin_functions.factorial, builtin_functions.perm),
    **whole("comb", None, None, builtin_functions.comb),
    **real("hypot", None, None, math_functions.hypot, math_functions.hypot_of_three),
    **real("log", None, None, math_functions.log_to_base),
    **real("fmod", None, None, math_functions.fmod),
    **real("modf", None, math_functions.modf),
    **real("remainder", None, None, math_functions.remainder),
    **real("cbrt", None, math_functions.cbrt),
    **real("frexp", None, builtin_functions.frexp),
    **real("ulp", None, math_functions.ulp),
    **real("isclose", None, None, math_functions.isclose, None, math_functions.isclose_within),
    (math.prod, 1): prod_of,
    (math.fsum, 1): fsum_of,
    (math.dist, 2): dist_of,
}  # fmt: skip

#: Functions, by identity and number of arguments.
CHOICES: dict[tuple[Any, int], Choice] = {
    **MATHEMATICS,
    **reductions.CALLS,
    (int, 1): int_of,
    (float, 1): float_of,
    (str, 1): text_of,
    (sum, 1): sum_of,
    (sum, 2): sum_of,
    (max, 1): largest_of,
    (min, 1): smallest_of,
    (sorted, 1): sorted_of,
    (reversed, 1): reversed_of,
    (repr, 1): repr_of,
    (int, 2): integer_in_base,
    (pow, 3): modular_power_of,
    (counts.counter, 1): counted_of,
    (operator.delitem, 2): delitem_of,
    (operator.index, 1): index_of_number,
    (bin, 1): for_ints(number_text.bin_of),
    (oct, 1): for_ints(number_text.oct_of),
    (hex, 1): for_ints(number_text.hex_of),
}

#: Methods, by name and number of arguments; the receiver is the first of the choice's types.
METHODS: dict[tuple[str, int], Callable[..., Function | None]] = {
    ("count", 1): count_of,
    ("index", 1): index_of,
    ("encode", 0): convert.encoding_of,
    ("bit_length", 0): bit_length_of,
    ("tolist", 0): list_of_items,
    ("is_integer", 0): is_integer_of,
    **text_methods.METHODS,
    **reductions.METHODS,
}
