"""Calls of functions in modules, of builtins, and of inner functions become calls of helpers.

Two passes on untyped IR, after closures have been inlined. `module.function` becomes a helper,
and so do the builtins that `library/builtin_functions.py` has. A `lambda` or inner `def` that could
not be inlined (the key of a `sort`) becomes a helper; Numba's own pass would compile it with
unchecked arithmetic.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import inspect
import types as pytypes
from typing import Any

import numpy
from numba.core import ir, ir_utils, postproc
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.datamodel.bytes_type import as_constant
from catzilla_jit.compile.datamodel.plain_class import is_plain_enum
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.refuse import refuse, refuse_class
from catzilla_jit.compile.frontend.names import callee, ufunc_of_scipy
from catzilla_jit.compile.frontend.own_functions import OWN, is_own
from catzilla_jit.compile.frontend.subclasses import subclass_in
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library import (
    builtin_functions,
    list_sorts,
    number_text,
    overloads,
    text,
    text_methods,
)
from catzilla_jit.compile.library.arrays import overloads as numpys
from catzilla_jit.compile.library.arrays import reductions
from catzilla_jit.compile.library.ufuncs import elementwise, table
from catzilla_jit.compile.passes import array_calls, outer_names
from catzilla_jit.compile.passes.array_arguments import place_numbers, place_types, take_arrays
from catzilla_jit.compile.passes.array_operators import is_foreign, redirect_operators
from catzilla_jit.compile.passes.base import TaskPass, is_exact
from catzilla_jit.compile.passes.module_constants import place_constants
from catzilla_jit.compile.passes.outputs import write_outputs
from catzilla_jit.compile.target.helper import Helper

#: They go over their arguments, and tell nobody what those are.
CONSUMERS = (
    all, any, bytes, enumerate, filter, frozenset, list, map, max, min, set, sorted, sum, tuple,
    zip,
)  # fmt: skip


@register_pass(mutates_CFG=False, analysis_only=False)
class Callees(TaskPass):
    """Redirects calls to helpers; runs when closures have been inlined."""

    _name: Any = "task_callees"

    def run_pass(self, state: Any) -> bool:
        unit: CompilationUnit = state.metadata["unit"]
        changed = False
        if is_exact(state):
            changed = take_arrays(state.func_ir, state.args)
            changed = place_numbers(state.func_ir) or changed
            changed = place_types(state.func_ir) or changed
            changed = redirect_operators(state.func_ir, state.args) or changed
            changed = write_outputs(state.func_ir, unit) or changed
        foreign = is_foreign(state.func_ir, state.args)
        changed = _replace_callees(state.func_ir, unit, foreign) or changed
        return place_constants(state.func_ir, unit) or changed


@register_pass(mutates_CFG=False, analysis_only=False)
class InnerFunctions(TaskPass):
    """Replaces functions defined inside; runs in the place of Numba's own pass."""

    _name: Any = "task_inner_functions"

    def run_pass(self, state: Any) -> bool:
        return _replace_inner_functions(state.func_ir, state.metadata["unit"])


def refuse_kept_defaults(func_ir: Any, unit: CompilationUnit) -> None:
    """Give up on an inner function with a list, dict or set as default: Numba makes it anew."""
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if not isinstance(value, ir.Expr) or value.op != "make_function":
                continue
            if value.defaults is not None and _is_made_of(func_ir, value.defaults):
                message = "an inner function has a mutable default"
                advice = "use None as the default, and make the list, dict or set inside"
                refuse(unit.findings.reasons, rules.INNER_FUNCTION, statement.loc, message, advice)


def refuse_raises(func_ir: Any, unit: CompilationUnit) -> None:
    """Give up on exceptions that compiled code cannot carry: Numba keeps a class and `args`."""
    for block in func_ir.blocks.values():
        for statement in block.body:
            if not isinstance(statement, ir.Raise | ir.TryRaise) or statement.exception is None:
                continue
            raised = ir_utils.guard(ir_utils.get_definition, func_ir, statement.exception)
            kept = isinstance(raised, ir.Global | ir.FreeVar | ir.Const)
            message, advice = "", "pass them by position"
            if isinstance(raised, ir.Expr) and raised.op == "call" and raised.kws:
                message = "an exception is raised with keyword arguments"
            if kept and isinstance(raised.value, BaseException):
                message = "the exception that is raised was made before"
                advice = "make it in the `raise` statement"
            if message:
                refuse(
                    unit.findings.reasons, rules.RAISED_ARGUMENTS, statement.loc, message, advice
                )


def _is_made_of(func_ir: Any, value: Any) -> bool:
    """Tell whether a value may be a list, dict or set that is made here, or hold one."""
    if isinstance(value, tuple | list):
        return any(_is_made_of(func_ir, each) for each in value)
    if isinstance(value, ir.Var | str):
        value = ir_utils.guard(ir_utils.get_definition, func_ir, value)
        return value is None or _is_made_of(func_ir, value)
    if not isinstance(value, ir.Expr):
        return False
    if value.op in ("build_list", "build_map", "build_set"):
        return True
    if value.op == "call":
        called = ir_utils.guard(ir_utils.get_definition, func_ir, value.func)
        made = isinstance(called, ir.Expr) and called.op in ("getattr", "make_function")
        return made or _means(called, list, dict, set, sorted)
    return any(_is_made_of(func_ir, each) for each in value.list_vars())


def _replace_callees(func_ir: Any, unit: CompilationUnit, foreign: bool) -> bool:
    assignments = [
        statement for block in func_ir.blocks.values() for statement in block.find_insts(ir.Assign)
    ]
    places = {id(statement.value): statement for statement in assignments}
    changed = False
    for statement in assignments:
        if isinstance(statement.value, ir.Expr) and statement.value.op == "call":
            _refuse_kept_generator(func_ir, unit, statement)
            changed = _redirect(func_ir, unit, places, statement, foreign) or changed
        if isinstance(statement.value, ir.Expr) and statement.value.op == "getattr":
            changed = _take_constant(func_ir, unit, statement) or changed
    postproc.PostProcessor(func_ir).run()
    return changed


def _refuse_kept_generator(func_ir: Any, unit: CompilationUnit, statement: Any) -> None:
    """Give up on a generator that is more than looped over: Numba copies it with its state."""
    definition = ir_utils.guard(ir_utils.get_definition, func_ir, statement.value.func)
    helper = definition.value if isinstance(definition, ir.Global | ir.FreeVar) else None
    if not isinstance(helper, Helper) or not inspect.isgeneratorfunction(helper.py_func):
        return
    uses = _uses(func_ir, statement.target.name)
    if len(uses) != 1 or getattr(getattr(uses[0], "value", None), "op", "") != "getiter":
        message = f"the generator that {helper.py_func.__name__} makes is kept"
        advice = "loop over it where it is made"
        refuse(unit.findings.reasons, rules.KEPT_ITERATOR, statement.loc, message, advice)


def _take_constant(func_ir: Any, unit: CompilationUnit, statement: Any) -> bool:
    """Put bytes, lists, dicts and enums of a module where they are looked up."""
    holder = ir_utils.guard(ir_utils.find_const, func_ir, statement.value.value)
    if not isinstance(holder, pytypes.ModuleType):
        return False
    name = statement.value.attr
    value = getattr(holder, name, None)
    class_ = subclass_in(value)
    if class_ is not None:
        refuse_class(unit.findings.reasons, statement.loc, name, class_)
    own = type(value) in (list, dict) or is_plain_enum(value)
    constant = unit.value(value) if own else as_constant(value)
    if constant is value:
        return False
    statement.value = ir.Global(name, constant, statement.loc)
    func_ir._definitions[statement.target.name] = [statement.value]
    return True


def _redirect(
    func_ir: Any, unit: CompilationUnit, places: dict[int, Any], statement: Any, foreign: bool
) -> bool:
    """Put a helper where the called function is looked up, if one stands for it."""
    call = statement.value
    definition = ir_utils.guard(ir_utils.get_definition, func_ir, call.func)
    if _means(definition, hasattr) and not is_own(func_ir.func_id.func):
        message = "the function asks for an attribute of a value whose class is not known"
        advice = "ask an argument, or with `x is None`"
        refuse(unit.findings.reasons, rules.CLASS_OR_OBJECT, statement.loc, message, advice)
    if _means(definition, reversed) and not _is_consumed_at_once(func_ir, statement.target.name):
        return False  # what stands for it is no iterator
    loops = _loops(func_ir, unit, definition, call, foreign)
    place = places.get(id(definition))
    if loops is not None and place is not None:
        place.value = ir.Global(loops.__name__, loops, place.loc)
        func_ir._definitions[place.target.name] = [place.value]
        return True
    if place is not None and _sorts(func_ir, definition, call, place):
        return True
    helper = None
    _place_keywords(definition, call)
    if not call.kws and not call.vararg:
        helper = _stand_in(func_ir, unit, definition, call)
    elif [name for name, _ in call.kws] == ["axis"] and not call.vararg:
        helper = _reduction(func_ir, unit, definition, call)
    if helper is None or place is None:
        return False
    place.value = ir.Global(helper.py_func.__name__, helper, place.loc)
    func_ir._definitions[place.target.name] = [place.value]
    return True


def _sorts(func_ir: Any, definition: Any, call: Any, place: Any) -> bool:
    """Put our sort in the place of Numba's, which does not keep the order of equal items."""
    named = not call.args and not call.vararg
    if isinstance(definition, ir.Expr) and definition.op == "getattr":
        if definition.attr != "sort" or outer_names.module(func_ir, definition.value) is not None:
            return False
        definition.attr = list_sorts.METHOD if named else f"{list_sorts.METHOD}_by_position"
        return True
    if not _means(definition, sorted) or (len(call.args) == 1 and not call.kws and not call.vararg):
        return False
    named = len(call.args) == 1 and not call.vararg
    function = list_sorts.in_order if named else list_sorts.has_nan
    place.value = ir.Global("sorted", function, place.loc)
    func_ir._definitions[place.target.name] = [place.value]
    return True


def _loops(func_ir: Any, unit: CompilationUnit, definition: Any, call: Any, foreign: bool) -> Any:
    """Return what calls NumPy's own loop in the place of a function, if something does."""
    exact = unit.options.exact and not is_own(func_ir.func_id.func)
    if not exact or call.vararg:
        return None
    function, method = None, None
    if isinstance(definition, ir.Global | ir.FreeVar):
        function = definition.value
    elif isinstance(definition, ir.Expr) and definition.op == "getattr":
        holder = outer_names.module(func_ir, definition.value) or outer_names.ufunc(
            func_ir, definition.value
        )
        if holder is not None:
            function = getattr(holder, definition.attr, None)
        else:
            method = definition.attr, definition.value
    known = None if call.kws else _known_loops(function, method, call, foreign)
    return known or array_calls.formed(func_ir, unit, function, method, call)


def _known_loops(function: Any, method: tuple[str, Any] | None, call: Any, foreign: bool) -> Any:
    """Return what stands for a function whose arguments are all handed over."""
    if method is None:
        scipys = ufunc_of_scipy(function)
        if scipys is not None:
            return elementwise.of_scipy(scipys, len(call.args))
        return table.function(function, len(call.args), all_=foreign)
    found = table.METHODS.get((method[0], len(call.args)))
    if found is not None:
        call.args = [method[1], *call.args]
    return found


def _place_keywords(definition: Any, call: Any) -> None:
    """Give the arguments of a method of texts by position."""
    if not (isinstance(definition, ir.Expr) and definition.op == "getattr") or call.vararg:
        return
    names = text_methods.PARAMETERS.get(definition.attr, ())[len(call.args) :]
    given = dict(call.kws)
    if given and set(given) == set(names[: len(given)]):
        call.args = [*call.args, *(given[name] for name in names[: len(given)])]
        call.kws = ()
    elif list(given) == ["maxsplit"] and not call.args:
        definition.attr += text_methods.BY_COUNT
        call.args, call.kws = [given["maxsplit"]], ()


def _means(definition: Any, *functions: Any) -> bool:
    known = isinstance(definition, ir.Global | ir.FreeVar)
    return known and any(definition.value is each for each in functions)


def _uses(func_ir: Any, name: str) -> list[Any]:
    return [
        statement
        for block in func_ir.blocks.values()
        for statement in block.body
        if not isinstance(statement, ir.Del)
        and any(each.name == name for each in statement.list_vars())
        and not (isinstance(statement, ir.Assign) and statement.target.name == name)
    ]


def _is_consumed_at_once(func_ir: Any, name: str) -> bool:
    """Tell whether a value is used once, where only its items matter."""
    uses = _uses(func_ir, name)
    if len(uses) != 1 or not isinstance(uses[0], ir.Assign):
        return False
    value = uses[0].value
    if not isinstance(value, ir.Expr):
        return False
    if value.op == "call":
        function = ir_utils.guard(ir_utils.get_definition, func_ir, value.func)
        is_join = isinstance(function, ir.Expr) and getattr(function, "attr", "") in (
            "join",
            "extend",
        )
        return is_join or _means(function, *CONSUMERS)
    return value.op in ("getiter", "exhaust_iter")


def _stand_in(func_ir: Any, unit: CompilationUnit, definition: Any, call: Any) -> Helper | None:
    module = func_ir.func_id.func.__module__
    in_library = module in (builtin_functions.__name__, number_text.__name__, text.__name__)
    if isinstance(definition, ir.Global | ir.FreeVar):
        if in_library:  # there the builtins are Numba's
            return None
        ours = module not in OWN
        return unit.library_helper(definition.value, len(call.args), ours=ours)
    if not (isinstance(definition, ir.Expr) and definition.op == "getattr"):
        return None
    holder = ir_utils.guard(ir_utils.find_const, func_ir, definition.value)
    if isinstance(holder, pytypes.ModuleType):
        function = getattr(holder, definition.attr, None)
        unit.refuse_parallel(function)
        plain = callee(function)
        if plain is not None:
            return unit.helper(plain)
        return unit.library_helper(function, len(call.args), ours=module not in OWN)
    if in_library:
        return None
    method = (definition.attr, len(call.args))
    choice = overloads.METHODS.get(method)
    if choice is None and unit.options.exact and module not in OWN:
        choice = numpys.METHODS.get(method)
    if choice is not None:
        call.args = [definition.value, *call.args]
        return unit.chooser(choice, len(call.args))
    return None


def _reduction(func_ir: Any, unit: CompilationUnit, definition: Any, call: Any) -> Helper | None:
    """Return what stands for `values.sum(axis=...)` or `numpy.sum(values, axis=...)`."""
    if func_ir.func_id.func.__module__ == builtin_functions.__name__:
        return None  # there the methods are Numba's
    ((_, axis),) = call.kws
    if isinstance(definition, ir.Global | ir.FreeVar) and len(call.args) == 1:
        return _reduction_along(unit, _imported(definition.value), call, axis)
    if not (isinstance(definition, ir.Expr) and definition.op == "getattr"):
        return None
    holder = ir_utils.guard(ir_utils.find_const, func_ir, definition.value)
    if holder is numpy and len(call.args) == 1:
        choice = reductions.CALLS_BY_NAME.get(getattr(numpy, definition.attr, None))
    elif not isinstance(holder, pytypes.ModuleType) and not call.args:
        choice = reductions.METHODS_BY_NAME.get(definition.attr)
        call.args = [definition.value] if choice else []
    else:
        choice = None
    return _reduction_along(unit, choice, call, axis)


def _imported(function: Any) -> Any:
    """Return the chooser of a function that was imported by its name."""
    try:
        return reductions.CALLS_BY_NAME.get(function)
    except TypeError:  # what cannot be hashed
        return None


def _reduction_along(unit: CompilationUnit, choice: Any, call: Any, axis: Any) -> Helper | None:
    if choice is None:
        return None
    call.args, call.kws = [*call.args, axis], ()
    return unit.chooser(choice, 2)


def _replace_inner_functions(func_ir: Any, unit: CompilationUnit) -> bool:
    changed = False
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if isinstance(value, ir.Expr) and value.op == "make_function":
                function = ir_utils.convert_code_obj_to_function(value, func_ir)
                helper = Helper(function, unit.options, unit.pipeline)
                statement.value = ir.Global(value.code.co_name, helper, statement.loc)
                changed = True
    if changed:
        postproc.PostProcessor(func_ir).run()
    return changed
