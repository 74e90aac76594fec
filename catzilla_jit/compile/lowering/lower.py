"""Lowering of task code: arithmetic that gives Python's answer or says that it cannot.

Numba lowers typed IR to LLVM one expression at a time; here the arithmetic is taken over.
Integers are checked (`overflow.py`), floats too where Python would raise or round otherwise
(`float_checks.py`), numbers that lose their kind are watched (`shadow_kind.py`), division by zero
raises with this Python's own message. What compiled code cannot answer leaves the kernel with
STATUS_OVERFLOW (`bail_out.py`). Only code of the user is lowered this way: Numba's own functions
keep Numba's arithmetic.
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
from numba.core import ir, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import BaseNativeLowering
from numba.core.unsafe import eh

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.effects import effects_of
from catzilla_jit.compile.analysis.number_kinds import BOOL, COMPLEX, FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import EITHER, NUMPY, PYTHON, Origins, has_numpy, joined
from catzilla_jit.compile.analysis.owned import owned_variables
from catzilla_jit.compile.datamodel import bytes_type
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.frontend.unit import OWN
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.lowering import (
    complex_checks,
    containers,
    float_checks,
    float_operations,
    integers,
    items,
    overflow,
    overlap,
    views,
)
from catzilla_jit.compile.lowering.bail_out import (
    EXACT_IN_FLOAT,
    BailingLower,
)
from catzilla_jit.compile.lowering.index_variables import index_variables
from catzilla_jit.compile.lowering.integers import DIVISIONS, POWERS, SHIFTS
from catzilla_jit.compile.lowering.members import Members
from catzilla_jit.compile.lowering.print_call import write_print
from catzilla_jit.compile.lowering.shadow_kind import Mixture
from catzilla_jit.compile.lowering.shadow_origin import Doubts
from catzilla_jit.compile.lowering.shadow_unbound import Unbound
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target import recursion as stack
from catzilla_jit.compile.target import recursive_calls
from catzilla_jit.compile.target.context import TaskCallConv

TO_INTEGER = {int, round, math.floor, math.ceil, math.trunc}
MATH = {value for value in vars(math).values() if callable(value)}
#: CPython has its own versions of these; the C library's differ in the last digit.
INEXACT = {math.gamma, math.lgamma, math.hypot}
#: They answer every float, and raise for none.
TOTAL = {
    math.atan, math.atan2, math.asinh, math.tanh, math.erf, math.erfc, math.fabs, math.copysign,
    math.degrees, math.radians,
}  # fmt: skip
#: In the words of what Numba raises there.
PASSES_ON = "op code RERAISE executed"


class TaskLower(BailingLower):
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
            containers.refuse_lossy_keys(self, self.typeof(inst.target.name), [inst.index.name])
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
        elif exact and program.is_task(function) and number_kinds.is_short(self.fndesc.restype):
            shown = type_names.of(self.fndesc.restype)
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
            if bytes_type.hides_octets(type_):
                message = "an exception is raised with a dict or set of bytes"
                self._refuse(rules.RAISED_ARGUMENTS, message, "pass a list of them")
            if argument.name in seen:
                self.incref(type_, value)
            seen.add(argument.name)
            types_.append(type_)
            values.append(bytes_type.owned(self.context, self.builder, type_, value))
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
        return recursive_calls.call(self, fnty, expr, signature)

    def lower_function_body(self) -> Any:
        last = super().lower_function_body()
        if recursive_calls.differs(self):
            message = "cannot infer the types of a recursion"
            self._refuse(rules.RECURSION, message, "return values of one type")
        return last

    def _cast_var(self, var: Any, ty: Any) -> llvm.Value:
        """Cast an argument of a call; Python takes no float for an int, and knows no short ints."""
        named = isinstance(var, ir.Var)
        own = self.typeof(var.name) if named else self.typeof(var.vararg.name)[var.index]
        given, wanted = kind(own), kind(ty)
        if given is not None and wanted is not None and given > wanted >= INT:
            message = f"a {type_names.of(own)} is passed for an int"
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
        source = number_kinds.source_of(inst.value)
        if source is not None and number_kinds.lossy(self.typeof(source), ty):
            float_operations.widening(self, source, ty)
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
            containers.refuse_identity(self, left, right)
        if op is operator.contains:
            self._refuse_member_of_other_kind(left, right)
            containers.leave_doubtful_member(self, left, right)
            self.members.look_for(left, right)
        if op in (operator.mul, operator.imul):
            self._leave_endless_repetition(left, right)
        if op in number_kinds.COMPARISON:
            containers.leave_doubtful_items(self, left, right)
        if isinstance(resty, types.List):
            containers.refuse_lossy(self, resty, resty, [left, right])
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
            return integers.operation(self, resty, expr, op, left, right)
        if op in POWERS:
            return float_operations.power(self, resty, expr, left, right)
        if op in number_kinds.COMPARISON and ranks[0] != ranks[1]:
            self._need_exact_in_float("the comparison of a large integer", left, right)
        return float_operations.watched(self, super().lower_binop(resty, expr, op), expr, op)

    def _leave_endless_repetition(self, *names: str) -> None:
        for sequence, times in (names, reversed(names)):
            repeats = isinstance(self.typeof(sequence), items.SEQUENCES)
            if repeats and number_kinds.is_integral(self.typeof(times)):
                self._leave_if(items.is_too_long(self, sequence, times), "a repetition")

    def _refuse_member_of_other_kind(self, container: str, item: str) -> None:
        """Numba casts to the type of the members before it looks: 1.5 would be in {1, 2}."""
        type_, own = self.typeof(container), self.typeof(item)
        if isinstance(type_, types.DictType):
            containers.refuse_lossy_keys(self, type_, [item])
        for member in number_kinds.items(type_):
            lesser = isinstance(type_, types.Set) and (kind(member) or 0) < (kind(own) or 0)
            if lesser or (isinstance(member, types.BaseTuple) and number_kinds.lossy(own, member)):
                message = "the container holds numbers of another kind than the one looked for"
                self._refuse(rules.NUMBER_KIND, message, "convert it first")

    def _leave_nan(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with a NaN, alone or in a tuple."""
        if kind(type_) == FLOAT:
            self._leave_if(float_checks.is_nan(self.builder, value), what)
        elif kind(type_) == COMPLEX:
            number = self.context.make_complex(self.builder, type_, value)
            for part in (number.real, number.imag):
                self._leave_if(float_checks.is_nan(self.builder, part), what)
        elif isinstance(type_, types.BaseTuple):
            for index, item in enumerate(type_.types):
                self._leave_nan(item, self.builder.extract_value(value, index), what)

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
        if op in DIVISIONS and number_kinds.is_integral(self.typeof(right)):
            self._leave_if(self._is(right, 0), "a division by zero of NumPy")
            if number_kinds.is_integral(self.typeof(expr.lhs.name)):
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
            containers.refuse_lossy_items(self, target, [value_var.name])
        containers.leave_unfit_mask(self, target_var.name, index_var.name)
        containers.refuse_lossy_keys(self, target, [index_var.name])
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

    def _leave_nan_keys(self, names: list[str]) -> None:
        """Python finds the NaN that went in by its identity."""
        for name in names:
            self._leave_nan(self.typeof(name), self.loadvar(name), "a NaN as a key")

    def _refuse_as_lossy(self, container: Any) -> NoReturn:
        what = f"a {type_names.of(container)} is given a number of another kind"
        self._refuse(rules.NUMBER_KIND, what, "convert it first")

    def lower_expr(self, resty: Any, expr: Any) -> llvm.Value:
        if expr.op == "unary" and expr.fn in overflow.UNARY:
            return integers.unary(self, resty, expr, expr.fn, expr.value.name)
        if expr.op == "unary" and expr.fn is operator.invert:
            integers.refuse_bool(self, expr.value.name)
        containers.refuse_order_of_a_set(self, expr)
        self.members.look(expr)
        if expr.op == "getitem":
            containers.leave_unfit_mask(self, expr.value.name, expr.index.name)
            containers.refuse_lossy_keys(self, self.typeof(expr.value.name), [expr.index.name])
        if expr.op == "static_getitem" and expr.index_var is not None:
            containers.refuse_lossy_keys(self, self.typeof(expr.value.name), [expr.index_var.name])
        if expr.op == "getattr" and isinstance(self.typeof(expr.value.name), types.SliceType):
            message = "the function reads an attribute of a slice"
            self._refuse(rules.SLICE, message, "keep its parts in variables")
        if expr.op in ("build_list", "build_set"):
            containers.refuse_lossy_items(self, resty, [item.name for item in expr.items])
        if expr.op == "build_set":
            self._leave_nan_keys([item.name for item in expr.items])
        if expr.op == "build_map":
            containers.refuse_lossy_items(self, resty, [value.name for _, value in expr.items])
            containers.refuse_lossy_keys(self, resty, [key.name for key, _ in expr.items])
        if expr.op == "call":
            callee = self.typeof(expr.func.name)
            # The arguments of an array's methods (reshape, sum) do not become its items.
            if isinstance(callee, types.BoundFunction) and not isinstance(callee.this, types.Array):
                names = [argument.name for argument in expr.args]
                containers.refuse_lossy_arguments(
                    self, number_kinds.method_name(callee), callee.this, names
                )
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
        function = number_kinds.called(self.fndesc.typemap, expr)
        names = [argument.name for argument in expr.args]
        ranks = [kind(self.typeof(name)) for name in names]
        if function is slice:
            made = super().lower_expr(resty, expr)
            return items.with_step_inside(self, resty, made) if len(names) == 3 else made
        if function in complex_checks.FUNCTIONS - complex_checks.TOTAL:
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
            return integers.unary(self, resty, expr, abs, names[0])
        if function == random.seed:
            message = "random.seed starts another sequence than Python's"
            self._refuse(rules.RANDOM_SEED, message, "use numpy.random and compile_to_c=True")
        if function in INEXACT:
            message = f"compiled math.{function.__name__} differs from Python's in the last digit"
            self._refuse(rules.LAST_DIGIT, message, STAYS)
        if function is pow and len(names) == 2:
            compute = (
                functools.partial(float_operations.power, self)
                if FLOAT in ranks
                else functools.partial(integers.power, self)
            )
            return compute(resty, expr, *names)
        if function in (max, min) and len(names) > 1:
            return float_operations.extreme(self, resty, function, names)
        if function is round and len(names) == 2:
            return float_operations.rounded(self, resty, *names)
        if function in TO_INTEGER and isinstance(resty, types.Integer) and FLOAT not in ranks:
            return self._operand(names[0], resty)  # Numba takes the way over a float
        if function is math.pow and not self.options.fastmath:
            return float_operations.math_power(self, resty, *names)
        if function in TO_INTEGER and ranks == [FLOAT]:
            fits = float_checks.fits_int64(self.builder, self.loadvar(names[0]))
            self._leave_if(self.builder.not_(fits), "the integer of a float")
        if function is divmod:
            integers.leave_divmod(self, *names)
        if function is range:
            integers.leave_range(self, *names)
        if function is numpy.arange:
            self._leave_arange(ranks, *names)
        result = super().lower_expr(resty, expr)
        if function is math.sqrt and not self.options.fastmath:
            negative = float_checks.is_negative(
                self.builder, self._operand(names[0], types.float64)
            )
            self._leave_if(negative, "the root of a negative number")
        elif function in MATH - TOTAL and kind(resty) == FLOAT:
            float_operations.refuse_exceptional(self, result, names)
        return result

    def _complex_function(
        self, resty: Any, expr: Any, function: Any, names: list[str]
    ) -> llvm.Value:
        if function in complex_checks.INEXACT:
            message = f"compiled cmath.{function.__name__} differs from Python's in the last digit"
            self._refuse(rules.LAST_DIGIT, message, "use NumPy")
        result = super().lower_expr(resty, expr)
        values = [(self.typeof(name), self.loadvar(name)) for name in names]
        wrong = complex_checks.has_no_answer(self.context, self.builder, values, (resty, result))
        self._leave_if(wrong, "a complex number")
        return result

    def _is_leave(self, expr: Any) -> bool:
        callee = self.typeof(expr.func.name)
        if not isinstance(callee, types.Dispatcher):
            return False
        return callee.dispatcher.py_func.__code__ is builtin_functions.leave.__code__

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
            length, failed = overflow.subtract(self.builder, stop, start, True)
            self._leave_if(failed, "the length of a range")
            shifted = self.builder.add(length, length.type(EXACT_IN_FLOAT))
            limit = length.type(2 * EXACT_IN_FLOAT)
            far = self.builder.icmp_unsigned(">", shifted, limit)
            self._leave_if(far, "the length of a range")
            self._need_exact_in_float("the step of a range", *names[2:])

    def _leave_inexact(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with an integer that need not be a float exactly."""
        if not isinstance(type_, types.Integer) or type_.bitwidth < 64:
            return
        shifted = self.builder.add(value, value.type(EXACT_IN_FLOAT)) if type_.signed else value
        limit = value.type(2 * EXACT_IN_FLOAT if type_.signed else EXACT_IN_FLOAT)
        self._leave_if(self.builder.icmp_unsigned(">", shifted, limit), what)


def _is_doubtful(origin: Any, type_: Any) -> bool:
    """Tell whether a result cannot be given back because of who made its numbers."""
    if isinstance(type_, types.BaseTuple):
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        return any(map(_is_doubtful, origins, type_.types))
    if isinstance(type_, types.Optional):
        return kind(type_.type) is not None and has_numpy(origin)
    return kind(type_) is not None and origin == EITHER


@register_pass(mutates_CFG=True, analysis_only=False)
class TaskLowering(BaseNativeLowering):
    """The lowering pass that uses TaskLower."""

    _name: Any = "task_lowering"

    @property
    def lowering_class(self) -> type[TaskLower]:
        return TaskLower
