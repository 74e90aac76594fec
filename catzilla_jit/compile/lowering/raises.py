"""Raises whose arguments are computed, and the `try` blocks of Python 3.10."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import sys
from typing import Any

from numba.core import ir, types
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.unsafe import eh

from catzilla_jit.compile.datamodel import bytes_type
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.lowering.bail_out import BailingLower


def raise_computed(lower: BailingLower, inst: Any) -> None:
    """Hand the variables in the arguments of a raise over to the exception.

    A raise is the end of the function, and nobody lets go of its variables: Numba, which
    takes a further reference, leaks one object per raise.
    """
    types_: list[types.Type | None] = []
    values: list[Any] = []
    seen: set[str] = set()
    for argument in inst.exc_args:
        if not isinstance(argument, ir.Var):
            types_.append(None)
            values.append(argument)
            continue
        type_, value = lower.typeof(argument.name), lower.loadvar(argument.name)
        if bytes_type.hides_bytes(type_):
            message = "an exception is raised with a dict or set of bytes"
            lower.refuse(rules.RAISED_ARGUMENTS, message, "pass a list of them")
        if argument.name in seen:
            lower.incref(type_, value)
        seen.add(argument.name)
        types_.append(type_)
        values.append(bytes_type.owned(lower.context, lower.builder, type_, value))
    lower.return_dynamic_exception(inst.exc_class, tuple(values), tuple(types_), loc=lower.loc)


def check_tries(lower: BailingLower) -> None:
    """Refuse a `try` that may be entered when another has caught something, on Python 3.10.

    There Numba takes what can raise in the later one for what has raised.
    """
    if sys.version_info >= (3, 11):
        return
    entered = [
        label
        for label, block in lower.blocks.items()
        for each in block.find_insts(ir.Assign)
        if isinstance(each.value, ir.Const | ir.Global | ir.FreeVar)
        and each.value.value is eh.mark_try_block
    ]
    if entered:
        loops = compute_cfg_from_blocks(lower.blocks).loops().values()
        if len(entered) > 1 or any(entered[0] in loop.body for loop in loops):
            message = "the function may enter `try` more than once, on Python 3.10"
            lower.refuse(rules.SYNTAX, message, STAYS)
