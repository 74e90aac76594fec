"""An empty list, set or dict that nothing was put in has the type that something else tells.

`if n < 0: return []` says nothing of items; `return [n]` further down does. Numba infers each value
by itself and gives up. Before it does, the types of the other results are given to those that
nothing else tells; then those of what they are put in (`rows.append([])`), and at last those that
annotations name (`frontend/container_hints.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import bisect
import contextlib
import heapq
import types as pytypes
from collections.abc import Iterator
from typing import Any, cast

from numba.core import ir, typeinfer, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NopythonTypeInference

from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.frontend.container_hints import said_by
from catzilla_jit.compile.library.counts import asked
from catzilla_jit.compile.library.overloads import sum_of
from catzilla_jit.compile.target.helper import Helper

CONTAINERS = (types.List, types.DictType, types.Set)
#: What is told makes more known, which may tell more; nested as deep as this.
ROUNDS = 8
#: Functions that put their second argument in a list.
FILLING = (heapq.heappush, heapq.heappushpop, bisect.insort, bisect.insort_left)
#: Methods of containers, with the place of the item among the arguments.
PLACES = {"append": 0, "add": 0, "insert": 1}


@register_pass(mutates_CFG=True, analysis_only=False)
class TypeInference(NopythonTypeInference):
    """Numba's pass, which asks for the types of what is empty; under its compiler lock."""

    _name: Any = "task_type_inference"

    def run_pass(self, state: Any) -> bool:
        with _asking():
            return super().run_pass(state)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    inferer: Any = typeinfer.TypeInferer
    propagate, unify = inferer.propagate, inferer.unify

    def propagated(self: Any, raise_errors: bool = True) -> Any:
        # An item of what is empty has no type, which is an error before any type is decided.
        if raise_errors:
            if not propagate(self, raise_errors=False):
                return None
            _fill(self, propagate)
        return propagate(self, raise_errors)

    def unified(self: Any, raise_errors: bool = True) -> Any:
        if _fill(self, propagate):
            propagate(self, raise_errors)
        return unify(self, raise_errors)

    inferer.propagate, inferer.unify = propagated, unified
    try:
        yield
    finally:
        inferer.propagate, inferer.unify = propagate, unify


def _fill(inferer: Any, propagate: Any) -> bool:
    """Give what is empty its types, as long as that makes more known; tell whether it did."""
    tellers = (_of_results, _of_items, _of_calls, _of_values, _said)
    for done in range(ROUNDS):
        if not any(_refine(inferer, wanted(inferer)) for wanted in tellers):
            return done > 0
        propagate(inferer, raise_errors=False)
    return True


def _refine(inferer: Any, wanted: dict[str, types.Type]) -> bool:
    """Give values without a type that of the variable, or of the other results, they go to."""
    assignments = list(_assignments(inferer))
    taken = False
    while True:
        for each in assignments:
            type_ = _known(inferer, each.target.name)
            if type_ is not None and _is_whole(type_):
                wanted.setdefault(each.target.name, type_)
        further = {
            name: type_
            for each in assignments
            if each.target.name in wanted
            for name, type_ in _sources(each.value, wanted[each.target.name])
            if name not in wanted
        }
        if not further:
            break
        wanted.update(further)
    for name, type_ in wanted.items():
        present = _known(inferer, name)
        alike = isinstance(type_, CONTAINERS) and isinstance(present, type(type_))
        if alike and not _is_whole(present) and not inferer.typevars[name].locked:
            inferer.add_type(name, type_, loc=inferer.func_ir.loc)
            taken = True
    return taken


def _assignments(inferer: Any) -> Iterator[Any]:
    for block in inferer.func_ir.blocks.values():
        yield from block.find_insts(ir.Assign)


def _of_results(inferer: Any) -> dict[str, types.Type]:
    """Return the type of the results that have one for all results, if it is the same."""
    names = [each.name for each in inferer._get_return_vars()]
    known = {name: _known(inferer, name) for name in names}
    whole = {type_ for type_ in known.values() if type_ is not None and _is_whole(type_)}
    return dict.fromkeys(names, *whole) if len(whole) == 1 else {}


def _of_items(inferer: Any) -> dict[str, types.Type]:
    """Return the types of what is put in a list, set or dict of a known type."""
    found: dict[str, types.Type] = {}
    for container, method, arguments in _method_calls(inferer):
        type_ = _known(inferer, container)
        place = PLACES.get(method, len(arguments))
        if isinstance(type_, types.List | types.Set) and place < len(arguments):
            found[arguments[place].name] = type_.dtype
        elif isinstance(type_, types.DictType) and method in ("get", "setdefault"):
            found.update((each.name, type_.value_type) for each in arguments[1:])
    for block in inferer.func_ir.blocks.values():
        for each in block.find_insts((ir.SetItem, ir.StaticSetItem)):
            type_ = _known(inferer, each.target.name)
            if isinstance(type_, types.DictType):
                found[each.value.name] = type_.value_type
            elif isinstance(type_, types.List):
                found[each.value.name] = type_.dtype
    return {name: type_ for name, type_ in found.items() if _is_whole(type_)}


def _of_calls(inferer: Any) -> dict[str, types.Type]:
    """Return the types of lists that a function puts an item in, or adds lists to."""
    found: dict[str, types.Type] = {}
    for call in _calls(inferer):
        function = _known(inferer, call.func.name)
        choice = getattr(getattr(function, "dispatcher", None), "source", None)
        if choice is asked:
            dict_ = _known(inferer, call.args[0].name)
            if isinstance(dict_, types.DictType) and _is_whole(dict_):
                found[call.args[2].name] = dict_.value_type
        if choice is sum_of and len(call.args) == 2:
            item = getattr(_known(inferer, call.args[0].name), "dtype", None)
            if isinstance(item, types.List | GivenList):
                found[call.args[1].name] = types.List(item.dtype)
        if len(call.args) == 2 and getattr(function, "typing_key", None) in FILLING:
            item = _known(inferer, call.args[1].name)
            if item is not None and _is_whole(item):
                found[call.args[0].name] = types.List(types.unliteral(item))
    return found


def _of_values(inferer: Any) -> dict[str, types.Type]:
    """Return the types of dicts of lists and sets, by what is put in these."""
    found: dict[str, types.Type] = {}
    held = {name: (each, default) for name, *each, default in _values_of_dicts(inferer)}
    for target, value in [(e.target.name, e.value) for e in _assignments(inferer)]:
        if isinstance(value, ir.Var) and value.name in held:
            held[target] = held[value.name]
    for name, method, arguments in _method_calls(inferer):
        place = PLACES.get(method, len(arguments))
        if name not in held or place >= len(arguments):
            continue
        (dict_, key), default = held[name]
        types_ = [_known(inferer, each) for each in (key, arguments[place].name)]
        if all(each is not None and _is_whole(each) for each in types_):
            key_type, item = map(types.unliteral, types_)
            value_type = types.Set(item) if method == "add" else types.List(item)
            found[dict_] = types.DictType(key_type, value_type)
            if default:
                found[default] = value_type
    return found


def _values_of_dicts(inferer: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield the variables that hold a value of a dict: them, the dict, the key, the default."""
    methods = _methods(inferer)
    for each in _assignments(inferer):
        value, name = each.value, each.target.name
        if not isinstance(value, ir.Expr):
            continue
        if value.op == "getitem":
            yield name, value.value.name, value.index.name, ""
        elif value.op == "static_getitem" and value.index_var is not None:
            yield name, value.value.name, value.index_var.name, ""
        elif value.op == "call" and len(value.args) == 2 and value.func.name in methods:
            holder, method = methods[value.func.name]
            if method in ("setdefault", "get"):
                yield name, holder, value.args[0].name, value.args[1].name
        elif value.op == "call" and len(value.args) == 3:
            dispatcher = getattr(_known(inferer, value.func.name), "dispatcher", None)
            if getattr(dispatcher, "source", None) is asked:
                dict_, key, default = (each.name for each in value.args)
                yield name, dict_, key, default


def _methods(inferer: Any) -> dict[str, tuple[str, str]]:
    """Return the variables that hold a method: of which variable, and its name."""
    return {
        each.target.name: (each.value.value.name, each.value.attr)
        for each in _assignments(inferer)
        if isinstance(each.value, ir.Expr) and each.value.op == "getattr"
    }


def _method_calls(inferer: Any) -> Iterator[tuple[str, str, list[Any]]]:
    methods = _methods(inferer)
    for each in _calls(inferer):
        if each.func.name in methods:
            yield *methods[each.func.name], each.args


def _calls(inferer: Any) -> Iterator[Any]:
    for each in _assignments(inferer):
        if isinstance(each.value, ir.Expr) and each.value.op == "call":
            yield each.value


def _said(inferer: Any) -> dict[str, types.Type]:
    """Return the types that annotations name of what is still open."""
    lacking = {
        name
        for name, variable in inferer.typevars.items()
        if variable.defined
        and isinstance(variable.type, CONTAINERS)
        and not _is_whole(variable.type)
    }
    if not lacking:
        return {}
    own = said_by(inferer.func_ir.func_id.func)
    found = {
        name: own.names[plain] for name in lacking if (plain := name.split(".")[0]) in own.names
    }
    if own.result is not None:
        results = [each.name for each in inferer._get_return_vars()]
        found.update((name, own.result) for name in results if name not in found)
    for call in _calls(inferer):
        helper = getattr(_known(inferer, call.func.name), "dispatcher", None)
        if isinstance(helper, Helper) and lacking & {each.name for each in call.args}:
            theirs = said_by(cast("pytypes.FunctionType", helper.py_func))
            for parameter, each in zip(theirs.parameters, call.args, strict=False):
                if each.name in lacking and parameter in theirs.names:
                    found.setdefault(each.name, theirs.names[parameter])
    return found


def _known(inferer: Any, name: str) -> Any:
    variable = inferer.typevars.get(name)
    return variable.type if variable is not None and variable.defined else None


def _is_whole(type_: types.Type) -> bool:
    """Tell whether nothing of a type is open; a tuple of Numba's does not look at its parts."""
    if isinstance(type_, types.BaseTuple):
        return all(map(_is_whole, type_.types))
    return bool(type_.is_precise())


def _sources(value: Any, wanted: types.Type) -> list[tuple[str, types.Type]]:
    """Return the variables that a value consists of, with the types they should have."""
    if isinstance(value, ir.Var):
        return [(value.name, wanted)]
    if not isinstance(value, ir.Expr):
        return []
    if value.op == "cast":
        return [(value.value.name, wanted)]
    if value.op == "phi":
        # A path on which the variable has no value yet brings none.
        return [(each.name, wanted) for each in value.incoming_values if isinstance(each, ir.Var)]
    if value.op == "build_list" and isinstance(wanted, types.List):
        return [(each.name, wanted.dtype) for each in value.items]
    known = value.op == "build_tuple" and isinstance(wanted, types.BaseTuple)
    if known and len(value.items) == len(wanted.types):
        return [(item.name, t) for item, t in zip(value.items, wanted.types, strict=True)]
    return []
