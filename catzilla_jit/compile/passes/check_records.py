"""What compiled code may do with records and with arrays of them: look at fields, and write them.

A pass on typed IR, of the task and of its helpers, in all modes. Numba knows attributes of records
that Python has not, lets records outlive their array, compares them bit by bit, and writes to
those of a read-only array. So what is not named here is refused. All records that are left are
views of the caller's memory, as in Python: `r = a[0]; r["x"] = 1.0` writes to `a`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.record_type import holds, is_record_array
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.passes.base import TaskCheck, Walk, is_users
from catzilla_jit.compile.target.helper import Helper

ADVICE = "work on fields that are numbers; otherwise it runs as a Python task"
MIXED = "a variable is a record on one path and something else on another"
UNNAMED = "a field is not named by a constant string"
INDEX = "a structured array has an index other than ints and slices"
#: Functions of Python that take arrays of records.
TAKING = {len, enumerate, zip, iter}
ATTRIBUTES = {"shape", "ndim", "size", "nbytes", "itemsize"}
#: Expressions that hand on what they are given.
PASSING = {"getiter", "iternext", "pair_first", "pair_second", "exhaust_iter", "build_tuple"}


@register_pass(mutates_CFG=False, analysis_only=True)
class RecordUse(TaskCheck):
    """Runs where types are known, and expressions are those of the source still."""

    _name: Any = "task_record_use"

    def run_pass(self, state: Any) -> bool:
        if is_users(state) and any(map(holds, state.typemap.values())):
            _Check(state).run()
        return False


class _Check(Walk):
    """The walk over one function."""

    def _statement(self, statement: Any) -> None:
        if isinstance(statement, ir.Del | ir.Return | ir.Branch):
            return  # a branch is on a bool
        if isinstance(statement, ir.SetItem | ir.StaticSetItem):
            self._set_item(statement)
        elif isinstance(statement, ir.SetAttr):
            self._no_attribute(statement.target.name, statement.attr)
        elif not isinstance(statement, ir.Assign):
            self._need(
                not self._any(statement.list_vars()), "a record is used in an unsupported way"
            )
        else:
            self._assign(statement.target.name, statement.value)

    def _any(self, variables: Any) -> bool:
        return any(holds(self.typemap[each.name]) for each in variables)

    def _assign(self, target: str, value: Any) -> None:
        source = number_kinds.source_of(value)
        if source is not None:
            before, after = self.typemap[source], self.typemap[target]
            both = isinstance(before, types.Array) and isinstance(after, types.Array)
            changed = holds(before) and before != after and not both
            self._need(not changed, MIXED, code=rules.TWO_TYPES)
        elif isinstance(value, ir.Global | ir.FreeVar | ir.Const):
            what = f"the function uses {getattr(value, 'name', 'a constant')}, a global that holds"
            advice = "pass the array as an argument"
            self._need(not holds(self.typemap[target]), f"{what} records or their dtype", advice)
        elif isinstance(value, ir.Expr):
            self._expression(target, value)

    def _expression(self, target: str, expr: Any) -> None:
        if not self._any(expr.list_vars()) and not holds(self.typemap[target]):
            return
        if expr.op in ("getitem", "static_getitem"):
            self._get_item(expr)
        elif expr.op == "getattr":
            self._no_attribute(expr.value.name, expr.attr)
        elif expr.op == "call":
            self._call(expr)
        elif expr.op in ("binop", "inplace_binop") and expr.fn in (operator.is_, operator.is_not):
            pass  # allowed with None alone (`lowering/lower.py`)
        elif expr.op not in PASSING:
            message = "records are put into a list, compared or computed with"
            self._refuse(rules.RECORD_USE, message, ADVICE)

    # -- items

    def _get_item(self, expr: Any) -> None:
        whole = self.typemap[expr.value.name]
        if isinstance(whole, types.BaseTuple):
            return
        index = expr.index if expr.op == "static_getitem" else None
        if isinstance(index, str):
            self._field(whole, index, "reads")
            return
        self._need(is_record_array(whole), UNNAMED, code=rules.RECORD_FIELD)
        self._index(expr.index_var if expr.op == "static_getitem" else expr.index, index)

    def _field(self, whole: Any, name: str, reads: str) -> None:
        record = whole.dtype if isinstance(whole, types.Array) else whole
        self._need(isinstance(record, types.Record), MIXED, code=rules.TWO_TYPES)
        if number_kinds.kind(record.typeof(name)) is None:
            message = f"the function {reads} the field {name!r}, which holds "
            message += type_names.of(record.typeof(name))
            self._refuse(rules.RECORD_FIELD, message, ADVICE)

    def _index(self, variable: Any, constant: Any) -> None:
        """Allow integers and slices: other indices make a copy, or mean something else."""
        if variable is None:
            self._need(type(constant) in (int, slice), INDEX)
            return
        type_ = self.typemap[variable.name]
        parts = tuple(type_.types) if isinstance(type_, types.BaseTuple) else (type_,)
        plain = all(isinstance(part, types.Integer | types.SliceType) for part in parts)
        self._need(plain and bool(parts), INDEX)

    def _set_item(self, statement: Any) -> None:
        target = self.typemap[statement.target.name]
        value = self.typemap[statement.value.name]
        if not holds(target) and not holds(value):
            return
        constant: Any = statement.index if isinstance(statement, ir.StaticSetItem) else None
        if isinstance(target, types.Record):
            self._need(isinstance(constant, str), UNNAMED, code=rules.RECORD_FIELD)
            self._need(target.mutable, "the function writes to a read-only record")
            self._field(target, constant, "writes")
            return
        self._need(is_record_array(target), "records are put into a container")
        if isinstance(constant, str):
            self._field(target, constant, "writes")
            return
        self._need(value == target.dtype, "a record is assigned a value of another type")
        variable = statement.index if constant is None else statement.index_var
        self._index(variable, constant)

    # -- attributes and calls

    def _no_attribute(self, name: str, attribute: str) -> None:
        """Numba reads `r.x` as `r["x"]`; Python's arrays and records have no such attribute."""
        type_ = self.typemap[name]
        if not holds(type_):
            return
        if is_record_array(type_):
            allowed = attribute in ATTRIBUTES
            what = f"the function uses .{attribute} of a structured array"
        else:
            allowed, what = False, f"the function uses .{attribute} of a record"
        self._need(allowed, what, f'read a field by ["{attribute}"]')

    def _call(self, expr: Any) -> None:
        callee = self.typemap[expr.func.name]
        if isinstance(callee, types.RecursiveCall):
            return
        if isinstance(callee, types.Dispatcher):
            helper = callee.dispatcher
            known = isinstance(helper, Helper) and not self.unit.is_library(helper)
            self._need(
                known,
                f"{helper.py_func.__name__.removesuffix('_of')} of records cannot be compiled",
            )
            return
        function = number_kinds.called(self.typemap, expr)
        arrays = all(is_record_array(self.typemap[each.name]) for each in expr.args)
        known = function in TAKING and (arrays or function in (zip, enumerate))
        self._need(
            known, f"{getattr(function, '__name__', 'a method')} of records cannot be compiled"
        )

    def _need(
        self, condition: bool, message: str, advice: str = ADVICE, code: str = rules.RECORD_USE
    ) -> None:
        if not condition:
            self._refuse(code, message, advice)
