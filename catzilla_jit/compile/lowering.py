"""Lowering of task code: arithmetic that gives Python's answer or says that it cannot.

Numba lowers typed IR to LLVM one expression at a time; here the arithmetic is taken over.
Integers are checked (`checks.py`), floats too where Python would raise or round otherwise
(`floats.py`), numbers that lose their kind are watched (`mixture.py`), division by zero raises
with this Python's own message. What compiled code cannot answer leaves the kernel with
STATUS_OVERFLOW. Only code of the user is lowered this way: Numba's own functions keep Numba's
arithmetic.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
import functools
import math
import operator
import random
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy
from llvmlite import ir as llvm
from numba.core import errors, ir, lowering, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import BaseNativeLowering
from numba.core.unsafe import eh

from catzilla_jit.compile import (
    checks,
    complexes,
    floats,
    items,
    kinds,
    library,
    octets,
    overlap,
    recursion,
    rules,
    stack,
    views,
    words,
)
from catzilla_jit.compile.context import TaskCallConv
from catzilla_jit.compile.doubts import Doubts
from catzilla_jit.compile.effects import effects_of
from catzilla_jit.compile.indices import index_variables
from catzilla_jit.compile.kinds import BOOL, COMPLEX, FLOAT, INT, kind
from catzilla_jit.compile.members import Members
from catzilla_jit.compile.mixture import Mixture
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.origins import EITHER, NUMPY, PYTHON, Origins, has_numpy, joined
from catzilla_jit.compile.owned import owned_variables
from catzilla_jit.compile.printing import write_print
from catzilla_jit.compile.program import OWN
from catzilla_jit.compile.reason import STAYS, Reason
from catzilla_jit.compile.unbound import Unbound

DIVISIONS = {
    operator.truediv: operator.truediv,
    operator.itruediv: operator.truediv,
    operator.floordiv: operator.floordiv,
    operator.ifloordiv: operator.floordiv,
    operator.mod: operator.mod,
    operator.imod: operator.mod,
}
SHIFTS = {operator.lshift, operator.ilshift, operator.rshift, operator.irshift}
POWERS = {operator.pow, operator.ipow}
TO_INTEGER = {int, round, math.floor, math.ceil, math.trunc}
MATH = {value for value in vars(math).values() if callable(value)}
#: They take the items of a container in its order.
ORDERED = {list, tuple, enumerate, zip, map, filter, iter}
#: Methods of containers that take in all that an iterable gives.
TAKING_ALL = {"extend", "update", "union"}
#: Methods of lists that take an index first: at which argument the items begin.
AFTER_INDEX = {"insert": 1, "pop": 1}
#: CPython has its own versions of these; the C library's differ in the last digit.
INEXACT = {math.gamma, math.lgamma, math.hypot}
#: They answer every float, and raise for none.
TOTAL = {
    math.atan, math.atan2, math.asinh, math.tanh, math.erf, math.erfc, math.fabs, math.copysign,
    math.degrees, math.radians,
}  # fmt: skip
#: In the words of what Numba raises there.
PASSES_ON = "op code RERAISE executed"
#: Beyond this an integer is not a float exactly.
EXACT_IN_FLOAT = 2**53


class TaskLower(lowering.Lower):
    """Numba's lowering with Python's arithmetic."""

    def init(self) -> None:
        super().init()
        self.options: Options = self.metadata["program"].options
        self._is_ours = self.func_ir.func_id.func.__module__ in OWN
        self.mixture = Mixture(self)
        self.unbound = Unbound(self)
        self.members = Members(self)
        self.depth = stack.Depth(self)
        self.owned = owned_variables(self.blocks.values(), self.fndesc.typemap)
        program = self.metadata["program"]
        function = self.func_ir.func_id.func
        blocks = self.blocks.values()
        argument = program.argument_origin(function)
        self.origins = Origins(blocks, self.fndesc.typemap, argument, program.origin_of)
        self.numpys = self.origins.numbers(NUMPY)
        self.doubts = Doubts(self, self.origins)
        self._set_result_origin(function)
        self.indices: frozenset[str] = frozenset()
        if self.options.overflow == "check" and not self.options.boundscheck:
            self.indices = index_variables(self.blocks.values(), self.fndesc.typemap)
        self._unpacking = False  # Numba's words for a wrong number of items are not Python's
        self._target = ""  # of the assignment that is written
        self._fitted: dict[str, items.Typed] = {}  # what stands for a variable for a moment
        self._flag_of_result: llvm.Value | None = None  # set by an expression that picks a kind
        self._bit_of_result: llvm.Value | None = None  # or that picks NumPy's number or Python's

    def lower_inst(self, inst: Any) -> None:
        for missing in self.unbound.read_by(inst):
            self._leave_if(missing, "a variable without a value")
        for name in self.mixture.seen_by(inst):
            seen = self.mixture.lesser(name, self.typeof(name))
            self._leave_if(seen, "the kind of a number")
        if not self._is_ours:  # those write to what they made
            effects = effects_of(inst, self.fndesc.typemap, self.owned)
            self.metadata["program"].effects.update(effects)
        if isinstance(inst, ir.Return):
            self._leave_result(inst.value.name)
        if isinstance(inst, ir.DelItem) and isinstance(self.typeof(inst.target.name), types.List):
            message = "items of a list are deleted with `del`"
            self._refuse(rules.DELETION, message, "use .pop(), or make a new list")
        if isinstance(inst, ir.DelItem):
            self._refuse_lossy_keys(self.typeof(inst.target.name), [inst.index.name])
        self.members.look(inst)
        super().lower_inst(inst)

    def _set_result_origin(self, function: Any) -> None:
        """Note who makes what the function returns; a task's number of either is NumPy's."""
        program = self.metadata["program"]
        returns = [
            each for block in self.blocks.values() for each in block.body if type(each) is ir.Return
        ]
        origin = joined(self.origins[each.value.name] for each in returns)
        self._leaves_pythons = False
        exact = self.options.exact and program.is_task(function)
        if exact and kind(self.fndesc.restype) is not None and has_numpy(origin):
            if not all(self.doubts.is_known(each.value.name) for each in returns):
                self._refuse(
                    rules.NUMPY_OR_PYTHON,
                    "the function returns a number that is sometimes NumPy's, sometimes Python's",
                    "return float(x) or int(x)",
                    returns[0].loc,
                )
            self._leaves_pythons = origin == EITHER
            program.doubts_result = program.doubts_result or self._leaves_pythons
            origin = NUMPY
        elif exact and _is_doubtful(origin, self.fndesc.restype):
            self._refuse(
                rules.NUMPY_OR_PYTHON,
                "the function returns numbers that are sometimes NumPy's, sometimes Python's",
                "return float(x) or int(x)",
                returns[0].loc,
            )
        elif exact and program.is_task(function) and kinds.is_short(self.fndesc.restype):
            shown = words.of(self.fndesc.restype)
            message = f"the function returns {shown}, a type that Python does not have"
            self._refuse(rules.INTEGER_TYPES, message, "convert it: int(x)", returns[0].loc)
        program.result_origins[function] = PYTHON if origin is None else origin

    def _leave_result(self, name: str) -> None:
        if self._leaves_pythons:
            self._leave_if(self.doubts.bit(name), "a number of Python's among NumPy's")

    def return_exception(self, exc_class: Any, exc_args: Any = None, loc: Any = None) -> None:
        with TaskCallConv.only(raising=not self._unpacking):
            super().return_exception(exc_class, exc_args, loc)

    def lower_static_raise(self, inst: Any) -> None:
        """Leave where an exception passes a handler or a `finally`, which Numba cannot write."""
        if inst.exc_class is AssertionError and str(inst.exc_args).find(PASSES_ON) >= 0:
            self._leave_if(llvm.IntType(1)(1), "an exception that passes a handler")
        super().lower_static_raise(inst)

    def lower_dynamic_raise(self, inst: Any) -> None:
        """Hand the variables in the arguments of a raise over to the exception.

        A raise is the end of the function, and nobody lets go of its variables: Numba, which
        takes a further reference, leaks one object per raise.
        """
        types_: list[types.Type | None] = []
        values: list[Any] = []
        seen: set[str] = set()
        for argument in inst.exc_args:
            if not isinstance(argument, ir.Var):
                types_.append(None)
                values.append(argument)
                continue
            type_, value = self.typeof(argument.name), self.loadvar(argument.name)
            if octets.hides_octets(type_):
                message = "an exception is raised with a dict or set of bytes"
                self._refuse(rules.RAISED_ARGUMENTS, message, "pass a list of them")
            if argument.name in seen:
                self.incref(type_, value)
            seen.add(argument.name)
            types_.append(type_)
            values.append(octets.owned(self.context, self.builder, type_, value))
        self.return_dynamic_exception(inst.exc_class, tuple(values), tuple(types_), loc=self.loc)

    def lower_print(self, inst: Any) -> None:
        if not self.options.prints:
            advice = "compile_to_c=True compiles it; otherwise it runs as a Python task"
            self._refuse(
                rules.PRINT, "the function prints: it cannot be run again as Python", advice
            )
        if inst.vararg is not None:
            self._refuse(rules.PRINT, "print is called with *args", "name the arguments")
        values: list[tuple[Any, Any]] = []
        for index, variable in enumerate(inst.args):
            constant = inst.consts.get(index)
            if isinstance(constant, str):
                values.append((types.literal(constant), None))
            else:
                values.append((self.typeof(variable.name), self.loadvar(variable.name)))
        environment = self.context.get_env_manager(self.builder)
        failed = write_print(self.context, self.builder, environment, values)
        self._leave_if(failed, "a print that fails")

    def lower_call(self, resty: Any, expr: Any) -> llvm.Value:
        callee = self.typeof(expr.func.name)
        ours = isinstance(callee, types.Dispatcher | types.RecursiveCall)
        if not isinstance(callee, types.RecursiveCall):
            with TaskCallConv.only(calling_helper=ours):
                return super().lower_call(resty, expr)
        self.metadata["program"].recursive = True
        deeper = self.depth.enter(self.metadata["program"])
        self._leave_if(deeper, "a recursion this deep")
        with TaskCallConv.only(calling_helper=True):
            result = super().lower_call(resty, expr)
        self.depth.leave()
        return result

    def _lower_call_RecursiveCall(self, fnty: Any, expr: Any, signature: Any) -> llvm.Value:
        return recursion.call(self, fnty, expr, signature)

    def lower_function_body(self) -> Any:
        last = super().lower_function_body()
        if recursion.differs(self):
            message = "cannot infer the types of a recursion"
            self._refuse(rules.RECURSION, message, "return values of one type")
        return last

    def _cast_var(self, var: Any, ty: Any) -> llvm.Value:
        """Cast an argument of a call; Python takes no float for an int, and knows no short ints."""
        named = isinstance(var, ir.Var)
        own = self.typeof(var.name) if named else self.typeof(var.vararg.name)[var.index]
        given, wanted = kind(own), kind(ty)
        if given is not None and wanted is not None and given > wanted >= INT:
            message = f"a {words.of(own)} is passed for an int"
            self._refuse(rules.NOT_AN_INT, message, "convert it first: int(x)")
        value = super()._cast_var(var, ty)
        if self._is_ours or (given, wanted) != (INT, INT):  # ours know what fits
            return value
        if (own.bitwidth, own.signed) != (ty.bitwidth, ty.signed):
            whole = self.context.cast(self.builder, value, ty, own)
            same = self.builder.icmp_signed("==", whole, super()._cast_var(var, own))
            fails = self.builder.not_(same)
            if own.signed != ty.signed:
                signed = value if ty.signed else whole
                negative = self.builder.icmp_signed("<", signed, signed.type(0))
                fails = self.builder.or_(fails, negative)
            self._leave_if(fails, "an int that is wanted short")
        return value

    def lower_assign(self, ty: Any, inst: Any) -> llvm.Value:
        source = kinds.source_of(inst.value)
        if source is not None and kinds.lossy(self.typeof(source), ty):
            self._widening(source, ty)
        self._flag_of_result = self._bit_of_result = None
        if isinstance(inst.value, ir.Const | ir.Global | ir.FreeVar):
            self._refuse_large(inst.value.value)
            if inst.value.value is eh.mark_try_block:
                self.metadata["program"].tries = True
        if isinstance(ty, types.Bytes):
            message = "bytes are read from an object"
            self._refuse(rules.BYTES_OF_OBJECT, message, "make them a global of the module")
        self._target = inst.target.name
        value = views.marked(self, ty, inst.value, super().lower_assign(ty, inst))
        self.mixture.assigned(inst.target.name, inst.value, self._flag_of_result)
        self.doubts.assigned(inst.target.name, inst.value, self._bit_of_result)
        self.unbound.assigned(inst)
        return value

    def _refuse_large(self, value: Any) -> None:
        if type(value) is int and not -(2**63) <= value < 2**63:
            message = "the function has a constant beyond 64 bits"
            self._refuse(rules.LARGE_CONSTANT, message, STAYS)

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> llvm.Value:
        left, right = expr.lhs.name, expr.rhs.name
        ranks = (kind(self.typeof(left)), kind(self.typeof(right)))
        if op in (operator.is_, operator.is_not):
            self._refuse_identity(left, right)
        if op is operator.contains:
            self._refuse_member_of_other_kind(left, right)
            self._leave_doubtful_member(left, right)
            self.members.look_for(left, right)
        if op in (operator.mul, operator.imul):
            self._leave_endless_repetition(left, right)
        if op in kinds.COMPARISON:
            self._leave_doubtful_items(left, right)
        if isinstance(resty, types.List):
            self._refuse_lossy(resty, resty, [left, right])
        if op in POWERS and COMPLEX in ranks:
            self._refuse_complex_power()
        if None in ranks or COMPLEX in ranks:
            return super().lower_binop(resty, expr, op)
        if left in self.numpys or right in self.numpys:
            return self._numpy_binop(resty, expr, op)
        return self._python_binop(resty, expr, op)

    def _refuse_complex_power(self) -> NoReturn:
        message = "a power of complex numbers differs from Python's in the last digit"
        self._refuse(rules.LAST_DIGIT, message, "multiply instead")

    def _python_binop(self, resty: Any, expr: Any, op: Any) -> llvm.Value:
        left, right = expr.lhs.name, expr.rhs.name
        ranks = (kind(self.typeof(left)), kind(self.typeof(right)))
        if op in DIVISIONS:
            self._refuse_zero_divisor(DIVISIONS[op], FLOAT in ranks, left, right)
        if FLOAT not in ranks:
            return self._integers(resty, expr, op, left, right)
        if op in POWERS:
            return self._float_power(resty, expr, left, right)
        if op in kinds.COMPARISON and ranks[0] != ranks[1]:
            self._need_exact_in_float("the comparison of a large integer", left, right)
        return self._watched(super().lower_binop(resty, expr, op), expr, op)

    def _refuse_identity(self, left: str, right: str) -> None:
        """Only None and Python's bools are known to be themselves; other values are copied."""
        kinds_ = (self.typeof(left), self.typeof(right))
        bools = all(kind(each) == BOOL for each in kinds_)
        pythons = not any(has_numpy(self.origins[name]) for name in (left, right))
        if types.none not in kinds_ and not (bools and pythons):
            message = "`is` between values other than None cannot be compiled"
            self._refuse(rules.IDENTITY, message, "write `==`")

    def _leave_endless_repetition(self, *names: str) -> None:
        for sequence, times in (names, reversed(names)):
            repeats = isinstance(self.typeof(sequence), items.SEQUENCES)
            if repeats and kinds.is_integral(self.typeof(times)):
                self._leave_if(items.is_too_long(self, sequence, times), "a repetition")

    def _refuse_member_of_other_kind(self, container: str, item: str) -> None:
        """Numba casts to the type of the members before it looks: 1.5 would be in {1, 2}."""
        type_, own = self.typeof(container), self.typeof(item)
        if isinstance(type_, types.DictType):
            self._refuse_lossy_keys(type_, [item])
        for member in kinds.items(type_):
            lesser = isinstance(type_, types.Set) and (kind(member) or 0) < (kind(own) or 0)
            if lesser or (isinstance(member, types.BaseTuple) and kinds.lossy(own, member)):
                message = "the container holds numbers of another kind than the one looked for"
                self._refuse(rules.NUMBER_KIND, message, "convert it first")

    def _leave_doubtful_member(self, container: str, item: str) -> None:
        """Python finds a NaN by its identity, and tells large integers from floats."""
        self._leave_nan(self.typeof(item), self.loadvar(item), "a NaN as a member")
        if kind(self.typeof(item)) == FLOAT:
            if _item_kinds(self.typeof(container)) & {BOOL, INT}:
                value = self._operand(item, types.float64)
                small = floats.is_below(self.builder, value, 2.0**53)
                self._leave_if(self.builder.not_(small), "a large float as a member")
        elif FLOAT in _item_kinds(self.typeof(container)):
            self._need_exact_in_float("a large integer as a member", item)

    def _leave_nan(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with a NaN, alone or in a tuple."""
        if kind(type_) == FLOAT:
            self._leave_if(floats.is_nan(self.builder, value), what)
        elif kind(type_) == COMPLEX:
            number = self.context.make_complex(self.builder, type_, value)
            for part in (number.real, number.imag):
                self._leave_if(floats.is_nan(self.builder, part), what)
        elif isinstance(type_, types.BaseTuple):
            for index, item in enumerate(type_.types):
                self._leave_nan(item, self.builder.extract_value(value, index), what)

    def _leave_doubtful_items(self, left: str, right: str) -> None:
        """Where containers are compared, a NaN that is in both is equal to itself."""
        type_ = self.typeof(left)
        if isinstance(type_, types.List) and kind(type_.dtype) == FLOAT:
            self._refuse(rules.FLOAT_EQUALITY, "lists of floats are compared", "compare the items")
        if isinstance(type_, types.BaseTuple):
            self._leave_nan(type_, self.loadvar(left), "a NaN in a comparison")
            others = self.typeof(right), self.loadvar(right)
            self._leave_inexact_items((type_, self.loadvar(left)), others)

    def _leave_inexact_items(self, left: tuple[Any, Any], right: tuple[Any, Any]) -> None:
        """Leave where two tuples have a large integer and a float in one place."""
        if not isinstance(right[0], types.BaseTuple):
            return
        for index, pair in enumerate(zip(left[0].types, right[0].types, strict=False)):
            values = [self.builder.extract_value(each[1], index) for each in (left, right)]
            if isinstance(pair[0], types.BaseTuple):
                self._leave_inexact_items((pair[0], values[0]), (pair[1], values[1]))
            elif FLOAT in map(kind, pair):
                for type_, value in zip(pair, values, strict=True):
                    self._leave_inexact(type_, value, "a comparison of a large integer")

    def _numpy_binop(self, resty: Any, expr: Any, op: Any) -> llvm.Value:
        """Do as NumPy does: nothing is raised; what is not a plain operation is Python's."""
        right = expr.rhs.name
        if op in DIVISIONS and kinds.is_integral(self.typeof(right)):
            self._leave_if(self._is(right, 0), "a division by zero of NumPy")
            if kinds.is_integral(self.typeof(expr.lhs.name)):
                lowest = self.builder.and_(self._is(expr.lhs.name, -(2**63)), self._is(right, -1))
                self._leave_if(lowest, "the quotient of NumPy's lowest integer")
        elif op in DIVISIONS and DIVISIONS[op] is operator.truediv:
            left_value, right_value = (
                self._operand(name, types.float64) for name in (expr.lhs.name, right)
            )
            if resty == types.float64:
                return self.builder.fdiv(left_value, right_value)
        if op in POWERS or op in SHIFTS:
            return self._python_binop(resty, expr, op)
        return super().lower_binop(resty, expr, op)

    def lower_setitem(
        self, target_var: Any, index_var: Any, value_var: Any, signature: Any
    ) -> None:
        target = self.typeof(target_var.name)
        if not isinstance(target, types.Array):
            self._refuse_lossy_items(target, [value_var.name])
        self._leave_unfit_mask(target_var.name, index_var.name)
        self._refuse_lossy_keys(target, [index_var.name])
        names = target_var.name, index_var.name, value_var.name
        if overlap.assigns_to_view(self, *names) or overlap.assigns_to_list(self, *names):
            return
        with self._fitting_index(*names[:2]):
            super().lower_setitem(target_var, index_var, value_var, signature)

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        with self._fitting_index(value.name, index.name):
            return super().lower_getitem(resty, expr, value, index, signature)

    @contextlib.contextmanager
    def _fitting_index(self, container: str, index: str) -> Iterator[None]:
        """Have an index that stays inside the container in the place of the one given."""
        fitted = items.fitted_index(self, container, index)
        if fitted is not None:
            self._fitted[index] = fitted
        yield
        self._fitted.clear()

    def loadvar(self, name: str) -> llvm.Value:
        return self._fitted[name][1] if name in self._fitted else super().loadvar(name)

    def typeof(self, name: str) -> Any:
        return self._fitted[name][0] if name in self._fitted else super().typeof(name)

    def _leave_unfit_mask(self, array: str, index: str) -> None:
        """Leave where a mask is not as long as the line it is for; Numba does not look."""
        lines = [self.typeof(array), self.typeof(index)]
        if not all(isinstance(each, types.Array) and each.ndim == 1 for each in lines):
            return
        if lines[1].dtype == types.boolean:
            sizes = [
                self.context.make_array(type_)(
                    self.context, self.builder, self.loadvar(name)
                ).nitems
                for type_, name in zip(lines, (array, index), strict=True)
            ]
            self._leave_if(self.builder.icmp_signed("!=", *sizes), "a mask of another length")

    def _refuse_lossy_items(self, container: Any, names: list[str]) -> None:
        """A list has one type for all its items: 1 among floats would come back as 1.0."""
        item = getattr(container, "dtype", None) or getattr(container, "value_type", None)
        self._refuse_lossy(container, item, names)

    def _refuse_lossy_keys(self, container: Any, names: list[str]) -> None:
        self._refuse_lossy(container, getattr(container, "key_type", None), names)
        if isinstance(container, types.DictType):
            self._leave_nan_keys(names)

    def _leave_nan_keys(self, names: list[str]) -> None:
        """Python finds the NaN that went in by its identity."""
        for name in names:
            self._leave_nan(self.typeof(name), self.loadvar(name), "a NaN as a key")

    def _refuse_lossy(self, container: Any, item: Any, names: list[str]) -> None:
        if item is not None and any(kinds.lossy(self.typeof(name), item) for name in names):
            self._refuse_as_lossy(container)

    def _refuse_as_lossy(self, container: Any) -> NoReturn:
        what = f"a {words.of(container)} is given a number of another kind"
        self._refuse(rules.NUMBER_KIND, what, "convert it first")

    def _refuse_lossy_arguments(self, method: str, container: Any, names: list[str]) -> None:
        """The methods of a dict take a key first, some of a list an index."""
        if method in TAKING_ALL:
            given = [each for name in names for each in kinds.items(self.typeof(name))]
            if any(kinds.lossy(each, item) for each in given for item in kinds.items(container)):
                self._refuse_as_lossy(container)
            return
        if isinstance(container, types.List):
            names = names[AFTER_INDEX.get(method, 0) :]
        if isinstance(container, types.Set):
            self._leave_nan_keys(names)
        keys = 1 if isinstance(container, types.DictType) else 0
        self._refuse_lossy_keys(container, names[:keys])
        self._refuse_lossy_items(container, names[keys:])

    def _refuse_order_of_a_set(self, expr: Any) -> None:
        """The order of a set is Python's own; only what does not depend on it is the same."""
        if self.func_ir.func_id.func.__module__ == library.__name__:
            return
        used = []
        if expr.op == "getiter":
            used = [expr.value.name]
        elif expr.op == "call":
            callee = self.typeof(expr.func.name)
            if isinstance(callee, types.BoundFunction) and isinstance(callee.this, types.Set):
                used = [expr.func.name] if kinds.method_name(callee) == "pop" else []
            elif kinds.called(self.fndesc.typemap, expr) in ORDERED or isinstance(
                callee, types.BoundFunction
            ):
                used = [argument.name for argument in expr.args]
        if any(_is_set(self.typeof(name)) for name in used):
            message = "the function loops over a set, whose order is Python's own"
            self._refuse(rules.SET_ORDER, message, "use sorted(...)")

    def lower_expr(self, resty: Any, expr: Any) -> llvm.Value:
        if expr.op == "unary" and expr.fn in checks.UNARY:
            return self._unary(resty, expr, expr.fn, expr.value.name)
        if expr.op == "unary" and expr.fn is operator.invert:
            self._refuse_bool(expr.value.name)
        self._refuse_order_of_a_set(expr)
        self.members.look(expr)
        if expr.op == "getitem":
            self._leave_unfit_mask(expr.value.name, expr.index.name)
            self._refuse_lossy_keys(self.typeof(expr.value.name), [expr.index.name])
        if expr.op == "static_getitem" and expr.index_var is not None:
            self._refuse_lossy_keys(self.typeof(expr.value.name), [expr.index_var.name])
        if expr.op == "getattr" and isinstance(self.typeof(expr.value.name), types.SliceType):
            message = "the function reads an attribute of a slice"
            self._refuse(rules.SLICE, message, "keep its parts in variables")
        if expr.op in ("build_list", "build_set"):
            self._refuse_lossy_items(resty, [item.name for item in expr.items])
        if expr.op == "build_set":
            self._leave_nan_keys([item.name for item in expr.items])
        if expr.op == "build_map":
            self._refuse_lossy_items(resty, [value.name for _, value in expr.items])
            self._refuse_lossy_keys(resty, [key.name for key, _ in expr.items])
        if expr.op == "call":
            callee = self.typeof(expr.func.name)
            # The arguments of an array's methods (reshape, sum) do not become its items.
            if isinstance(callee, types.BoundFunction) and not isinstance(callee.this, types.Array):
                names = [argument.name for argument in expr.args]
                self._refuse_lossy_arguments(kinds.method_name(callee), callee.this, names)
            items.keep_inside(self, expr)
        if expr.op == "call" and not expr.kws and not expr.vararg:
            return self._call(resty, expr)
        self._unpacking = expr.op == "exhaust_iter"
        result = super().lower_expr(resty, expr)
        self._unpacking = False
        if expr.op == "iternext":
            self.members.look_at_step(expr, result)
        return result

    def _call(self, resty: Any, expr: Any) -> llvm.Value:
        if self._is_leave(expr):
            self._leave_if(llvm.IntType(1)(1), "what compiled code has no answer to")
        function = kinds.called(self.fndesc.typemap, expr)
        names = [argument.name for argument in expr.args]
        ranks = [kind(self.typeof(name)) for name in names]
        if function is slice:
            made = super().lower_expr(resty, expr)
            return items.with_step_inside(self, resty, made) if len(names) == 3 else made
        if function in complexes.FUNCTIONS - complexes.TOTAL:
            return self._complex_function(resty, expr, function, names)
        if isinstance(self.typeof(expr.func.name), types.NumberClass) and ranks == [FLOAT]:
            self._leave_unfit_number(resty, names[0])
        if function is enumerate and len(names) > 1:
            self._leave_counting(names[1])
        if function is hash:
            self._leave_nan(self.typeof(names[0]), self.loadvar(names[0]), "the hash of a NaN")
        if function is pow and COMPLEX in ranks:
            self._refuse_complex_power()
        if function is None or not names or None in ranks or COMPLEX in ranks:
            return super().lower_expr(resty, expr)
        if function is abs:
            if ranks == [BOOL]:
                message = "abs of a bool is an integer in Python"
                self._refuse(rules.BOOL_ARITHMETIC, message, "convert it first: int(x)")
            return self._unary(resty, expr, abs, names[0])
        if function == random.seed:
            message = "random.seed starts another sequence than Python's"
            self._refuse(rules.RANDOM_SEED, message, "use numpy.random and compile_to_c=True")
        if function in INEXACT:
            message = f"compiled math.{function.__name__} differs from Python's in the last digit"
            self._refuse(rules.LAST_DIGIT, message, STAYS)
        if function is pow and len(names) == 2:
            compute = self._float_power if FLOAT in ranks else self._integers_power
            return compute(resty, expr, *names)
        if function in (max, min) and len(names) > 1:
            return self._extreme(resty, function, names)
        if function is round and len(names) == 2:
            return self._round(resty, *names)
        if function in TO_INTEGER and isinstance(resty, types.Integer) and FLOAT not in ranks:
            return self._operand(names[0], resty)  # Numba takes the way over a float
        if function is math.pow and not self.options.fastmath:
            return self._math_power(resty, *names)
        if function in TO_INTEGER and ranks == [FLOAT]:
            fits = floats.fits_int64(self.builder, self.loadvar(names[0]))
            self._leave_if(self.builder.not_(fits), "the integer of a float")
        if function is divmod:
            self._leave_divmod(*names)
        if function is range:
            self._leave_range(*names)
        if function is numpy.arange:
            self._leave_arange(ranks, *names)
        result = super().lower_expr(resty, expr)
        if function is math.sqrt and not self.options.fastmath:
            negative = floats.is_negative(self.builder, self._operand(names[0], types.float64))
            self._leave_if(negative, "the root of a negative number")
        elif function in MATH - TOTAL and kind(resty) == FLOAT:
            self._refuse_exceptional(result, names)
        return result

    def _complex_function(
        self, resty: Any, expr: Any, function: Any, names: list[str]
    ) -> llvm.Value:
        if function in complexes.INEXACT:
            message = f"compiled cmath.{function.__name__} differs from Python's in the last digit"
            self._refuse(rules.LAST_DIGIT, message, "use NumPy")
        result = super().lower_expr(resty, expr)
        values = [(self.typeof(name), self.loadvar(name)) for name in names]
        wrong = complexes.has_no_answer(self.context, self.builder, values, (resty, result))
        self._leave_if(wrong, "a complex number")
        return result

    def _is_leave(self, expr: Any) -> bool:
        callee = self.typeof(expr.func.name)
        if not isinstance(callee, types.Dispatcher):
            return False
        return callee.dispatcher.py_func.__code__ is library.leave.__code__

    # -- integers

    def _integers(self, resty: Any, expr: Any, op: Any, lhs: str, rhs: str) -> llvm.Value:
        type_ = self.fndesc.calltypes[expr].return_type
        if op in kinds.ARITHMETIC and kind(type_) == FLOAT:
            message = "signed and unsigned integers are mixed in one operation"
            self._refuse(rules.INTEGER_TYPES, message, "convert one of them")
        if op in kinds.DIVISION:
            self._need_exact_in_float("the quotient of large integers", lhs, rhs)
        if op not in checks.BINARY or not isinstance(type_, types.Integer):
            return super().lower_binop(resty, expr, op)
        left, right = self._operand(lhs, type_), self._operand(rhs, type_)
        if op in SHIFTS:
            negative = self._negative(right, rhs)
            self._raise_if(negative, ValueError, "negative shift count")
        if op in POWERS:
            negative = self._negative(right, rhs)
            self._leave_if(negative, "an integer power with a negative exponent")
        if self._target in self.indices and op in checks.ASSUMED and type_.signed:
            result = checks.ASSUMED[op](self.builder, left, right, flags=("nsw",))
            return self.context.cast(self.builder, result, type_, resty)
        result, failed = checks.BINARY[op](self.builder, left, right, type_.signed)
        self._leave_if_overflow(failed)
        return self.context.cast(self.builder, result, type_, resty)

    def _integers_power(self, resty: Any, expr: Any, *names: str) -> llvm.Value:
        return self._integers(resty, expr, operator.pow, *names)

    def _leave_divmod(self, left: str, right: str) -> None:
        """Leave for the pairs that have no quotient, or none of 64 bits."""
        self._leave_if(self._is(right, 0), "a divmod by zero")
        if kinds.is_integral(self.typeof(left)):
            lowest = self.builder.and_(self._is(left, -(2**63)), self._is(right, -1))
            self._leave_if(lowest, "the quotient of a divmod")

    def _leave_range(self, *names: str) -> None:
        """Leave for a range whose length does not fit: Numba subtracts its ends."""
        if any(kind(self.typeof(name)) != INT for name in names):
            message = "range is called with a value other than an int"
            self._refuse(rules.NOT_AN_INT, message, "convert it first: int(x)")
        if len(names) > 2:  # Numba looks at it when the range is gone over
            step = self._is(names[2], 0)
            self._raise_if(step, ValueError, "range() arg 3 must not be zero")
        if len(names) > 1:
            start, stop = (self._operand(name, types.int64) for name in names[:2])
            length, failed = checks.subtract(self.builder, stop, start, True)
            if len(names) > 2:  # it is divided by the step, which may be -1
                lowest = self.builder.icmp_signed("==", length, length.type(-(2**63)))
                failed = self.builder.or_(failed, lowest)
            self._leave_if(failed, "the length of a range")

    def _leave_unfit_number(self, type_: Any, name: str) -> None:
        """Leave where NumPy's integer of a float is none: of a NaN, or of a large one."""
        if isinstance(type_, types.Integer):
            value = self._operand(name, types.float64)
            above = self.builder.fcmp_ordered(">=", value, value.type(float(type_.minval)))
            below = self.builder.fcmp_ordered("<", value, value.type(float(type_.maxval + 1)))
            fits = self.builder.and_(above, below)
            self._leave_if(self.builder.not_(fits), "NumPy's integer of a float")

    def _leave_counting(self, start: str) -> None:
        """Leave where a count would not fit 64 bits; nobody counts half as far from below that."""
        value = self._operand(start, types.int64)
        large = self.builder.icmp_signed(">", value, value.type(2**62))
        self._leave_if(large, "the count of an enumerate")

    def _leave_arange(self, ranks: list[int | None], *names: str) -> None:
        """Leave for a range whose length Numba cannot compute: it divides as floats."""
        if set(ranks) <= {BOOL, INT} and len(names) > 1:
            start, stop = (self._operand(name, types.int64) for name in names[:2])
            length, failed = checks.subtract(self.builder, stop, start, True)
            self._leave_if(failed, "the length of a range")
            shifted = self.builder.add(length, length.type(EXACT_IN_FLOAT))
            limit = length.type(2 * EXACT_IN_FLOAT)
            far = self.builder.icmp_unsigned(">", shifted, limit)
            self._leave_if(far, "the length of a range")
            self._need_exact_in_float("the step of a range", *names[2:])

    def _is(self, name: str, constant: int) -> llvm.Value:
        wide = types.float64 if kind(self.typeof(name)) == FLOAT else types.int64
        return compare(
            self.builder,
            wide,
            "==",
            self._operand(name, wide),
            self.context.get_constant(wide, constant),
        )

    def _unary(self, resty: Any, expr: Any, op: Any, name: str) -> llvm.Value:
        type_ = self.fndesc.calltypes[expr].return_type
        integral = kinds.is_integral(self.typeof(name))
        if not integral or not isinstance(type_, types.Integer):
            return super().lower_expr(resty, expr)
        result, failed = checks.UNARY[op](self.builder, self._operand(name, type_), type_.signed)
        self._leave_if_overflow(failed)
        return self.context.cast(self.builder, result, type_, resty)

    def _refuse_bool(self, name: str) -> None:
        if kind(self.typeof(name)) == BOOL:
            message = "~ of a bool is an integer in Python"
            self._refuse(rules.BOOL_ARITHMETIC, message, "write `not`")

    def _operand(self, name: str, type_: Any) -> llvm.Value:
        """Load a variable as `type_`; a literal becomes an LLVM constant."""
        own = self.typeof(name)
        if isinstance(own, types.IntegerLiteral):
            return self.context.get_constant(type_, own.literal_value)
        return self.context.cast(self.builder, self.loadvar(name), own, type_)

    def _negative(self, value: llvm.Value, name: str) -> llvm.Value:
        own = self.typeof(name)
        if not isinstance(own, types.Integer) or not own.signed:
            return checks.FALSE
        if isinstance(own, types.IntegerLiteral) and own.literal_value >= 0:
            return checks.FALSE
        return self.builder.icmp_signed("<", value, value.type(0))

    # -- floats

    def _float_power(self, resty: Any, expr: Any, *names: str) -> llvm.Value:
        if self.options.fastmath or types.float32 in (resty, *map(self.typeof, names)):
            return super().lower_expr(resty, expr)
        self._leave_if_lesser("an integer power", *names)
        base, exponent = (self._operand(name, types.float64) for name in names)
        result = floats.power(self.builder, base, exponent)
        self._refuse_exceptional(result, list(names))
        return self.context.cast(self.builder, result, types.float64, resty)

    def _math_power(self, resty: Any, *names: str) -> llvm.Value:
        """Raise as the C library does; Numba multiplies where the exponent is an integer."""
        base, exponent = (self._operand(name, types.float64) for name in names)
        result = floats.power(self.builder, base, exponent)
        self._refuse_exceptional_of(result, [base, exponent])
        return self.context.cast(self.builder, result, types.float64, resty)

    def _refuse_exceptional(self, result: llvm.Value, names: list[str]) -> None:
        """Leave where Python would raise, or answer with a complex number."""
        if self.options.fastmath or result.type != floats.DOUBLE:
            return
        arguments = [self.loadvar(name) for name in names if kind(self.typeof(name)) == FLOAT]
        if any(argument.type != floats.DOUBLE for argument in arguments):
            return
        self._refuse_exceptional_of(result, arguments)

    def _refuse_exceptional_of(self, result: llvm.Value, arguments: list[llvm.Value]) -> None:
        finite = floats.is_finite(self.builder, result)
        with self.builder.if_then(self.builder.not_(finite), likely=False):
            wanted = floats.wants_exception(self.builder, result, arguments)
            self._leave_if(wanted, "the result of a float operation")

    def _round(self, resty: Any, name: str, digits: str) -> llvm.Value:
        if kind(self.typeof(name)) != FLOAT:
            message = "an integer is rounded to digits"
            self._refuse(rules.ROUNDED_INTEGER, message, "leave the digits out")
        type_ = self.typeof(digits)
        literal = type_.literal_value if isinstance(type_, types.IntegerLiteral) else -1
        if not 0 <= literal <= 22:
            self._leave_if(llvm.IntType(1)(1), "a rounding to these digits")
            literal = 0
        self._leave_if_lesser("the rounding of an integer", name)
        value = self._operand(name, types.float64)
        result, certain = floats.round_to_digits(self.builder, value, literal)
        self._leave_if(self.builder.not_(certain), "a rounding at a tie")
        return self.context.cast(self.builder, result, types.float64, resty)

    def _extreme(self, resty: Any, function: Any, names: list[str]) -> llvm.Value:
        """Take the first of the largest, or smallest, as Python does; it keeps its kind."""
        if kind(resty) == FLOAT:
            self._need_exact_in_float("the comparison of a large integer", *names)
        best, lesser = self._operand(names[0], resty), self.mixture.lesser(names[0], resty)
        bit = self.doubts.bit(names[0])
        sign = ">" if function is max else "<"
        for name in names[1:]:
            value = self._operand(name, resty)
            better = compare(self.builder, resty, sign, value, best)
            best = self.builder.select(better, value, best)
            own = self.mixture.lesser(name, resty)
            lesser = self.builder.select(better, own, lesser)
            bit = self.builder.select(better, self.doubts.bit(name), bit)
        self._flag_of_result, self._bit_of_result = lesser, bit
        return best

    # -- numbers that lose their kind

    def _widening(self, source: str, target: Any) -> None:
        if kind(target) is None:  # a number inside a tuple or an optional: nothing carries its flag
            self._leave_if(llvm.IntType(1)(1), "the kind of a number")
        elif kind(target) != INT:
            self._need_exact_in_float("a large integer among floats", source)

    def _watched(self, result: llvm.Value, expr: Any, op: Any) -> llvm.Value:
        """Leave where an integer that is held in a float is no longer exact."""
        if op in kinds.ARITHMETIC and result.type == floats.DOUBLE:
            lesser = llvm.IntType(1)(1)
            for name in (expr.lhs.name, expr.rhs.name):
                lesser = self.builder.and_(lesser, self.mixture.lesser(name, types.float64))
            beyond = floats.beyond_exact(self.builder, result)
            self._leave_if(self.builder.and_(lesser, beyond), "a large integer among floats")
        return result

    def _leave_if_lesser(self, what: str, *names: str) -> None:
        for name in names:
            if name in self.mixture.names:
                self._leave_if(self.mixture.lesser(name, self.typeof(name)), what)

    # -- leaving

    def _refuse(self, code: str, message: str, advice: str, loc: Any = None) -> NoReturn:
        """Give up compiling: the types at hand cannot have Python's answer."""
        loc = loc or (self.func_ir.loc if isinstance(self.loc, int) else self.loc)  # no line yet
        reason = Reason(code, loc.line, message, advice, file=loc.filename)
        self.metadata["program"].reasons.append(reason)
        raise errors.UnsupportedError(str(reason), loc=loc)

    def _leave_if(self, condition: llvm.Value, what: str) -> None:
        """Leave with STATUS_OVERFLOW where the condition holds; no handler of the task sees it."""
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        with self.builder.if_then(condition, likely=False):
            message = f"{what} does not fit compiled code"
            function = self.func_ir.func_id.func_name
            self.call_conv.return_overflow(self.builder, message, self.loc, function)

    def _leave_if_overflow(self, failed: llvm.Value) -> None:
        if self.options.overflow == "check":
            self._leave_if(failed, "the result of an integer operation")

    def _raise_if(self, condition: llvm.Value, error: type[Exception], message: str) -> None:
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        with self.builder.if_then(condition, likely=False):
            self.return_exception(error, (message,), loc=self.loc)

    def _refuse_zero_divisor(self, op: Any, floating: bool, left: str, right: str) -> None:
        type_ = self.typeof(right)
        if isinstance(type_, types.IntegerLiteral) and type_.literal_value:
            return
        zero = self._is(right, 0)
        if right in self.mixture.names or EITHER in (self.origins[right], self.origins[left]):
            # The words depend on the kind, and NumPy has no words at all.
            self._leave_if(zero, "a division by zero")
        self._raise_if(zero, ZeroDivisionError, zero_division_message(op, floating))

    def _need_exact_in_float(self, what: str, *names: str) -> None:
        for name in names:
            type_ = self.typeof(name)
            if (
                isinstance(type_, types.IntegerLiteral)
                and abs(type_.literal_value) <= EXACT_IN_FLOAT
            ):
                continue
            self._leave_inexact(type_, self.loadvar(name), what)

    def _leave_inexact(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with an integer that need not be a float exactly."""
        if not isinstance(type_, types.Integer) or type_.bitwidth < 64:
            return
        shifted = self.builder.add(value, value.type(EXACT_IN_FLOAT)) if type_.signed else value
        limit = value.type(2 * EXACT_IN_FLOAT if type_.signed else EXACT_IN_FLOAT)
        self._leave_if(self.builder.icmp_unsigned(">", shifted, limit), what)


def _item_kinds(container: Any) -> set[int | None]:
    if isinstance(container, types.BaseTuple):
        return {kind(item) for item in container.types}
    return {kind(getattr(container, "dtype", None))}


def _is_doubtful(origin: Any, type_: Any) -> bool:
    """Tell whether a result cannot be given back because of who made its numbers."""
    if isinstance(type_, types.BaseTuple):
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        return any(map(_is_doubtful, origins, type_.types))
    if isinstance(type_, types.Optional):
        return kind(type_.type) is not None and has_numpy(origin)
    return kind(type_) is not None and origin == EITHER


def _is_set(type_: Any) -> bool:
    return isinstance(type_.this if isinstance(type_, types.BoundFunction) else type_, types.Set)


def compare(
    builder: llvm.IRBuilder, type_: Any, sign: str, left: llvm.Value, right: llvm.Value
) -> llvm.Value:
    """Compare two numbers of one type; false where one is NaN."""
    if kind(type_) == FLOAT:
        return builder.fcmp_ordered(sign, left, right)
    signed = isinstance(type_, types.Integer) and type_.signed
    return (builder.icmp_signed if signed else builder.icmp_unsigned)(sign, left, right)


@functools.cache
def zero_division_message(op: Any, floating: bool) -> str:
    """Return what this Python says about a division by zero; the words differ between versions."""
    one = 1.0 if floating else 1
    try:
        op(one, one - one)
    except ZeroDivisionError as error:
        return str(error)
    raise AssertionError("dividing by zero did not raise")


@register_pass(mutates_CFG=True, analysis_only=False)
class TaskLowering(BaseNativeLowering):
    """The lowering pass that uses TaskLower."""

    _name: Any = "task_lowering"

    @property
    def lowering_class(self) -> type[TaskLower]:
        return TaskLower
