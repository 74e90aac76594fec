"""What is left where a closure was inlined is removed; what may raise is not.

A comprehension becomes a loop where it stands. Numba then drops every assignment of the function
that nobody reads, with the exceptions that Python would raise there: `a // b` as a statement,
`xs[k]`, `int(text)`. Here only what cannot raise goes: the function that was inlined, what it was
made of, and the list whose place an array took (`library/ufuncs/collected.py`).
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import inline_closurecall, ir, ir_utils, postproc
from numba.core.compiler_machinery import register_pass
from numba.core.untyped_passes import InlineClosureLikes

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library.ufuncs import collected


@register_pass(mutates_CFG=True, analysis_only=False)
class InlinedClosures(InlineClosureLikes):
    """Numba's pass with the removal below in the place of its own; under its compiler lock."""

    _name: Any = "task_inlined_closures"

    def run_pass(self, state: Any) -> bool:
        unit: CompilationUnit = state.metadata["unit"]
        _name_dtypes(state.func_ir, unit)
        with _in_our_ways(collects=not unit.keeps_lists):
            changed: bool = super().run_pass(state)
        if unit.options.exact and _place_collected(state.func_ir):
            unit.findings.collects = True
        return changed


def _place_collected(func_ir: Any) -> bool:
    """Put our array in the place of Numba's where a list has become one."""
    found = False
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if isinstance(value, ir.Global) and value.value is collected.NUMBAS:
                statement.value = ir.Global("collected", collected.collected, value.loc)
                func_ir._definitions[statement.target.name] = [statement.value]
                found = True
    return found


_inline_array: Any = inline_closurecall._inline_arraycall


def _inline_untyped_array(func_ir: Any, cfg: Any, visited: Any, loop: Any, *rest: Any) -> bool:
    """Leave an array with a dtype that is told, and a list that others read, to `numpy.array`."""
    inline_closurecall.require(len(loop.exits) == 1)
    (end,) = loop.exits
    block = func_ir.blocks[end]
    found, place, keywords = inline_closurecall._find_arraycall(func_ir, block)
    inline_closurecall.require(not keywords)
    inline_closurecall.require(not _is_read_by_others(func_ir, found, block.body[place]))
    return _inline_array(func_ir, cfg, visited, loop, *rest)


def _is_read_by_others(func_ir: Any, variable: Any, call: Any) -> bool:
    """Tell whether a list, by any of its names, is more than appended to and given to a call."""
    statements = [
        each
        for block in func_ir.blocks.values()
        for each in block.body
        if not isinstance(each, ir.Del)
    ]
    pairs = [each for each in map(_two_names, statements) if each]
    names, before = {variable.name}, 0
    while len(names) > before:
        before = len(names)
        for pair in pairs:
            names |= pair if pair & names else set()
    return any(
        statement is not call and not _only_collects(statement, names)
        for statement in statements
        if names & {each.name for each in statement.list_vars()}
    )


def _two_names(statement: Any) -> set[str]:
    """Return the names of one value, if a statement gives it another one."""
    value: Any = statement.value if isinstance(statement, ir.Assign) else None
    if isinstance(value, ir.Expr) and value.op == "cast":
        value = value.value
    return {statement.target.name, value.name} if isinstance(value, ir.Var) else set()


def _only_collects(statement: Any, names: set[str]) -> bool:
    """Tell whether a statement makes a list, names it otherwise, or looks up its `append`."""
    value = getattr(statement, "value", None)
    if _two_names(statement):
        return True
    if not isinstance(statement, ir.Assign) or not isinstance(value, ir.Expr):
        return False
    if value.op == "getattr":
        return bool(value.attr == "append")
    return not names & {each.name for each in value.list_vars()}


def _name_dtypes(func_ir: Any, unit: CompilationUnit) -> None:
    """Give `numpy.array` its dtype by name: Numba overlooks one by position beside a comprehension.

    An array takes the list's place there, with the type of its items, and of one dimension.
    """
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            call = statement.value
            if not isinstance(call, ir.Expr) or call.op != "call":
                continue
            named = ir_utils.guard(ir_utils.find_callname, func_ir, call)
            if named == ("array", "numpy") and "ndmin" in dict(call.kws):
                message = "numpy.array is told ndmin"
                refuse(unit.findings.reasons, rules.NUMPY_OPERATION, statement.loc, message, STAYS)
            if named == ("array", "numpy") and not call.vararg and len(call.args) == 2:
                call.args, call.kws = call.args[:1], (*call.kws, ("dtype", call.args[1]))


@contextlib.contextmanager
def _in_our_ways(*, collects: bool) -> Iterator[None]:
    """Remove leftovers only; collects: an array takes the place of a list of its items."""
    module: Any = inline_closurecall
    names = ("dead_code_elimination", "enable_inline_arraycall", "_inline_arraycall")
    before = [getattr(module, name) for name in names]
    ours = (remove_leftovers, collects, _inline_untyped_array)
    for name, value in zip(names, ours, strict=True):
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(module, name, value)


def remove_leftovers(func_ir: Any) -> None:
    """Remove, again and again, the assignments that nobody reads and that cannot raise."""
    cells = {
        each.value.closure.name
        for block in func_ir.blocks.values()
        for each in block.find_insts(ir.Assign)
        if _is_function(each.value, set()) and isinstance(each.value.closure, ir.Var)
    }
    while _remove_once(func_ir, cells):
        pass
    postproc.PostProcessor(func_ir).run()


def _remove_once(func_ir: Any, cells: set[str]) -> bool:
    blocks = func_ir.blocks.values()
    statements = [each for block in blocks for each in block.body if not isinstance(each, ir.Del)]
    read = {name for each in statements for name in _read_by(each)}
    functions = _functions(statements)
    dead = {
        id(each)
        for each in statements
        if isinstance(each, ir.Assign)
        and each.target.name not in read
        and (each.target.name in cells or _is_harmless(each.value, functions))
    }
    for block in blocks:
        block.body = [each for each in block.body if id(each) not in dead]
    gone = {each.target.name for each in statements if id(each) in dead}
    for block in blocks:
        block.body = [
            each for each in block.body if not (isinstance(each, ir.Del) and each.value in gone)
        ]
    return bool(dead)


def _read_by(statement: Any) -> set[str]:
    if isinstance(statement, ir.Assign):
        value = statement.value
        if isinstance(value, ir.Var):
            return {value.name}
        known = isinstance(value, ir.Expr | ir.Yield)
        return {each.name for each in value.list_vars()} if known else set()
    return {each.name for each in statement.list_vars()}


def _functions(statements: list[Any]) -> set[str]:
    """Return the variables that hold inner functions; to copy one cannot fail."""
    values: dict[str, list[Any]] = {}
    for each in statements:
        if isinstance(each, ir.Assign):
            values.setdefault(each.target.name, []).append(each.value)
    found: set[str] = set()
    while True:
        further = {
            name
            for name, assigned in values.items()
            if name not in found and all(_is_function(value, found) for value in assigned)
        }
        if not further:
            return found
        found |= further


def _is_function(value: Any, functions: set[str]) -> bool:
    if isinstance(value, ir.Var):
        return value.name in functions
    return isinstance(value, ir.Expr) and value.op == "make_function"


def _is_harmless(value: Any, functions: set[str]) -> bool:
    if isinstance(value, ir.Const | ir.FreeVar):
        return True
    if isinstance(value, ir.Global):
        return value.value is not ir.UNDEFINED
    if isinstance(value, ir.Var):
        return value.name in functions
    if not isinstance(value, ir.Expr):
        return False
    # An array has no method `append`; it stands where the list was.
    of_a_list = value.op == "getattr" and value.attr == "append"
    return (
        of_a_list or value.op == "make_function" or (value.op == "build_list" and not value.items)
    )
