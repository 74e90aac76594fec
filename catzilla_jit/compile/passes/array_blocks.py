"""Expressions of lines that call NumPy's loops become one call, which works block by block.

A pass on typed IR, in automatic mode, after `check_numpy_parity.py` has looked at the operators: so
it makes no difference to what is refused. Where a line is computed, used once and used up in the
same straight piece of code, what makes it becomes a part of what uses it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import collections
from typing import Any

from numba.core import ir, ir_utils, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import blocks, elementwise, operators
from catzilla_jit.compile.passes.base import TaskPass, is_exact

#: The most operations of one expression, and the most arguments.
MOST = 40
#: Statements between the parts of an expression: nothing is written or called.
HARMLESS = {
    "getattr", "binop", "unary", "build_tuple", "exhaust_iter", "static_getitem", "getitem", "cast",
}  # fmt: skip


#: Their loops look at the step of the exponent; of an array that depends on what NumPy made of it.
POWERS = {"power", "float_power"}


@register_pass(mutates_CFG=False, analysis_only=False)
class ArrayBlocks(TaskPass):
    """Runs where types are known, before Numba's own fusing of array expressions."""

    _name: Any = "task_array_blocks"

    def run_pass(self, state: Any) -> bool:
        if not is_exact(state):
            return False
        uses = _uses(state.func_ir)
        changed = False
        for block in state.func_ir.blocks.values():
            changed = _Block(block, state, uses).run() or changed
        return changed


def _uses(func_ir: Any) -> collections.Counter[str]:
    """Count how often each variable is read; what is assigned more than once counts as often."""
    found: collections.Counter[str] = collections.Counter()
    for block in func_ir.blocks.values():
        for statement in block.body:
            if isinstance(statement, ir.Del):
                continue
            names = [each.name for each in statement.list_vars()]
            if isinstance(statement, ir.Assign):
                names.remove(statement.target.name)
                found[f"={statement.target.name}"] += 1
                if isinstance(statement.value, ir.Expr) and statement.value.op == "phi":
                    names = names * 2
            found.update(names)
    return found


class _Block:
    """Finds and replaces the expressions of one block."""

    def __init__(self, block: Any, state: Any, uses: collections.Counter[str]) -> None:
        self.block, self.state, self.uses = block, state, uses
        self.typemap = state.typemap
        self.arguments: list[Any] = []

    def run(self) -> bool:
        body: list[Any] = []
        changed = False
        roots = self._roots()
        parts: set[str] = set()
        for statement in self.block.body:
            made = roots.get(id(statement))
            if made is not None:
                function, names = made
                body.append(function)
                parts |= names
                changed = True
            body.append(statement)
        self.block.body = [
            each
            for each in body
            if not isinstance(each, ir.Assign) or each.target.name not in parts
        ]
        return changed

    def _roots(self) -> dict[int, Any]:
        """Find the expressions anew, from the top; return what goes before each, and its parts."""
        found: dict[int, Any] = {}
        defined: dict[str, Any] = {}
        taken: set[str] = set()
        for statement in self.block.body:
            if not isinstance(statement, ir.Assign | ir.Del) or not self._is_harmless(statement):
                found.update(self._closed(defined, taken))
                defined = {}
            if isinstance(statement, ir.Assign) and self._operation(statement) is not None:
                defined[statement.target.name] = statement
        found.update(self._closed(defined, taken))
        return found

    def _closed(self, defined: dict[str, Any], taken: set[str]) -> dict[int, Any]:
        found = {}
        for name, statement in reversed(defined.items()):
            if name in taken:
                continue
            self.arguments = []
            parts: set[str] = set()
            tree = self._tree(statement, defined, parts)
            count, loops = _counted(tree)
            called = isinstance(statement.value, ir.Expr) and statement.value.op == "call"
            if count < 2 or not (loops or called) or count > MOST or len(self.arguments) > MOST:
                continue
            taken |= parts
            found[id(statement)] = (self._replace(statement, tree), parts)
        return found

    def _tree(self, statement: Any, defined: dict[str, Any], parts: set[str]) -> blocks.Node:
        found = self._operation(statement)
        assert found is not None  # or it were not defined here
        operation, operands = found
        made: list[Any] = []
        for each in operands:
            inner = defined.get(each.name)
            alone = self.uses[each.name] == 1 and self.uses[f"={each.name}"] == 1
            if inner is not None and alone and inner is not statement:
                parts.add(each.name)
                made.append(self._tree(inner, defined, parts))
            else:
                names = [argument.name for argument in self.arguments]
                if each.name not in names:
                    self.arguments.append(each)
                    names.append(each.name)
                made.append(blocks.Leaf(names.index(each.name)))
        return blocks.Node(operation, tuple(made))

    def _replace(self, statement: Any, tree: blocks.Node) -> Any:
        """Make the statement one call; return the statement that looks the function up."""
        callee = blocks.expression(tree, len(self.arguments))
        variable = ir.Var(self.block.scope, ir_utils.mk_unique_var("$array_blocks"), statement.loc)
        type_ = self.state.typingctx.resolve_value_type(callee)
        given = tuple(types.unliteral(self.typemap[each.name]) for each in self.arguments)
        self.typemap[variable.name] = type_
        call = ir.Expr.call(variable, tuple(self.arguments), (), statement.loc)
        self.state.calltypes[call] = type_.get_call_type(self.state.typingctx, given, {})
        self.state.calltypes.pop(statement.value, None)
        statement.value = call
        return ir.Assign(ir.Global("blocks", callee, statement.loc), variable, statement.loc)

    def _is_harmless(self, statement: Any) -> bool:
        value = getattr(statement, "value", None)
        if not isinstance(value, ir.Expr):
            return True
        if value.op == "call":
            return self._operation(statement) is not None
        return value.op in HARMLESS

    def _operation(self, statement: Any) -> tuple[Any, list[Any]] | None:
        """Return the operation of a statement that may be a part, with its operands."""
        expr = statement.value
        type_ = self.typemap[statement.target.name]
        if type_ != types.Array(types.float64, 1, "C") or not isinstance(expr, ir.Expr):
            return None
        operands: list[Any] = []
        operation: Any = None
        if expr.op in ("binop", "unary") and expr.fn in blocks.EXACT:
            operation = expr.fn
            operands = [expr.value] if expr.op == "unary" else [expr.lhs, expr.rhs]
        elif expr.op == "call":
            function = number_kinds.called(self.typemap, expr)
            operation = elementwise.NAMES.get(function) or operators.OPERATORS.get(function)
            if operation in operators.OPERATORS.values() and operation not in blocks.EXACT:
                return None
            operands = list(expr.args)
        if operation in POWERS and isinstance(self.typemap[operands[1].name], types.Array):
            return None
        if operation is None or not all(map(self._is_operand, operands)):
            return None
        return operation, operands

    def _is_operand(self, variable: Any) -> bool:
        type_ = types.unliteral(self.typemap[variable.name])
        if isinstance(type_, types.Array):
            return type_.dtype == types.float64 and type_.ndim == 1 and type_.aligned
        return type_ in (types.float64, types.int64)


def _counted(node: Any) -> tuple[int, int]:
    """Return how many operations a tree has, and how many of them are calls of loops."""
    if not isinstance(node, blocks.Node):
        return 0, 0
    counts = [_counted(each) for each in node.operands]
    own = 0 if node.is_exact else 1
    return 1 + sum(each for each, _ in counts), own + sum(each for _, each in counts)
