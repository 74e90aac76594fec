"""What a ufunc is given to write to is written by an assignment: `np.sqrt(x, y)`, `out=y`.

Runs on untyped IR, behind `frontend/outputs.py`, which does the same where the types of the
arguments tell what the output is, and `where=` with it. The value of the call is the output.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from numba.core import ir, ir_utils, types

from catzilla_jit.compile.frontend.outputs import PLACED
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.builtin_functions import leave_unless_it_fits
from catzilla_jit.compile.passes import outer_names

_NUMBER = written("fitting", "made, out", ["return made"])
_ARRAY = written("fitting", "made, out", ["fits(made.shape, out.shape)", "return made"],
                 fits=leave_unless_it_fits)  # fmt: skip


def _fitting(made: Any, out: Any) -> Function | None:
    if not isinstance(out, types.Array) or out.ndim == 0:
        return None
    if not isinstance(made, types.Array):
        return _NUMBER
    return _ARRAY if made.ndim <= out.ndim else None


FITTING = choice_of("fitting", _fitting)


def _fitting_in_order(made: Any, out: Any) -> Function | None:
    known = isinstance(out, types.Array) and out.layout == "C"
    return _fitting(made, out) if known else None


#: Of functions whose zeros depend on where in memory the items lie.
FITTING_IN_ORDER = choice_of("fitting", _fitting_in_order)


def write_outputs(func_ir: Any, unit: CompilationUnit) -> bool:
    """Take such calls apart."""
    if is_own(func_ir.func_id.func):
        return False
    changed = False
    for block in func_ir.blocks.values():
        body: list[Any] = []
        for statement in block.body:
            out = _output(func_ir, statement) if isinstance(statement, ir.Assign) else None
            body += [statement] if out is None else _apart(func_ir, unit, block, statement, out)
            changed |= out is not None
        block.body = body
    return changed


def _output(func_ir: Any, statement: Any) -> Any:
    """Return the variable of the output that a ufunc is given, None for other statements."""
    call = statement.value
    if not isinstance(call, ir.Expr) or call.op != "call" or call.vararg:
        return None
    function = outer_names.held(func_ir, call.func)
    if not isinstance(function, numpy.ufunc) or function.signature or function.nout != 1:
        return None
    told = dict(call.kws)
    if len(call.args) == function.nin and set(told) == {"out"}:
        out = told["out"]
    elif len(call.args) == function.nin + 1 and not told:
        out = call.args[-1]
    else:
        return None
    known = ir_utils.guard(ir_utils.get_definition, func_ir, out)
    made = isinstance(known, ir.Expr) and known.op in ("build_tuple", "build_list")
    none = isinstance(known, ir.Const) and known.value is None
    return None if made or none else out


def _apart(func_ir: Any, unit: CompilationUnit, block: Any, statement: Any, out: Any) -> list[Any]:
    """Return the call without its output, what checks the shapes, and the assignment."""
    place = statement.loc
    made: list[Any] = []

    def held(value: Any) -> Any:
        variable = ir.Var(block.scope, ir_utils.mk_unique_var("$output"), place)
        func_ir._definitions[variable.name] = [value]
        made.append(ir.Assign(value, variable, place))
        return variable

    call = statement.value
    inputs = call.args[: outer_names.held(func_ir, call.func).nin]
    result = held(ir.Expr.call(call.func, inputs, (), place))
    if [each.name for each in inputs] != [out.name]:  # of the same shape
        placed = any(outer_names.held(func_ir, call.func) is each for each in PLACED)
        choice = FITTING_IN_ORDER if placed else FITTING
        check = held(ir.Global("fitting", unit.chooser(choice, 2), place))
        result = held(ir.Expr.call(check, [result, out], (), place))
    none = held(ir.Const(None, place))
    whole = held(ir.Expr.call(held(ir.Global("slice", slice, place)), [none, none], (), place))
    made.append(ir.SetItem(out, whole, result, place))
    known = func_ir._definitions[statement.target.name]
    func_ir._definitions[statement.target.name] = [out if each is call else each for each in known]
    statement.value = out
    return [*made, statement]
