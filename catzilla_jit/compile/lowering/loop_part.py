"""The functions of one call of a parallel loop: the body, and the merge of two parts' sums."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.frontend.parallel_loops import ParallelLoop
from catzilla_jit.compile.target import recursion, recursive_calls

INT32, INT64 = ir.IntType(32), ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
BODY = ir.FunctionType(INT32, [BYTES, INT64, INT64, BYTES, BYTES.as_pointer(), INT32])
MERGE = ir.FunctionType(INT32, [BYTES, BYTES, BYTES.as_pointer()])
ON_NEW_STACK = 1


class Part:
    """The functions of one call of a loop, and what they are given.

    The arguments of a part are first, last, what its index is made of, its sums, their bits, and
    what is shared.
    """

    def __init__(self, lower: Any, callee: Any, loop: ParallelLoop, signature: Any) -> None:
        self.lower, self.loop, self.signature = lower, loop, signature
        self.context = context = lower.context
        count = len(loop.sums)
        function = self._helper(callee).py_func
        at = function.__code__.co_varnames.index(next(iter(loop.sums))) if count else 2
        self.sums = range(at, at + 2 * count)  # their places among the arguments
        self.others = [i for i in range(2, len(signature.args)) if i not in self.sums]
        self.sum_types = list(signature.args[at : at + count])
        result = signature.return_type
        self.result_types = list(result.types[:count]) if count else []
        kinds = [signature.args[i] for i in self.others]
        shared = [context.get_data_type(each) for each in kinds]
        self.shared = ir.LiteralStructType([INT64, INT64, *shared])  # first, the depth
        self.partial_types = [types.unliteral(signature.args[i]) for i in self.sums]
        self.partial = ir.LiteralStructType(list(map(context.get_data_type, self.partial_types)))
        self.symbol = recursive_calls._symbol(lower, self._helper(callee), callee, signature)
        expected = lower.metadata["unit"].findings.expected
        expected.setdefault(self.symbol, signature.return_type)
        unit = lower.metadata["unit"]
        unit.numbers += 1
        self.name = f"{self.symbol}.{unit.numbers}"

    @staticmethod
    def _helper(callee: Any) -> Any:
        if isinstance(callee, types.RecursiveCall):
            callee = callee.dispatcher_type
        return callee.dispatcher

    # --- memory -----------------------------------------------------------------------------------

    def store_shared(
        self, builder: ir.IRBuilder, memory: ir.Value, first: ir.Value, values: list[ir.Value]
    ) -> None:
        block = builder.bitcast(memory, self.shared.as_pointer())
        builder.store(first, cgutils.gep_inbounds(builder, block, 0, 0))
        builder.store(self.lower.depth._own()[1], cgutils.gep_inbounds(builder, block, 0, 1))
        for place, index in enumerate(self.others):
            at = cgutils.gep_inbounds(builder, block, 0, place + 2)
            self.context.pack_value(builder, self.signature.args[index], values[index], at)

    def store_beginning(
        self, builder: ir.IRBuilder, memory: ir.Value, values: list[ir.Value]
    ) -> None:
        """Store what the sums of no iterations are."""
        if not self.loop.sums:
            return
        found = []
        for index, operation in zip(self.sums, self.loop.sums.values(), strict=False):
            type_ = self.signature.args[index]
            neutral = _neutral(self.context, builder, operation, type_)
            found.append(values[index] if neutral is None else neutral)
        bits = [values[index] for index in self.sums[len(found) :]]
        self._store(builder, memory, [*found, *bits])

    def _store(self, builder: ir.IRBuilder, memory: ir.Value, values: list[ir.Value]) -> None:
        block = builder.bitcast(memory, self.partial.as_pointer())
        for index, value in enumerate(values):
            at = cgutils.gep_inbounds(builder, block, 0, index)
            self.context.pack_value(builder, self.partial_types[index], value, at)

    def _load(self, builder: ir.IRBuilder, memory: ir.Value) -> list[ir.Value]:
        block = builder.bitcast(memory, self.partial.as_pointer())
        places = [cgutils.gep_inbounds(builder, block, 0, i) for i in range(len(self.sums))]
        return [
            self.context.unpack_value(builder, type_, at)
            for type_, at in zip(self.partial_types, places, strict=True)
        ]

    def load_result(self, builder: ir.IRBuilder, memory: ir.Value) -> ir.Value:
        if not self.loop.sums:
            return self.context.get_dummy_value()
        result = self.signature.return_type
        return self.context.make_tuple(builder, result, self._load(builder, memory))

    # --- functions --------------------------------------------------------------------------------

    def body(self) -> ir.Function:
        """Write the function that runs a part."""
        function, builder = self._new(BODY, f"cz_loop_body.{self.name}")
        memory, begin, end, partial, error, how = function.args
        shared = builder.bitcast(memory, self.shared.as_pointer())
        first, depth = (
            builder.load(cgutils.gep_inbounds(builder, shared, 0, index)) for index in (0, 1)
        )
        with builder.if_then(builder.icmp_signed("==", how, INT32(ON_NEW_STACK)), likely=False):
            recursion.note(builder)
        builder.store(depth, recursion._part(builder, recursion._place(builder), recursion.DEPTH))
        values: dict[int, ir.Value] = {}
        for index, number in enumerate((begin, end)):
            type_ = self.signature.args[index]
            number = builder.add(first, number, flags=["nsw"])
            values[index] = self.context.cast(builder, number, types.int64, type_)
        for place, index in enumerate(self.others):
            at = cgutils.gep_inbounds(builder, shared, 0, place + 2)
            values[index] = self.context.unpack_value(builder, self.signature.args[index], at)
        if self.loop.sums:
            values.update(zip(self.sums, self._load(builder, partial), strict=True))
        arguments = [values[index] for index in range(len(self.signature.args))]
        result = self._call(builder, self.symbol, self.signature, arguments, error)
        if self.loop.sums:
            self._store(builder, partial, cgutils.unpack_tuple(builder, result))
        builder.ret(INT32(0))
        return function

    def merge(self) -> ir.Function | None:
        """Write the function that adds the sums of a later part to those of an earlier one."""
        if self.loop.merge is None:
            return None
        lower = self.lower
        helper = lower.metadata["unit"].helper(self.loop.merge)
        kinds = (*self.partial_types, *self.partial_types)
        helper.compile(kinds)
        signature = helper.overloads[kinds].signature
        self._check_merge(signature)
        symbol = recursive_calls._symbol(lower, helper, None, signature)
        function, builder = self._new(MERGE, f"cz_loop_merge.{self.name}")
        into, partial, error = function.args
        arguments = [*self._load(builder, into), *self._load(builder, partial)]
        result = self._call(builder, symbol, signature, arguments, error)
        self._store(builder, into, cgutils.unpack_tuple(builder, result))
        builder.ret(INT32(0))
        return function

    def _check_merge(self, signature: Any) -> None:
        if tuple(signature.return_type.types) != tuple(self.partial_types):
            message = "a sum of a parallel loop changes its type"
            self.lower.refuse(rules.LOOP_CARRIED, message, "begin with a number of the same type")

    def _new(self, shape: ir.FunctionType, name: str) -> tuple[ir.Function, ir.IRBuilder]:
        function = ir.Function(self.lower.builder.module, shape, name)
        function.linkage = "internal"
        return function, ir.IRBuilder(function.append_basic_block("entry"))

    def _call(
        self,
        builder: ir.IRBuilder,
        symbol: str,
        signature: Any,
        values: list[ir.Value],
        error: ir.Value,
    ) -> ir.Value:
        convention = self.context.call_conv
        shape = convention.get_function_type(signature.return_type, signature.args)
        target = cgutils.get_or_insert_function(builder.module, shape, symbol)
        status, result = convention.call_function(
            builder, target, signature.return_type, signature.args, values
        )
        with builder.if_then(status.is_error, likely=False):
            builder.store(builder.bitcast(status.excinfoptr, BYTES), error)
            builder.ret(status.code)
        return result


def _neutral(context: Any, builder: ir.IRBuilder, operation: str, type_: Any) -> ir.Value | None:
    """Return what a sum can be added to without a change; None: what it is before the loop."""
    if operation == "+":
        # A negative zero: that is what leaves each zero as it is.
        zero: complex = -0.0 if isinstance(type_, types.Float) else 0
        if isinstance(type_, types.Complex):
            zero = complex(-0.0, -0.0)
        return context.get_constant_generic(builder, type_, zero)
    if operation == "*":
        return context.get_constant_generic(builder, type_, 1)
    if operation == "&":
        return context.get_constant_generic(builder, type_, _all_ones(type_))
    if operation in ("|", "^"):
        return context.get_constant_generic(builder, type_, 0)
    return None


def _all_ones(type_: Any) -> int:
    if isinstance(type_, types.Boolean):
        return 1
    return -1 if type_.signed else 2**type_.bitwidth - 1
