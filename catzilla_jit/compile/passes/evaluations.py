"""Notes how each array expression of the user's functions is evaluated, for `explain`.

The last look at typed IR, when expressions have been fused and calls have been exchanged.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy
from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.diagnostics.evaluation import Evaluation
from catzilla_jit.compile.diagnostics.type_names import sign
from catzilla_jit.compile.library.ufuncs import blocks
from catzilla_jit.compile.library.ufuncs import reductions as loop_reductions
from catzilla_jit.compile.passes.base import TaskCheck, Walk, is_users
from catzilla_jit.compile.target.helper import Helper

#: Functions whose names are long, by what an author writes.
WORDS = {"umath.clip": "clip"}


@register_pass(mutates_CFG=False, analysis_only=True)
class Evaluations(TaskCheck):
    """Runs behind all passes that change expressions."""

    _name: Any = "task_evaluations"

    def run_pass(self, state: Any) -> bool:
        if is_users(state):
            _Notes(state).run()
        return False


class _Notes(Walk):
    """The walk over one function."""

    def _statement(self, statement: Any) -> None:
        for how in self._ways(statement):
            found = Evaluation(self.loc.line, how, self.loc.filename)
            if found not in self.unit.findings.evaluations:
                self.unit.findings.evaluations.append(found)

    def _ways(self, statement: Any) -> Iterator[str]:
        writes = isinstance(statement, ir.SetItem | ir.StaticSetItem)
        if writes and self._is_array(statement.target) and self._is_array(statement.value):
            yield "items are written by a loop of machine code"
        if not isinstance(statement, ir.Assign) or not isinstance(statement.value, ir.Expr):
            return
        expr = statement.value
        if expr.op == "arrayexpr":
            yield f"one loop of machine code: {_listed(_operations(expr.expr))}"
        elif expr.op in ("binop", "unary", "inplace_binop"):
            if any(map(self._is_array, expr.list_vars())) and expr.fn not in _IDENTITY:
                yield f"one loop of machine code: {sign(expr.fn)}"
        elif expr.op == "call":
            yield from self._ways_of_call(expr)

    def _ways_of_call(self, call: Any) -> Iterator[str]:
        callee = self.typemap[call.func.name]
        function = number_kinds.called(self.typemap, call)
        tree = blocks.TREES.get(function) if function is not None else None
        if tree is not None:
            exact, loops = _parts(tree)
            yield (
                f"one pass, in blocks of {blocks.BLOCK} items: NumPy's loops of {_listed(loops)}"
                + (f", and {_listed(exact)}" if exact else "")
            )
        elif function in loop_reductions.NAMES:
            name = loop_reductions.NAMES[function]
            yield f"NumPy's loop of {loop_reductions.UFUNCS[name][0]}, for {name}"
        elif number_kinds.is_loop(function):
            name = function.__name__
            yield f"NumPy's loop of {WORDS.get(name, name)}"
        elif isinstance(callee, types.Dispatcher):
            yield from self._ways_of_helper(callee.dispatcher, call)
        elif isinstance(callee, types.BoundFunction):
            if isinstance(callee.this, types.Array):
                yield f"Numba's code: .{number_kinds.method_name(callee)}()"
        elif isinstance(function, numpy.ufunc) or _is_of_numpy(function):
            yield f"Numba's code: {function.__name__}"

    def _ways_of_helper(self, helper: Any, call: Any) -> Iterator[str]:
        """What stands for a function of NumPy, or for a method of arrays."""
        if not isinstance(helper, Helper) or not self.unit.is_library(helper):
            return
        if any(map(self._is_array, call.args)):
            name = helper.py_func.__name__.removeprefix("numpys_").removeprefix("numpy_")
            name = name.removesuffix("_of").removesuffix("_along").replace("_", ".")
            yield f"machine code, in NumPy's order: {name}"

    def _is_array(self, variable: Any) -> bool:
        return isinstance(self.typemap[variable.name], types.Array)


_IDENTITY = (operator.is_, operator.is_not)


def _is_of_numpy(function: Any) -> bool:
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "numpy"


def _operations(tree: Any) -> list[str]:
    """Return the operations of Numba's array expression, the innermost first."""
    if not isinstance(tree, tuple):
        return []
    fn, operands = tree
    return [*(each for operand in operands for each in _operations(operand)), sign(fn)]


def _parts(node: Any) -> tuple[list[str], list[str]]:
    """Return the operators and the loops of an expression that is evaluated in blocks."""
    if not isinstance(node, blocks.Node):
        return [], []
    exact, loops = [], []
    for each in node.operands:
        found = _parts(each)
        exact += found[0]
        loops += found[1]
    if node.is_exact:
        exact.append(sign(node.operation))
    else:
        loops.append(node.operation)
    return exact, loops


def _listed(names: list[str]) -> str:
    return " ".join(dict.fromkeys(names))
