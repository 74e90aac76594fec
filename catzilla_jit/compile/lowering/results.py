"""Who makes the number that a function returns: NumPy's and Python's are told apart, or refused."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import kind
from catzilla_jit.compile.analysis.origins import EITHER, NUMPY, PYTHON, has_numpy, join, joined
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.lowering.bail_out import BailingLower


def note_origin(lower: BailingLower, function: Any) -> bool:
    """Note who makes what the function returns; a task's number of either is NumPy's.

    Return whether it bails out with a number of Python's.
    """
    unit = lower.metadata["unit"]
    returns = [
        each for block in lower.blocks.values() for each in block.body if type(each) is ir.Return
    ]
    origin = joined(lower.origins[each.value.name] for each in returns)
    leaves_pythons = False
    exact = lower.options.exact and unit.is_task(function)
    if exact and kind(lower.fndesc.restype) is not None and has_numpy(origin):
        if not all(lower.shadow_origin.is_known(each.value.name) for each in returns):
            lower.refuse(
                rules.NUMPY_OR_PYTHON,
                "the function returns a number that is sometimes NumPy's, sometimes Python's",
                "return float(x) or int(x)",
                returns[0].loc,
            )
        leaves_pythons = origin == EITHER
        unit.findings.doubts_result = unit.findings.doubts_result or leaves_pythons
        origin = NUMPY
    elif exact and _is_doubtful(origin, lower.fndesc.restype):
        lower.refuse(
            rules.NUMPY_OR_PYTHON,
            "the function returns numbers that are sometimes NumPy's, sometimes Python's",
            "return float(x) or int(x)",
            returns[0].loc,
        )
    elif exact and unit.is_task(function) and number_kinds.is_short(lower.fndesc.restype):
        shown = type_names.of(lower.fndesc.restype)
        message = f"the function returns {shown}, a type that Python does not have"
        lower.refuse(rules.INTEGER_TYPES, message, "convert it: int(x)", returns[0].loc)
    general = unit.general(function)
    before = unit.findings.result_origins.get(general)
    unit.findings.result_origins[general] = join(before, PYTHON if origin is None else origin)
    return leaves_pythons


def _is_doubtful(origin: Any, type_: Any) -> bool:
    """Tell whether a result cannot be given back because of who made its numbers."""
    if isinstance(type_, types.BaseTuple):
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        return any(map(_is_doubtful, origins, type_.types))
    if isinstance(type_, types.Optional):
        return kind(type_.type) is not None and has_numpy(origin)
    return kind(type_) is not None and origin == EITHER
