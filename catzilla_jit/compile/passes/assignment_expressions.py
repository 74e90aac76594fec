"""Assignment expressions: Numba's IR of `(name := value) > 0` reads a variable that is never set.

The interpreter of bytecode writes `$1 = value; name = $1` and then shortens that to `name = value`,
taking the value on the stack for used up; after `:=` it is not. Here such a pair becomes
`name = value; $1 = name` before anything is shortened. This is the only change to Numba's
interpreter; a name that is also an operand of the value (`n := n + 1`) Numba leaves as it is.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,union-attr"

from __future__ import annotations

from typing import Any

from numba.core import interpreter, ir
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.passes.base import TaskPass
from catzilla_jit.compile.passes.redirect_calls import refuse_kept_defaults, refuse_raises


class Interpreter(interpreter.Interpreter):
    """Numba's interpreter, one step added at the end of each block."""

    def _remove_unused_temporaries(self) -> None:
        body = self.current_block.body
        for index in range(len(body) - 1, 0, -1):
            first, second = body[index - 1], body[index]
            if self._is_pair(first, second) and self._is_used(second, body[index + 1 :]):
                name, temporary = second.target, second.value
                self.definitions[name.name].remove(temporary)
                self.definitions[name.name] += self.definitions.pop(temporary.name)
                self.definitions[temporary.name] = [name]
                first.target = name
                body[index] = ir.Assign(name, temporary, second.loc)
        super()._remove_unused_temporaries()

    def _is_pair(self, first: Any, second: Any) -> bool:
        """Tell whether Numba would let the second statement take the place of the first."""
        if not isinstance(first, ir.Assign) or not isinstance(second, ir.Assign):
            return False
        value = second.value
        if not isinstance(value, ir.Var) or not value.is_temp or first.target.name != value.name:
            return False
        return not second.target.is_temp and not self._var_used_in_binop(
            second.target.name, first.value
        )

    def _is_used(self, assignment: Any, later: list[Any]) -> bool:
        """Tell whether a temporary is read after it was given a name, also by the next block."""
        name = assignment.value.name
        handed_on = name in self.dfainfo.outgoing_phis.values()
        return handed_on or any(_reads(statement, name) for statement in later)


def _reads(statement: Any, name: str) -> bool:
    """Tell whether a statement reads a variable in a way that Numba does not correct by itself."""
    if isinstance(statement, ir.SetItem | ir.SetAttr):
        others = [each for each in statement.list_vars() if each is not statement.value]
        return any(each.name == name for each in others)
    if isinstance(statement, ir.Assign):
        if isinstance(statement.value, ir.Var):
            return False
        if isinstance(statement.value, ir.Expr) and statement.value.op == "exhaust_iter":
            return False
    return any(each.name == name for each in statement.list_vars())


@register_pass(mutates_CFG=True, analysis_only=False)
class Translation(TaskPass):
    """Runs in the place of Numba's TranslateByteCode."""

    _name: Any = "task_translation"

    def run_pass(self, state: Any) -> bool:
        state["func_ir"] = Interpreter(state["func_id"]).interpret(state["bc"])
        for refuse in (refuse_kept_defaults, refuse_raises):
            refuse(state["func_ir"], state["metadata"]["unit"])
        return True
