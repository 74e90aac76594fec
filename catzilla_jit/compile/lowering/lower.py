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
import dataclasses
import functools
import operator
from collections.abc import Iterator
from typing import Any

from llvmlite import ir as llvm
from numba.core import ir, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import BaseNativeLowering
from numba.core.unsafe import eh

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import INT, kind
from catzilla_jit.compile.analysis.origins import NUMPY, Origins
from catzilla_jit.compile.analysis.overwritten import Overwritten
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.library.ufuncs import in_place
from catzilla_jit.compile.lowering import (
    call_bits,
    calls,
    containers,
    float_operations,
    generators,
    integers,
    items,
    operators,
    overflow,
    overlap,
    raises,
    results,
    views,
)
from catzilla_jit.compile.lowering.bail_out import (
    BailingLower,
)
from catzilla_jit.compile.lowering.forking import Forking
from catzilla_jit.compile.lowering.index_variables import index_variables
from catzilla_jit.compile.lowering.loops import Loops
from catzilla_jit.compile.lowering.members import Members
from catzilla_jit.compile.lowering.print_call import write_print
from catzilla_jit.compile.lowering.shadow_kind import ShadowKind
from catzilla_jit.compile.lowering.shadow_origin import ShadowOrigin
from catzilla_jit.compile.lowering.shadow_unbound import ShadowUnbound
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target import recursion as stack
from catzilla_jit.compile.target import recursive_calls
from catzilla_jit.compile.target.context import TaskCallConv
from catzilla_jit.compile.target.error_places import Site

#: In the words of what Numba raises there.
PASSES_ON = "op code RERAISE executed"


class TaskLower(BailingLower):
    """Numba's lowering with Python's arithmetic."""

    def init(self) -> None:
        super().init()
        self.options: Options = self.metadata["unit"].options
        self._is_ours = is_own(self.func_ir.func_id.func)
        self.shadow_kind = ShadowKind(self)
        self.shadow_unbound = ShadowUnbound(self)
        self.members = Members(self)
        self.depth = stack.Depth(self)
        unit = self.metadata["unit"]
        function = self.func_ir.func_id.func
        blocks = self.blocks.values()
        # A helper is given arrays that whoever calls it may read.
        given = blocks if unit.is_task(function) else ()
        self.overwritten = Overwritten(given, self.fndesc.typemap).arguments_of
        self.origins = Origins.of(unit, function, blocks, self.fndesc.typemap)
        self.numpys = self.origins.numbers(NUMPY)
        self.shadow_origin = ShadowOrigin(self, self.origins)
        self._doubted = results.note_origin(self, function)
        self.indices: frozenset[str] = frozenset()
        if self.options.overflow == "check" and not self.options.boundscheck:
            self.indices = index_variables(self.blocks.values(), self.fndesc.typemap)
        self.calls_loops = any(map(self._is_loop_call, self._operations()))
        #: How many items are unpacked, and how many have been; Numba says neither.
        self._unpacked: Any = None
        self._target = ""  # of the assignment that is written
        self._fitted: dict[str, items.Typed] = {}  # what stands for a variable for a moment
        self._flag_of_result: llvm.Value | None = None  # set by an expression that picks a kind
        self._bit_of_result: llvm.Value | None = None  # or that picks NumPy's number or Python's
        self.forking = Forking(self)
        self.loops = Loops(self)
        generators.check(self, self.calls_loops)
        raises.check_tries(self)

    def lower_inst(self, inst: Any) -> None:
        if not self._is_ours:
            name = self.func_ir.func_id.func_name
            TaskCallConv.site = Site(self.builder.function, self.loc, name)
        for missing in self.shadow_unbound.read_by(inst):
            self.bail_if(missing, "a variable without a value")
        for name in self.shadow_kind.seen_by(inst):
            seen = self.shadow_kind.lesser(name, self.typeof(name))
            self.bail_if(seen, "the kind of a number")
        if not self._is_ours:  # those write to what they made
            self.loops.note_effects(inst)
        if isinstance(inst, ir.Return):
            results.check(self, inst.value.name, self._doubted.get(inst.value.name, []))
            self.forking.leave()
            if self._tells:
                call_bits.hand_back(self, inst.value.name)
        if isinstance(inst, ir.DelItem) and isinstance(self.typeof(inst.target.name), types.List):
            message = "items of a list are deleted with `del`"
            self.refuse(rules.DELETION, message, "use .pop(), or make a new list")
        if isinstance(inst, ir.DelItem):
            containers.refuse_lossy_keys(self, self.typeof(inst.target.name), [inst.index.name])
        self.members.look(inst)
        super().lower_inst(inst)

    def _operations(self) -> Iterator[Any]:
        for block in self.blocks.values():
            for each in block.find_insts(ir.Assign):
                if isinstance(each.value, ir.Expr):
                    yield each.value

    def _is_loop_call(self, expr: Any) -> bool:
        if expr.op != "call":
            return self._is_in_place(expr)
        return number_kinds.is_loop(number_kinds.called(self.fndesc.typemap, expr))

    def return_exception(self, exc_class: Any, exc_args: Any = None, loc: Any = None) -> None:
        unpacks = self._unpacked is not None
        if unpacks:
            exc_args = (self._words_of_unpacking(),)
        with TaskCallConv.only(raising=not unpacks):
            super().return_exception(exc_class, exc_args, loc)

    def _words_of_unpacking(self) -> str:
        """Return what Python says where items are missing, or behind the last one are more."""
        wanted, got = self._unpacked
        self._unpacked = wanted, got + 1
        if got < wanted:
            return f"not enough values to unpack (expected {wanted}, got {got})"
        return f"too many values to unpack (expected {wanted})"

    def lower_static_raise(self, inst: Any) -> None:
        """Leave where an exception passes a handler or a `finally`, which Numba cannot write."""
        if inst.exc_class is AssertionError and str(inst.exc_args).find(PASSES_ON) >= 0:
            self.bail_if(llvm.IntType(1)(1), "an exception that passes a handler")
        super().lower_static_raise(inst)

    def lower_dynamic_raise(self, inst: Any) -> None:
        raises.raise_computed(self, inst)

    def lower_print(self, inst: Any) -> None:
        if not self.options.prints:
            advice = "compile_to_c=True compiles it; otherwise it runs as a Python task"
            self.refuse(
                rules.PRINT, "the function prints: it cannot be run again as Python", advice
            )
        if inst.vararg is not None:
            self.refuse(rules.PRINT, "print is called with *args", "name the arguments")
        values: list[tuple[Any, Any]] = []
        for index, variable in enumerate(inst.args):
            constant = inst.consts.get(index)
            if isinstance(constant, str):
                values.append((types.literal(constant), None))
            else:
                values.append((self.typeof(variable.name), self.loadvar(variable.name)))
        environment = self.context.get_env_manager(self.builder)
        failed = write_print(self.context, self.builder, environment, values)
        self.bail_if(failed, "a print that fails")

    def lower_call(self, resty: Any, expr: Any) -> llvm.Value:
        for parallel in (self.forking, self.loops):
            written = parallel.written(expr)
            if written is not None:
                return written
        callee = self.typeof(expr.func.name)
        ours = isinstance(callee, types.Dispatcher | types.RecursiveCall)
        if not isinstance(callee, types.RecursiveCall):
            if ours and TaskCallConv.site is not None:
                TaskCallConv.site = self._site_of_call(callee.dispatcher, expr)
            with TaskCallConv.only(calling_helper=ours), call_bits.around(self, expr):
                return super().lower_call(resty, expr)
        self.metadata["unit"].findings.recursive = True
        deeper = self.depth.enter(self.metadata["unit"])
        self.bail_if(deeper, "a recursion this deep")
        with TaskCallConv.only(calling_helper=True):
            result = super().lower_call(resty, expr)
        self.depth.leave()
        return result

    def _site_of_call(self, helper: Any, expr: Any) -> Site:
        """Return the line with what an error of what it calls is to say."""
        library = self.metadata["unit"].is_library(helper)
        assert TaskCallConv.site is not None
        site = dataclasses.replace(TaskCallConv.site, calls_library=library)
        function = getattr(helper, "stands_for", None) if library and not expr.kws else None
        names = [argument.name for argument in expr.args]
        described = self.described_call(function, names, "what compiled code has no answer to")
        called, numbers = described or (None, tuple)
        return dataclasses.replace(site, called=called, numbers=numbers)

    def _lower_call_RecursiveCall(self, fnty: Any, expr: Any, signature: Any) -> llvm.Value:
        return recursive_calls.call(self, fnty, expr, signature)

    def lower_function_body(self) -> Any:
        self.forking.enter()
        self.loops.enter()
        around = TaskCallConv.site
        try:
            last = super().lower_function_body()
        finally:
            TaskCallConv.site = around
        if recursive_calls.differs(self):
            message = "cannot infer the types of a recursion"
            self.refuse(rules.RECURSION, message, "return values of one type")
        return last

    def _cast_var(self, var: Any, ty: Any) -> llvm.Value:
        """Cast an argument of a call; Python takes no float for an int, and knows no short ints."""
        named = isinstance(var, ir.Var)
        own = self.typeof(var.name) if named else self.typeof(var.vararg.name)[var.index]
        given, wanted = kind(own), kind(ty)
        if given is not None and wanted is not None and given > wanted >= INT:
            message = f"a {type_names.of(own)} is passed for an int"
            self.refuse(rules.NOT_AN_INT, message, "convert it first: int(x)")
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
            self.bail_if(fails, "an int that is wanted short")
        return value

    def lower_assign(self, ty: Any, inst: Any) -> llvm.Value:
        source = number_kinds.source_of(inst.value)
        if source is not None and number_kinds.lossy(self.typeof(source), ty):
            float_operations.widening(self, source, ty)
        self._flag_of_result = self._bit_of_result = None
        if isinstance(inst.value, ir.Const | ir.Global | ir.FreeVar):
            self._refuse_large(inst.value.value)
            if inst.value.value is eh.mark_try_block:
                self.metadata["unit"].findings.tries = True
        if isinstance(ty, types.Bytes):
            message = "bytes are read from an object"
            self.refuse(rules.BYTES_OF_OBJECT, message, "make them a global of the module")
        self._target = inst.target.name
        value = views.marked(self, ty, inst.value, super().lower_assign(ty, inst))
        self.shadow_kind.assigned(inst.target.name, inst.value, self._flag_of_result)
        self.shadow_origin.assigned(inst.target.name, inst.value, self._bit_of_result)
        self.shadow_unbound.assigned(inst)
        return value

    def _refuse_large(self, value: Any) -> None:
        if type(value) is int and not -(2**63) <= value < 2**63:
            message = "the function has a constant beyond 64 bits"
            self.refuse(rules.LARGE_CONSTANT, message, STAYS)

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> llvm.Value:
        if resty == self.typeof(expr.lhs.name) and self._is_in_place(expr):
            return self._in_place(expr)
        kept = overlap.fitted_operand(self, expr)
        if kept is None:
            return operators.binop(self, resty, expr, op, super().lower_binop)
        self._fitted[expr.rhs.name] = kept
        result = operators.binop(self, resty, expr, op, super().lower_binop)
        self._fitted.clear()
        self.decref(*kept)
        return result

    def _is_in_place(self, expr: Any) -> bool:
        """Tell whether an operator writes to an array by a loop of NumPy's."""
        exact = self.options.exact and not self._is_ours
        if not exact or expr.op != "inplace_binop":
            return False
        return in_place.is_known(expr.fn, *map(self._plain_type, (expr.lhs, expr.rhs)))

    def _plain_type(self, variable: Any) -> Any:
        return types.unliteral(self.fndesc.typemap[variable.name])

    def _in_place(self, expr: Any) -> llvm.Value:
        given = (self._plain_type(expr.lhs), self._plain_type(expr.rhs))
        values = (self.loadvar(expr.lhs.name), self.operand(expr.rhs.name, given[1]))
        refuse = functools.partial(overlap.raise_unfit_operand, self)
        in_place.write(self.context, self.builder, expr.fn, given, values, refuse)
        self.incref(given[0], values[0])
        return values[0]

    def lower_setitem(
        self, target_var: Any, index_var: Any, value_var: Any, signature: Any
    ) -> None:
        target = self.typeof(target_var.name)
        if not isinstance(target, types.Array):
            containers.refuse_lossy_items(self, target, [value_var.name])
        containers.bail_at_unfit_mask(self, target_var.name, index_var.name)
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

    def lower_expr(self, resty: Any, expr: Any) -> llvm.Value:
        if expr.op == "unary" and expr.fn in overflow.UNARY:
            return integers.unary(self, resty, expr, expr.fn, expr.value.name)
        if expr.op == "unary" and expr.fn is operator.invert:
            integers.refuse_bool(self, expr.value.name)
        containers.refuse_order_of_a_set(self, expr)
        self.members.look(expr)
        if expr.op == "getitem":
            containers.bail_at_unfit_mask(self, expr.value.name, expr.index.name)
            containers.refuse_lossy_keys(self, self.typeof(expr.value.name), [expr.index.name])
        if expr.op == "static_getitem" and expr.index_var is not None:
            containers.refuse_lossy_keys(self, self.typeof(expr.value.name), [expr.index_var.name])
        if expr.op == "getattr" and isinstance(self.typeof(expr.value.name), types.SliceType):
            message = "the function reads an attribute of a slice"
            self.refuse(rules.SLICE, message, "keep its parts in variables")
        if expr.op in ("build_list", "build_set"):
            containers.refuse_lossy_items(self, resty, [item.name for item in expr.items])
        if expr.op == "build_set":
            self.bail_at_nan_keys([item.name for item in expr.items])
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
            return calls.call(self, resty, expr, super().lower_expr)
        self._unpacked = (expr.count, 0) if expr.op == "exhaust_iter" else None
        result = super().lower_expr(resty, expr)
        self._unpacked = None
        if expr.op == "iternext":
            self.members.look_at_step(expr, result)
        return result


@register_pass(mutates_CFG=True, analysis_only=False)
class TaskLowering(BaseNativeLowering):
    """The lowering pass that uses TaskLower."""

    _name: Any = "task_lowering"

    @property
    def lowering_class(self) -> type[TaskLower]:
        return TaskLower
