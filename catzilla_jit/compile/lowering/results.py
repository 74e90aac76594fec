"""Who makes the number that a function returns: NumPy's and Python's are told apart, or refused."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from llvmlite import ir as llvm
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import kind
from catzilla_jit.compile.analysis.origins import (
    EITHER,
    NUMPY,
    PYTHON,
    Origin,
    Origins,
    has_numpy,
    join,
    joined,
)
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.lowering import call_bits
from catzilla_jit.compile.lowering.bail_out import BailingLower
from catzilla_jit.compile.target import float_status


def note_origin(lower: BailingLower, function: Any) -> dict[str, list[str]]:
    """Note who makes what the function returns; a task's number of either is NumPy's.

    Return, by the variable that is returned, the numbers that it bails out with if they are
    Python's.
    """
    unit = lower.metadata["unit"]
    returns = [
        (block, each)
        for block in lower.blocks.values()
        for each in block.body
        if type(each) is ir.Return
    ]
    type_ = lower.fndesc.restype
    origin = joined(lower.origins.known(each.value.name) for _, each in returns)
    doubted: dict[str, list[str]] = {}
    exact = lower.options.exact and unit.is_task(function)
    if exact and _is_doubtful(origin, type_):
        for block, each in returns:
            names = _doubted(lower, block, each.value.name, origin, type_)
            if names is None:
                what = "a number that is" if kind(type_) is not None else "numbers that are"
                message = f"the function returns {what} sometimes NumPy's, sometimes Python's"
                lower.refuse(rules.NUMPY_OR_PYTHON, message, "return float(x) or int(x)", each.loc)
            doubted[each.value.name] = names
        unit.findings.doubts_result = True
        origin = _decided(origin)
    elif exact and number_kinds.is_short(type_) and not has_numpy(origin):
        shown = type_names.of(type_)
        message = f"the function returns {shown}, a type that Python does not have"
        lower.refuse(rules.INTEGER_TYPES, message, "convert it: int(x)", returns[0][1].loc)
    returned = [each.value.name for _, each in returns]
    lower._tells = call_bits.note(lower, returned)
    general = unit.general(function)
    if unit.mixes and function not in unit.loops:
        form = tuple(map(types.unliteral, lower.fndesc.argtypes)), _asked(lower, returned)
        unit.findings.origins_for.setdefault(general, []).append(form)
    before = unit.findings.result_origins.get(general)
    unit.findings.result_origins[general] = join(before, PYTHON if origin is None else origin)
    return doubted


def _asked(lower: BailingLower, names: list[str]) -> Callable[[tuple[Origin, ...]], Origin]:
    """Return a function that tells who makes a result from who has made the arguments."""
    blocks, typemap = list(lower.blocks.values()), lower.fndesc.typemap
    unit = lower.metadata["unit"]

    @functools.cache
    def ask(given: tuple[Origin, ...]) -> Origin:
        def argument(place: int, _name: str) -> Origin:
            return given[place] if place < len(given) else EITHER

        origins = Origins(blocks, typemap, argument, unit.origin_of, unit.changed)
        found = joined(origins.known(name) for name in names)
        return PYTHON if found is None else found

    return ask


def check(lower: Any, name: str, doubted: list[str]) -> None:
    """Bail out with a result that is Python's to give."""
    if lower.calls_loops:
        _drop_if(lower, float_status.is_raised(lower.builder), name, "what NumPy warns of")
    for each in doubted:
        bit = lower.shadow_origin.bit(each)
        _drop_if(lower, bit, name, "a number of Python's among NumPy's")


def _drop_if(lower: Any, condition: llvm.Value, name: str, what: str) -> None:
    """Bail out at a return, where nothing but the result is left to be given up."""
    with lower.builder.if_then(condition, likely=False):
        lower.decref(lower.typeof(name), lower.loadvar(name))
        lower.bail_if(llvm.IntType(1)(1), what)


def _doubted(
    lower: BailingLower, block: Any, name: str, origin: Origin, type_: Any
) -> list[str] | None:
    """Return the variables for the numbers of a result that either may have made.

    None where it is not known at run time who has.
    """
    if not _is_doubtful(origin, type_):
        return []
    if kind(type_) is not None:
        return [name] if lower.shadow_origin.is_known(name) else None
    if not isinstance(type_, types.BaseTuple):
        return None
    items = _items(block, name)
    if items is None or len(items) != len(type_.types):
        return None
    origins = origin if isinstance(origin, tuple) else (origin,) * len(items)
    found: list[str] = []
    for item, its_origin, its_type in zip(items, origins, type_.types, strict=True):
        names = _doubted(lower, block, item, its_origin, its_type)
        if names is None:
            return None
        found += names
    return found


def _items(block: Any, name: str) -> list[str] | None:
    """Return the variables that a tuple was made of in a block that returns it.

    None where it was made elsewhere, or a variable has been assigned since.
    """
    assigned: set[str] = set()
    for each in reversed(block.body):
        if not isinstance(each, ir.Assign):
            continue
        if each.target.name == name:
            source = number_kinds.source_of(each.value)
            if source is not None:
                name = source
            elif isinstance(each.value, ir.Expr) and each.value.op == "build_tuple":
                items = [item.name for item in each.value.items]
                return None if assigned.intersection(items) else items
            else:
                return None
        assigned.add(each.target.name)
    return None


def _decided(origin: Origin) -> Origin:
    """Return the origin of what is given back: Python's numbers have left the machine code."""
    if isinstance(origin, tuple):
        return tuple(map(_decided, origin))
    return NUMPY if origin == EITHER else origin


def _is_doubtful(origin: Origin, type_: Any) -> bool:
    """Tell whether a result cannot be given back because of who made its numbers."""
    if isinstance(type_, types.BaseTuple):
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        return any(map(_is_doubtful, origins, type_.types))
    if isinstance(type_, types.List):
        return _is_doubtful(origin, type_.dtype)
    if isinstance(type_, types.DictType):
        return _is_doubtful(origin, types.Tuple((type_.key_type, type_.value_type)))
    if isinstance(type_, types.Optional):
        return _is_doubtful(origin, type_.type)
    return kind(type_) is not None and origin == EITHER
