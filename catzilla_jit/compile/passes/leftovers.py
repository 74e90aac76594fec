"""What is left where a closure was inlined is removed; what may raise is not.

A comprehension becomes a loop where it stands. Numba then drops every assignment of the function
that nobody reads, with the exceptions that Python would raise there: `a // b` as a statement,
`xs[k]`, `int(text)`. Here only what cannot raise goes: the function that was inlined, what it was
made of, and the list whose place an array took.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import inline_closurecall, ir, postproc
from numba.core.compiler_machinery import register_pass
from numba.core.untyped_passes import InlineClosureLikes


@register_pass(mutates_CFG=True, analysis_only=False)
class InlinedClosures(InlineClosureLikes):
    """Numba's pass with the removal below in the place of its own; under its compiler lock."""

    _name: Any = "task_inlined_closures"

    def run_pass(self, state: Any) -> bool:
        with _removing_leftovers_only():
            return super().run_pass(state)


@contextlib.contextmanager
def _removing_leftovers_only() -> Iterator[None]:
    module: Any = inline_closurecall
    before = module.dead_code_elimination
    module.dead_code_elimination = remove_leftovers
    try:
        yield
    finally:
        module.dead_code_elimination = before


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
