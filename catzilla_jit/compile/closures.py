"""Functions defined inside a task, and functions of modules, become helpers too.

Two passes on untyped IR. `module.function` is replaced before closures are inlined. A `lambda` or
inner `def` that could not be inlined (the key of a `sorted`) becomes a helper; Numba's own pass
would compile it with unchecked arithmetic.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import types as pytypes
from typing import Any

from numba.core import ir, ir_utils, postproc
from numba.core.compiler_machinery import FunctionPass, register_pass

from catzilla_jit.compile.helper import Helper
from catzilla_jit.compile.program import Program, callee


@register_pass(mutates_CFG=False, analysis_only=False)
class ModuleFunctions(FunctionPass):
    """Replaces `module.function`; runs when the IR has just been made."""

    _name: Any = "task_module_functions"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        return _replace_module_functions(state.func_ir, state.metadata["program"])


@register_pass(mutates_CFG=False, analysis_only=False)
class InnerFunctions(FunctionPass):
    """Replaces functions defined inside; runs in the place of Numba's own pass."""

    _name: Any = "task_inner_functions"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        return _replace_inner_functions(state.func_ir, state.metadata["program"])


def _replace_module_functions(func_ir: Any, program: Program) -> bool:
    changed = False
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            function = _module_function(func_ir, statement.value)
            if function is not None:
                helper = program.helper(function)
                statement.value = ir.Global(function.__name__, helper, statement.loc)
                func_ir._definitions[statement.target.name] = [statement.value]
                changed = True
    return changed


def _module_function(func_ir: Any, value: Any) -> pytypes.FunctionType | None:
    """Return the function if `value` is an attribute of a module and such a function."""
    if not (isinstance(value, ir.Expr) and value.op == "getattr"):
        return None
    module = ir_utils.guard(ir_utils.find_const, func_ir, value.value)
    if not isinstance(module, pytypes.ModuleType):
        return None
    return callee(getattr(module, value.attr, None))


def _replace_inner_functions(func_ir: Any, program: Program) -> bool:
    changed = False
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if isinstance(value, ir.Expr) and value.op == "make_function":
                function = ir_utils.convert_code_obj_to_function(value, func_ir)
                helper = Helper(function, program.options, program.pipeline)
                statement.value = ir.Global(value.code.co_name, helper, statement.loc)
                changed = True
    if changed:
        postproc.PostProcessor(func_ir).run()
    return changed
