"""An empty list or dict that is returned has the type of what is returned elsewhere.

`if n < 0: return []` says nothing of items; `return [n]` further down does. Numba infers each value
by itself and gives up. Before it does, the types of the other results are given to those that
nothing else tells.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import ir, typeinfer, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NopythonTypeInference

CONTAINERS = (types.List, types.DictType)


@register_pass(mutates_CFG=True, analysis_only=False)
class TypeInference(NopythonTypeInference):
    """Numba's pass, which asks for the types of empty results; under its compiler lock."""

    _name: Any = "task_type_inference"

    def run_pass(self, state: Any) -> bool:
        with _asking():
            return super().run_pass(state)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    inferer: Any = typeinfer.TypeInferer
    before = inferer.unify

    def unify(self: Any, raise_errors: bool = True) -> Any:
        if _refine_results(self):
            self.propagate(raise_errors=raise_errors)
        return before(self, raise_errors)

    inferer.unify = unify
    try:
        yield
    finally:
        inferer.unify = before


def _refine_results(inferer: Any) -> bool:
    """Give values without a type that of the variable, or of the other results, they go to."""
    assignments = [
        each for block in inferer.func_ir.blocks.values() for each in block.find_insts(ir.Assign)
    ]
    wanted = _of_results(inferer)
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


def _of_results(inferer: Any) -> dict[str, types.Type]:
    """Return the type of the results that have one for all results, if it is the same."""
    names = [each.name for each in inferer._get_return_vars()]
    known = {name: _known(inferer, name) for name in names}
    whole = {type_ for type_ in known.values() if type_ is not None and _is_whole(type_)}
    return dict.fromkeys(names, *whole) if len(whole) == 1 else {}


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
    known = value.op == "build_tuple" and isinstance(wanted, types.BaseTuple)
    if known and len(value.items) == len(wanted.types):
        return [(item.name, t) for item, t in zip(value.items, wanted.types, strict=True)]
    return []
