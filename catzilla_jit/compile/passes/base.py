"""What the passes of ours have in common: which functions they look at.

Our own functions are compiled along with the user's, and are written for the compiler: what is
checked or replaced in the user's code is not in theirs.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any, NoReturn

from numba.core.compiler_machinery import AnalysisPass, FunctionPass

from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.frontend.unit import CompilationUnit


class TaskPass(FunctionPass):
    """A pass that changes IR; Numba's base class wants `__init__` written out."""

    def __init__(self) -> None:
        super().__init__()


class TaskCheck(AnalysisPass):
    """A pass that looks at IR."""

    def __init__(self) -> None:
        super().__init__()


def is_users(state: Any) -> bool:
    """Tell whether the function that is compiled is the user's."""
    return not is_own(state.func_ir.func_id.func)


def is_exact(state: Any) -> bool:
    """Tell whether it is the user's, and its arrays are computed as NumPy does."""
    return bool(state.metadata["unit"].options.exact) and is_users(state)


class Walk:
    """Goes over the statements of a function, with the place of each at hand to refuse it."""

    def __init__(self, state: Any) -> None:
        self.func_ir = state.func_ir
        self.typemap: dict[str, Any] = state.typemap
        self.unit: CompilationUnit = state.metadata["unit"]
        self.loc: Any = state.func_ir.loc

    def run(self) -> None:
        """Look at each statement, in the order of the blocks."""
        for block in self.func_ir.blocks.values():
            for statement in block.body:
                self.loc = statement.loc
                self._statement(statement)

    def _statement(self, statement: Any) -> None:
        raise NotImplementedError

    def _refuse(self, code: str, message: str, advice: str) -> NoReturn:
        refuse(self.unit.findings.reasons, code, self.loc, message, advice)
