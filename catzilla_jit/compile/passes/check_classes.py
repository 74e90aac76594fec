"""What compiled code may do with named tuples and members of an IntEnum that Numba knows.

A pass on typed IR, in all modes. Numba takes every subclass of a named tuple for one, whatever it
overrides, and a member of an IntEnum for an int wherever an int would do: in a list, in a variable
that is an int on another way, in `max`. Python keeps the member there. So a member is computed with
and compared, and otherwise stays one; what would turn it into an int is refused.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.plain_class import is_plain
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.passes.base import TaskCheck, Walk, is_users

CLASSES: Any = (
    types.BaseNamedTuple, types.NamedTupleClass, types.EnumClass, types.EnumMember,
)  # fmt: skip


@register_pass(mutates_CFG=False, analysis_only=True)
class ClassUse(TaskCheck):
    """Runs where types are known, behind the pass that takes ints out of members."""

    _name: Any = "task_class_use"

    def run_pass(self, state: Any) -> bool:
        if is_users(state) and any(isinstance(each, CLASSES) for each in state.typemap.values()):
            _Check(state).run()
        return False


class _Check(Walk):
    """The walk over one function."""

    def run(self) -> None:
        for type_ in self.typemap.values():
            if isinstance(type_, CLASSES) and not is_plain(type_.instance_class):
                name = type_.instance_class.__name__
                message = (
                    f"the function uses the class {name}, which is no plain named tuple or enum"
                )
                self._refuse(rules.CLASS_OR_OBJECT, message, STAYS)
        super().run()

    def _statement(self, statement: Any) -> None:
        if isinstance(statement, ir.Del | ir.Branch | ir.Return):
            return
        names = [each.name for each in statement.list_vars()]
        if isinstance(statement, ir.Assign):
            names = self._odd(statement.target.name, statement.value)
        if any(isinstance(self.typemap.get(name), types.IntEnumMember) for name in names):
            message = "a member of an IntEnum is used where it would become an int"
            self._refuse(rules.NUMBER_KIND, message, "convert it: int(x)")

    def _odd(self, target: str, value: Any) -> list[str]:
        """Return the variables of an assignment that must not be members."""
        source = number_kinds.source_of(value)
        if source is not None:
            own, wanted = self.typemap[source], self.typemap[target]
            inner = wanted.type if isinstance(wanted, types.Optional) else wanted
            return [] if inner == own or target.startswith("$some.") else [source]
        if not isinstance(value, ir.Expr) or value.op in ("getattr", "build_tuple", "phi"):
            return []
        if value.op in ("binop", "static_getitem", "exhaust_iter"):
            return []
        names = [each.name for each in value.list_vars()]
        if value.op != "call":
            return names
        callee = self.typemap[value.func.name]
        known = isinstance(callee, types.Dispatcher | types.RecursiveCall | types.NamedTupleClass)
        return [] if known else names
