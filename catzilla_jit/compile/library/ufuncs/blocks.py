"""Expressions of lines that mix LLVM's arithmetic and NumPy's loops, evaluated block by block.

`np.exp(-a * b) + c` is one pass over memory: of each block of items the products are computed into
a buffer on the stack, the loop of `exp` goes over that, and the sum goes to the result. What the
items are does not depend on the blocks; the loops that are called compute each item by itself.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import float_status

INT64, DOUBLE = ir.IntType(64), ir.DoubleType()
#: Items of a block: some buffers of this size fit into the nearest cache.
BLOCK = 512
SIZE = 8  # bytes of an item
#: What LLVM computes as NumPy does.
EXACT = {
    operator.add: "fadd", operator.sub: "fsub", operator.mul: "fmul", operator.truediv: "fdiv",
    operator.neg: "fneg",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Leaf:
    """An argument of the expression, by its number."""

    place: int


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """An operator of `EXACT`, or the name of a ufunc, with its operands."""

    operation: Any
    operands: tuple[Node | Leaf, ...]

    @property
    def is_exact(self) -> bool:
        return self.operation in EXACT


@functools.cache
def expression(tree: Node, arguments: int) -> Any:
    """Return what evaluates a tree for so many arguments: lines and numbers."""
    names = ", ".join(f"x{i}" for i in range(arguments))
    space: dict[str, Any] = {}
    exec(f"def blocks(_typing, {names}):\n    return typed(({names},))", space)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _Evaluation(context, builder, signature, values).run(tree)

    def typed(given: tuple[Any, ...]) -> Any:
        return types.Array(types.float64, 1, "C")(*map(types.unliteral, given)), code

    space["typed"] = typed
    function = space["blocks"]
    function.__module__ = __name__
    made = late_intrinsic(function, "blocks")
    TREES[made] = tree
    return made


#: The expressions, by what evaluates them.
TREES: dict[Any, Node] = {}


class _Evaluation:
    """Writes one expression."""

    def __init__(self, context: Any, builder: Any, signature: Any, values: Any) -> None:
        self.context, self.builder = context, builder
        self.numbers: dict[int, ir.Value] = {}
        self.lines: dict[int, calls.Operand] = {}
        self.repeated: dict[int, ir.Value] = {}  # whether a line of one item stands for all
        self.copies: dict[int, ir.Value] = {}  # of lines with gaps, or of one item
        self.free: list[ir.Value] = []  # buffers
        for place, (type_, value) in enumerate(zip(signature.args, values, strict=True)):
            if isinstance(type_, types.Array):
                self.lines[place] = calls.operand(context, builder, type_, value, types.float64)
                if type_.layout != "C":
                    self.lines[place].layout = "A"
            else:
                self.numbers[place] = context.cast(builder, value, type_, types.float64)
        self.result = signature.return_type

    def run(self, tree: Node) -> ir.Value:
        builder = self.builder
        (length,) = calls.broadcast(self.context, builder, list(self.lines.values()), 1)
        made = arrayobj._empty_nd_impl(self.context, builder, self.result, [length])
        out = builder.bitcast(made.data, DOUBLE.as_pointer())
        float_status.clear(builder)
        handed = {place: self.lines[place] for place in _handed(tree) if place in self.lines}
        calls.leave_backward(self.context, builder, list(handed.values()), [length])
        several = builder.icmp_signed("!=", length, INT64(1))
        for place, line in self.lines.items():
            is_one = builder.icmp_signed("==", line.shape[0], INT64(1))
            self.repeated[place] = builder.and_(is_one, several)
        blocks = builder.sdiv(builder.add(length, INT64(BLOCK - 1)), INT64(BLOCK))
        with cgutils.for_range(builder, blocks) as each:
            begin = builder.mul(each.index, INT64(BLOCK))
            rest = builder.sub(length, begin)
            short = builder.icmp_signed("<", rest, INT64(BLOCK))
            self.count = builder.select(short, rest, INT64(BLOCK))
            self.begin = begin
            self.copies = {}
            self.free = list(self.free)
            self._write(tree, builder.gep(out, [begin]))
        float_status.collect(builder)
        return made._getvalue()

    def _buffer(self) -> ir.Value:
        if self.free:
            return self.free.pop()
        return cgutils.alloca_once(self.builder, DOUBLE, size=INT64(BLOCK))

    def _line(self, place: int) -> ir.Value:
        """Return where the items of a line begin that belong to the block, without gaps."""
        builder, line = self.builder, self.lines[place]
        if place in self.copies:
            return self.copies[place]
        data = builder.bitcast(line.data, DOUBLE.as_pointer())
        plain = builder.gep(data, [self.begin])
        gaps = self.repeated[place]
        if line.layout != "C":
            gaps = builder.or_(gaps, builder.icmp_signed("!=", line.strides[0], INT64(SIZE)))
        buffer = cgutils.alloca_once(builder, DOUBLE, size=INT64(BLOCK))
        with builder.if_then(gaps, likely=False):
            step = builder.select(self.repeated[place], INT64(0), line.strides[0])
            with cgutils.for_range(builder, self.count) as each:
                index = builder.add(self.begin, each.index)
                at = builder.gep(builder.bitcast(line.data, nest.BYTES), [builder.mul(index, step)])
                item = builder.load(builder.bitcast(at, DOUBLE.as_pointer()))
                builder.store(item, builder.gep(buffer, [each.index]))
        self.copies[place] = builder.select(gaps, buffer, plain)
        return self.copies[place]

    def _as_it_lies(self, place: int) -> tuple[ir.Value, ir.Value]:
        """Return where a line begins, and its step: a loop is told that the line goes back."""
        builder, line = self.builder, self.lines[place]
        pointer, step = self._line(place), INT64(SIZE)
        if line.backward is None or line.kept is not None:
            return pointer, step
        offset = builder.mul(self.begin, line.strides[0])
        own = builder.gep(builder.bitcast(line.data, nest.BYTES), [offset])
        pointer = builder.select(line.backward, builder.bitcast(own, pointer.type), pointer)
        return pointer, builder.select(line.backward, line.strides[0], step)

    def _write(self, node: Node, target: ir.Value) -> None:
        """Compute a node for the block, into `target`."""
        if node.is_exact:
            self._write_exact(node, target)
        else:
            self._call(node, target)

    def _write_exact(self, node: Node, target: ir.Value) -> None:
        """Compute a tree of exact operations in one loop; what is under it comes first."""
        sources: dict[Any, ir.Value] = {}
        buffers = []
        for part in _inputs(node):
            if isinstance(part, Leaf):
                if part.place in self.lines:
                    sources[part] = self._line(part.place)
            elif part not in sources:
                sources[part] = self._buffer()
                buffers.append(sources[part])
                self._write(part, sources[part])
        builder = self.builder
        with cgutils.for_range(builder, self.count) as each:
            items = {
                part: builder.load(builder.gep(at, [each.index])) for part, at in sources.items()
            }
            builder.store(self._item(node, items), builder.gep(target, [each.index]))
        self.free += buffers

    def _item(self, node: Node | Leaf, items: dict[Any, ir.Value]) -> ir.Value:
        if node in items:
            return items[node]
        if isinstance(node, Leaf):
            return self.numbers[node.place]
        operands = [self._item(each, items) for each in node.operands]
        return getattr(self.builder, EXACT[node.operation])(*operands)

    def _call(self, node: Node, target: ir.Value) -> None:
        """Call a loop for the block."""
        pointers, steps, buffers = [], [], []
        for each in node.operands:
            step = INT64(SIZE)
            if isinstance(each, Node):
                pointer = self._buffer()
                buffers.append(pointer)
                self._write(each, pointer)
            elif each.place in self.numbers:
                pointer = cgutils.alloca_once(self.builder, DOUBLE)
                self.builder.store(self.numbers[each.place], pointer)
                step = INT64(0)
            else:
                pointer, step = self._as_it_lies(each.place)
                # As NumPy does: the loop of `power` looks at it.
                step = self.builder.select(self.repeated[each.place], INT64(0), step)
            pointers.append(pointer)
            steps.append(step)
        chosen = signatures.choose(node.operation, (self.result,) * len(pointers))
        assert chosen is not None
        nest.call(
            self.builder, chosen.loop, [*pointers, target], [self.count], [*steps, INT64(SIZE)]
        )
        self.free += buffers


def _inputs(node: Node) -> Sequence[Node | Leaf]:
    """Return what a tree of exact operations takes: arguments, and calls of loops."""
    found: list[Node | Leaf] = []
    for each in node.operands:
        if isinstance(each, Node) and each.is_exact:
            found += _inputs(each)
        else:
            found.append(each)
    return found


def _handed(node: Node | Leaf) -> set[int]:
    """Return the places of the arguments that loops are handed themselves."""
    if isinstance(node, Leaf):
        return set()
    found = set() if node.is_exact else {e.place for e in node.operands if isinstance(e, Leaf)}
    return found.union(*map(_handed, node.operands))
