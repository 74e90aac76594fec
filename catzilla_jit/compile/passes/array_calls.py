"""Calls of NumPy's functions with constants and keywords: `numpy.std(a, axis=0, ddof=1)`.

Runs on untyped IR. What is constant says which function is meant
(`library/arrays/form_table.py`); the rest is handed to that. A sequence of arrays that is written
out, `numpy.vstack([a, b])`, is handed over as so many arguments.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import ir, ir_utils

from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library.arrays import form_table
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.passes.array_arguments import constant_of

#: What a variable is that is no constant.
_NONE = object()


def formed(
    func_ir: Any, unit: CompilationUnit, function: Any, method: tuple[str, Any] | None, call: Any
) -> Any:
    """Return what stands for the function or method that is called, None where nothing does.

    method: its name and the array. The arguments of the call are then those that are handed over.
    """
    if call.vararg:
        return None
    form = form_table.of_method(method[0]) if method else form_table.of_function(function)
    given = [method[1], *call.args] if method else list(call.args)
    found = None
    while found is None and form is not None:
        found = _made(func_ir, unit, form, given, call)
        form = form.other
    return found


def _made(func_ir: Any, unit: CompilationUnit, form: Form, given: list[Any], call: Any) -> Any:
    bound = _bound(form, given, dict(call.kws))
    if bound is None:
        return None
    values = [variable for name, variable in bound.items() if name in form.values]
    shape: tuple[int, ...] = ()
    lists: list[Any] = []
    if form.sequence is not None:
        found = _items(func_ir, bound.get(form.sequence), form.depth, lists)
        if found is None:
            return None
        if form.depth == 1:  # lists of numbers among arrays
            lists += filter(None, (_listed(func_ir, each) for each in found[1]))
        shape, values = found[0], [*found[1], *values]
    elif form.values and form.values[0] not in bound:
        return None
    constants: dict[str, Any] = {}
    for name, variable in bound.items():
        if name not in form.values and name != form.sequence:
            constants[name] = _constant(func_ir, variable)
            if constants[name] is _NONE:
                return None
    if form.sequence:
        constants["shape"] = shape
    names = tuple(name for name in bound if name in form.values)
    made = form.make(names, **constants)
    if made is None:
        return None
    for each in lists:
        each.op = "build_tuple"  # which may have items of several types
    call.args, call.kws = values, ()
    return unit.chooser(made, len(values)) if hasattr(made, "ours") else made


def _bound(form: Form, given: list[Any], keywords: dict[str, Any]) -> dict[str, Any] | None:
    """Return the variables by the names of the parameters, in the order of these."""
    positional = form.positional()
    if len(given) > len(positional):
        return None
    bound = dict(zip(positional, given, strict=False))
    if not set(keywords) <= form.named() - set(bound):
        return None
    bound |= keywords
    return {name: bound[name] for name in form.names if name in bound}


def _items(
    func_ir: Any, variable: Any, depth: int, lists: list[Any]
) -> tuple[tuple[int, ...], list[Any]] | None:
    """Return the items of lists that are written out in the call, and the shape of these."""
    found = _listed(func_ir, variable)
    if found is None or not found.items:
        return None
    lists.append(found)
    inner = [_items(func_ir, each, depth - 1, lists) if depth > 1 else None for each in found.items]
    shapes = {each[0] for each in inner if each is not None}
    if not shapes:
        return (len(found.items),), list(found.items)
    if len(shapes) > 1 or None in inner:
        return None
    items = [item for each in inner if each is not None for item in each[1]]
    return (len(inner), *shapes.pop()), items


def _listed(func_ir: Any, variable: Any) -> Any:
    """Return what makes a list or tuple that has no name."""
    if variable is None or not variable.name.startswith("$"):
        return None
    found = ir_utils.guard(ir_utils.get_definition, func_ir, variable)
    known = isinstance(found, ir.Expr) and found.op in ("build_list", "build_tuple")
    return found if known else None


def _constant(func_ir: Any, variable: Any) -> Any:
    """Return a constant; arrays are none."""
    definition = ir_utils.guard(ir_utils.get_definition, func_ir, variable)
    if isinstance(definition, ir.Expr) and definition.op in ("build_tuple", "build_list"):
        items = [_constant(func_ir, each) for each in definition.items]
        return _NONE if _NONE in items else tuple(items)
    found = constant_of(func_ir, variable)
    if found is None and not _is_none(definition):
        return _NONE
    try:
        hash(found)
    except TypeError:
        return tuple(found) if isinstance(found, list) else _NONE
    return found


def _is_none(definition: Any) -> bool:
    known = isinstance(definition, ir.Const | ir.Global | ir.FreeVar)
    return known and definition.value is None
