"""The chunk function: the kernel in a loop over some items of a batch.

    struct cz_span { char *base; int64_t outer_stride; int64_t inner_stride; };   // strides in
    bytes int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                  int64_t *failed, void **error);

`spans[0]` is the output (not looked at when the result is None), then the arguments. Item i lies
at `base + (i / inner) * outer_stride + (i % inner) * inner_stride`. The answer is 0, or the
status of the first item that failed, with its index in `*failed` and its description in `*error`;
what comes before it is stored.

The pattern says what is known of the inner strides, one character per span: `c` the size of the
item, `s` zero, `v` anything. The kernel is inlined in the inner loop, so that LLVM can vectorize
it.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from llvmlite import ir
from numba.core import types

from catzilla_jit.compile.backend.entry import BYTES, INT32, call_kernel, load, store
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.backend.payload_layout import measure
from catzilla_jit.compile.target import recursion
from catzilla_jit.compile.target.finished import finish
from catzilla_jit.compile.target.inlining import always_inline

INT64 = ir.IntType(64)
SPAN = ir.LiteralStructType([BYTES, INT64, INT64])
SIGNATURE = ir.FunctionType(
    INT32, [SPAN.as_pointer(), INT64, INT64, INT64, INT64.as_pointer(), BYTES.as_pointer()]
)


def _compile(kernel: Kernel, pattern: str, symbol: str) -> Any:
    """Return the finished library of a chunk function."""
    library = kernel.context.codegen().create_library(symbol)
    always_inline(kernel.library._get_module_for_linking(), kernel.symbol)
    library.enable_object_caching()
    library.add_linking_library(kernel.library)
    module = library.create_ir_module(symbol)
    with kernel.context.push_code_library(library):
        write_chunk(kernel, pattern, module, symbol)
    library.add_ir_module(module)
    finish(library)
    return library


def write_chunk(kernel: Kernel, pattern: str, module: ir.Module, symbol: str) -> None:
    """Write the chunk function of one pattern into `module`."""
    function = ir.Function(module, SIGNATURE, symbol)
    for argument in (function.args[0], function.args[4], function.args[5]):
        argument.add_attribute("noalias")
    _Chunk(kernel, pattern, function).write()


@dataclasses.dataclass
class _Run:
    """A span within one inner run: the address of its first item and its stride."""

    type: types.Type
    letter: str
    start: ir.Value
    stride: ir.Value
    value: ir.Value | None = None  # of a scalar span, loaded once per run

    def address(self, builder: ir.IRBuilder, index: ir.Value) -> ir.Value:
        return builder.gep(self.start, [builder.mul(index, self.stride)])


class _Chunk:
    """The writer of one chunk function: an outer loop over runs, an inner one over items."""

    def __init__(self, kernel: Kernel, pattern: str, function: ir.Function) -> None:
        self.kernel = kernel
        self.pattern = pattern
        self.function = function
        self.spans, self.inner, self.begin, self.end, self.failed, self.error = function.args
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))

    def write(self) -> None:
        builder = self.builder
        if self.kernel.native.recursive:
            recursion.note(builder)
        start = builder.block
        head, run, done = (
            self.function.append_basic_block(name) for name in ("head", "run", "done")
        )
        builder.branch(head)
        builder.position_at_end(head)
        item = builder.phi(INT64)
        item.add_incoming(self.begin, start)
        builder.cbranch(builder.icmp_signed("<", item, self.end), run, done)
        builder.position_at_end(run)
        length = self._run(item)
        item.add_incoming(builder.add(item, length), builder.block)
        builder.branch(head)
        builder.position_at_end(done)
        builder.ret(INT32(0))

    def _run(self, item: ir.Value) -> ir.Value:
        """Write the items from `item` to the end of its inner run; return how many they are."""
        builder = self.builder
        outer = builder.udiv(item, self.inner)
        first = builder.sub(item, builder.mul(outer, self.inner))
        left, wanted = builder.sub(self.inner, first), builder.sub(self.end, item)
        length = builder.select(builder.icmp_signed("<", left, wanted), left, wanted)
        runs = [self._span(index, outer, first) for index in range(len(self.pattern))]
        for run in runs[1:]:
            if run.letter == "s":
                run.value = load(self.kernel, builder, run.type, run.start)
        self._loop(item, length, runs)
        return length

    def _span(self, index: int, outer: ir.Value, first: ir.Value) -> _Run:
        builder = self.builder
        type_ = (self.kernel.result_type, *self.kernel.argument_types)[index]
        span = builder.load(builder.gep(self.spans, [INT32(index)]))
        base, outer_stride, inner_stride = (builder.extract_value(span, part) for part in range(3))
        letter = self.pattern[index]
        stride = {
            "c": INT64(measure(self.kernel.context, type_)[1]),
            "s": INT64(0),
            "v": inner_stride,
        }[letter]
        offset = builder.add(builder.mul(outer, outer_stride), builder.mul(first, stride))
        return _Run(type_, letter, builder.gep(base, [offset]), stride)

    def _loop(self, item: ir.Value, length: ir.Value, runs: list[_Run]) -> None:
        builder, before = self.builder, self.builder.block
        body, after = (self.function.append_basic_block(name) for name in ("body", "after"))
        builder.branch(body)  # a run has at least one item
        builder.position_at_end(body)
        index = builder.phi(INT64)
        index.add_incoming(INT64(0), before)
        self._item(item, index, runs)
        following = builder.add(index, INT64(1), flags=["nsw", "nuw"])
        index.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, length), body, after)
        builder.position_at_end(after)

    def _item(self, item: ir.Value, index: ir.Value, runs: list[_Run]) -> None:
        builder = self.builder
        values = [
            run.value
            if run.value is not None
            else load(self.kernel, builder, run.type, run.address(builder, index))
            for run in runs[1:]
        ]
        status, value = call_kernel(self.kernel, builder, values)
        with builder.if_then(status.is_error, likely=False):
            builder.store(builder.add(item, index), self.failed)
            builder.store(builder.bitcast(status.excinfoptr, BYTES), self.error)
            builder.ret(status.code)
        store(self.kernel, builder, value, runs[0].address(builder, index))
