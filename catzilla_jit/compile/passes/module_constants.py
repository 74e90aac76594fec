"""Lists and dicts of the module are fetched once per call, where the function begins.

In a loop each use would count a reference, in memory that all workers share.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import ir, postproc

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.frozen import Frozen
from catzilla_jit.compile.frontend.unit import CompilationUnit


def place_constants(func_ir: Any, unit: CompilationUnit) -> bool:
    """Put variables in the place of the constants, and calls that fetch them at the top."""
    fetched: dict[int, Any] = {}
    first = func_ir.blocks[min(func_ir.blocks)]
    made: list[Any] = []
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if isinstance(value, ir.Global | ir.FreeVar):
                _refuse_generator(unit, value)
            if not isinstance(value, ir.Global | ir.FreeVar) or type(value.value) is not Frozen:
                continue
            constant = value.value
            if id(constant) not in fetched:
                fetched[id(constant)] = _fetch(func_ir, unit, constant, first.scope, made)
            statement.value = fetched[id(constant)]
            func_ir._definitions[statement.target.name] = [statement.value]
    if not made:
        return False
    # Behind what names the arguments.
    place = sum(isinstance(getattr(each, "value", None), ir.Arg) for each in first.body)
    first.body[place:place] = made
    postproc.PostProcessor(func_ir).run()
    return True


def _refuse_generator(unit: CompilationUnit, value: Any) -> None:
    """Give up on a generator of the module: all that draw from it share its state."""
    if isinstance(value.value, numpy.random.Generator):
        message = f"the function uses {value.name}, a generator of random numbers of the module"
        advice = "make one inside from a seed, with numpy.random.default_rng(seed)"
        refuse(unit.findings.reasons, rules.CLASS_OR_OBJECT, value.loc, message, advice)


def _fetch(
    func_ir: Any, unit: CompilationUnit, constant: Frozen, scope: Any, made: list[Any]
) -> Any:
    """Add the call that fetches a constant; return the variable that holds it."""
    loc = func_ir.loc
    helper = unit.helper(constant.function)
    function = scope.redefine("$cz_constant_function", loc)
    variable = scope.redefine("$cz_constant", loc)
    values = (
        (function, ir.Global(constant.function.__name__, helper, loc)),
        (variable, ir.Expr.call(function, (), (), loc)),
    )
    for target, value in values:
        made.append(ir.Assign(value, target, loc))
        func_ir._definitions[target.name] = [value]
    return variable
