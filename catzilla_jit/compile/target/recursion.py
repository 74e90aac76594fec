"""Recursion: as deep as Python goes, and never off the thread's stack.

Beyond Python's recursion limit a call leaves the kernel, and Python says what comes of it. Every
frame knows its depth: the caller writes it into a table, under the thread's identity, and the
function reads it when it begins. The depth counts recursive calls only, so the limit is divided by
the number of Python frames that may lie between two of them.

The table also holds the address of the entry's frame: the distance to the present frame is
compared with a limit of bytes, for recursion limits that are set high. Nothing has to be undone
when a kernel is stopped in the middle. Threads that run compiled tasks have stacks of 8 MB.

A place of the table belongs to the first thread that claims it, for good: the next thread at the
same address of memory has the same identity. Threads whose identities are mixed to one place claim
places behind it. If PROBES of them are taken two threads share one, see a distance that is far too
large, and leave: the error is on the safe side.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import platform
import sys
from typing import Any

from llvmlite import ir

from catzilla_jit.compile.target.depth_table import PLACES, TABLE, WORDS

INT64 = ir.IntType(64)
INT32 = ir.IntType(32)
LIMIT = 4 << 20  # bytes
SLACK = 1 << 16  # bytes
#: Frames of Python that a thread may have below the task, when Python runs it.
BELOW = 50
OWNER, BASE, DEPTH = 0, 1, 2  # what a place of the table holds
PROBES = 64
#: LLVM's address space for the segment %fs of x86-64, whose first word is its own address. To read
#: that is faster than to call pthread_self.
SEGMENT = 257


def note(builder: ir.IRBuilder) -> None:
    """Write what an entry does: remember where the stack of this call begins, at depth 0."""
    place = _place(builder)
    builder.store(_here(builder), _part(builder, place, BASE))
    builder.store(INT64(0), _part(builder, place, DEPTH))


class Depth:
    """The depth of one function's frame, while the function is written."""

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self._known: tuple[ir.Value, ir.Value] | None = None

    def enter(self, unit: Any) -> ir.Value:
        """Write the callee's depth; return whether it is too deep for a call."""
        builder = self.lower.builder
        place, own = self._own()
        depth = builder.add(own, INT64(1))
        builder.store(depth, _part(builder, place, DEPTH))
        used = builder.sub(builder.load(_part(builder, place, BASE)), _here(builder))
        # Within one frame, which inlining can make large, the order of variables is arbitrary.
        used = builder.add(used, INT64(SLACK))
        far = builder.icmp_unsigned(">", used, INT64(LIMIT + SLACK))
        most = max(0, sys.getrecursionlimit() - BELOW) // unit.frames
        return builder.or_(far, builder.icmp_unsigned(">", depth, INT64(most)))

    def leave(self) -> None:
        """Write this function's own depth again, for what it calls next."""
        place, own = self._own()
        self.lower.builder.store(own, _part(self.lower.builder, place, DEPTH))

    def _own(self) -> tuple[ir.Value, ir.Value]:
        if self._known is None:
            with self.lower.builder.goto_entry_block():
                place = _place(self.lower.builder)
                own = self.lower.builder.load(_part(self.lower.builder, place, DEPTH))
            self._known = place, own
        return self._known


def _here(builder: ir.IRBuilder) -> ir.Value:
    with builder.goto_entry_block():
        variable = builder.alloca(INT64)
    return builder.ptrtoint(variable, INT64)


def _place(builder: ir.IRBuilder) -> ir.Value:
    """Return the address of the thread's place in the table."""
    module = builder.module
    found = module.globals.get("cz_depth_place")
    return builder.call(found or _write_place(module), [])


def _write_place(module: ir.Module) -> ir.Function:
    """Write the look at the thread's first place, which is its own but for rare cases.

    Not inlined: its branch would end the entry block of its caller, and what is allocated behind
    that is no part of the frame.
    """
    function = _function(module, "cz_depth_place", [])
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    thread = _thread(builder)
    mixed = builder.xor(builder.lshr(thread, INT64(12)), builder.lshr(thread, INT64(22)))
    first = builder.and_(mixed, INT64(PLACES - 1))
    place = _at(builder, first)
    own = builder.icmp_signed("==", builder.load(place), thread)
    with builder.if_then(own, likely=True):
        builder.ret(place)
    builder.ret(builder.call(_write_search(module), [thread, first]))
    return function


def _thread(builder: ir.IRBuilder) -> ir.Value:
    """Return what tells this thread from all others: where its own memory begins."""
    if platform.machine() == "x86_64":
        at = ir.Constant(INT64.as_pointer(SEGMENT), None)
        return builder.load(at)
    kind = ir.FunctionType(INT64, [])
    name = "pthread_self"
    return builder.call(
        builder.module.globals.get(name) or ir.Function(builder.module, kind, name), []
    )


def _write_search(module: ir.Module) -> ir.Function:
    """Write the search from the first place on, which claims one if the thread has none."""
    function = _function(module, "cz_depth_search", [INT64, INT64])
    function.attributes.add("noinline")
    thread, first = function.args
    blocks = [
        function.append_basic_block(name)
        for name in ("entry", "probe", "free", "claim", "next", "shared", "own")
    ]
    entry, probe, free, claim, following, shared, own = blocks
    builder = ir.IRBuilder(entry)
    builder.branch(probe)
    builder.position_at_end(probe)
    index = builder.phi(INT64)
    place = _at(builder, builder.and_(builder.add(first, index), INT64(PLACES - 1)))
    owner = builder.load_atomic(place, "monotonic", 8)
    builder.cbranch(builder.icmp_signed("==", owner, thread), own, free)
    builder.position_at_end(free)
    builder.cbranch(builder.icmp_signed("==", owner, INT64(0)), claim, following)
    builder.position_at_end(claim)
    claimed = builder.cmpxchg(place, INT64(0), thread, "monotonic", "monotonic")
    builder.cbranch(builder.extract_value(claimed, 1), own, following)
    builder.position_at_end(following)
    after = builder.add(index, INT64(1))
    builder.cbranch(builder.icmp_signed("<", after, INT64(PROBES)), probe, shared)
    index.add_incoming(INT64(0), entry)
    index.add_incoming(after, following)
    builder.position_at_end(shared)
    builder.ret(_at(builder, first))
    builder.position_at_end(own)
    builder.ret(place)
    return function


def _function(module: ir.Module, name: str, arguments: list[ir.Type]) -> ir.Function:
    type_ = ir.FunctionType(INT64.as_pointer(), arguments)
    function = ir.Function(module, type_, name)
    function.linkage = "linkonce_odr"
    return function


def _at(builder: ir.IRBuilder, index: ir.Value) -> ir.Value:
    words = builder.mul(index, INT64(WORDS))
    return builder.gep(_table(builder.module), [INT32(0), words])


def _part(builder: ir.IRBuilder, place: ir.Value, part: int) -> ir.Value:
    return builder.gep(place, [INT32(part)]) if part else place


def _table(module: ir.Module) -> ir.Value:
    if TABLE not in module.globals:
        ir.GlobalVariable(module, ir.ArrayType(INT64, WORDS * PLACES), TABLE)
    return module.globals[TABLE]
