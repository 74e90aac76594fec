"""Calls of `fork` become calls whose types Numba infers as those of any other.

    h = fork(f, a, b)

becomes

    $fork_callee.1 = f
    $fork_call.1 = $fork_callee.1(a, b)
    $fork_handle.1 = handle_of
    h = $fork_handle.1($fork_callee.1, $fork_call.1, a, b)

so that recursion, defaults and conversions are Numba's business. The lowering knows the names: it
writes no call for the second line, but a frame for whoever comes to run it, and the last line is
that frame's handle. A pass on untyped IR, before calls are redirected to helpers.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import types as pytypes
from typing import Any, NoReturn

from numba.core import ir, ir_utils, postproc
from numba.core.compiler_machinery import register_pass

from catzilla_jit import forking
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.names import callee
from catzilla_jit.compile.passes.base import TaskPass
from catzilla_jit.compile.target.forked_calls import CALL, CALLEE, HANDLE, handle_of
from catzilla_jit.compile.target.helper import Helper


@register_pass(mutates_CFG=False, analysis_only=False)
class Forks(TaskPass):
    """Takes the calls of `fork` apart."""

    _name: Any = "task_forks"

    def run_pass(self, state: Any) -> bool:
        return _take_apart(state.func_ir, state.metadata["unit"])


def _take_apart(func_ir: Any, unit: Any) -> bool:
    number = 0
    for block in func_ir.blocks.values():
        body: list[Any] = []
        for statement in block.body:
            if not _is_fork(func_ir, statement):
                body.append(statement)
                continue
            number += 1
            body += _parts(func_ir, unit, statement, number)
        block.body = body
    if number:
        func_ir._definitions = ir_utils.build_definitions(func_ir.blocks)
        postproc.PostProcessor(func_ir).run()
    return number > 0


def _is_fork(func_ir: Any, statement: Any) -> bool:
    if not isinstance(statement, ir.Assign) or not isinstance(statement.value, ir.Expr):
        return False
    if statement.value.op != "call":
        return False
    return _constant(func_ir, statement.value.func) is forking.fork


def _constant(func_ir: Any, variable: Any) -> Any:
    """Return what a variable is if that is a global, or something that a module has."""
    definition = ir_utils.guard(ir_utils.get_definition, func_ir, variable)
    if isinstance(definition, ir.Global | ir.FreeVar):
        return definition.value
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        holder = ir_utils.guard(ir_utils.find_const, func_ir, definition.value)
        if isinstance(holder, pytypes.ModuleType):
            return getattr(holder, definition.attr, None)
    return None


def _parts(func_ir: Any, unit: Any, statement: Any, number: int) -> list[Any]:
    call, loc = statement.value, statement.loc
    if call.kws or call.vararg or not call.args:
        _refuse(unit, loc, "fork is called with keyword arguments, with *args, or without any")
    function = _constant(func_ir, call.args[0])
    if not isinstance(function, Helper):
        plain = callee(function)
        if plain is None:
            _refuse(unit, loc, "fork calls something other than a function that is named there")
        function = unit.helper(plain)
    scope = statement.target.scope
    names = [f"{name}{number}" for name in (CALLEE, CALL, HANDLE)]
    target, result, maker = (scope.redefine(name, loc=loc) for name in names)
    arguments = list(call.args[1:])
    return [
        ir.Assign(ir.Global(function.py_func.__name__, function, loc), target, loc),
        ir.Assign(ir.Expr.call(target, arguments, (), loc), result, loc),
        ir.Assign(ir.Global("handle_of", handle_of, loc), maker, loc),
        ir.Assign(
            ir.Expr.call(maker, [target, result, *arguments], (), loc), statement.target, loc
        ),
    ]


def _refuse(unit: Any, loc: Any, message: str) -> NoReturn:
    advice = "write fork(f, a, b) with a function that compiles"
    refuse(unit.findings.reasons, rules.FORK, loc, message, advice)
