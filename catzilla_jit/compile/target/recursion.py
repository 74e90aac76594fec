"""Recursion: as deep as Python goes, and never off the thread's stack.

Beyond Python's recursion limit a call leaves the kernel, and Python says what comes of it. Every
frame knows its depth: the caller writes it into a table, under the thread's identity, and the
function reads it when it begins. The depth counts recursive calls only, so the limit is divided by
the number of Python frames that may lie between two of them.

The table also holds the address of the entry's frame: the distance to the present frame is
compared with a limit of bytes, for recursion limits that are set high. Two threads that share a
place in the table see a distance that is far too large, and leave: the error is on the safe
side. Nothing has to be undone when a kernel is stopped in the middle. Threads that run compiled
tasks have stacks of 8 MB.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import sys
from typing import Any

from llvmlite import ir

from catzilla_jit.compile.target.depth_table import PLACES, TABLE

INT64 = ir.IntType(64)
INT32 = ir.IntType(32)
LIMIT = 4 << 20  # bytes
SLACK = 1 << 16  # bytes
#: Frames of Python that a thread may have below the task, when Python runs it.
BELOW = 50
BASE, DEPTH = 0, 1  # what a place of the table holds


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
    self_ = module.globals.get("pthread_self") or ir.Function(
        module, ir.FunctionType(INT64, []), "pthread_self"
    )
    thread = builder.call(self_, [])
    mixed = builder.xor(builder.lshr(thread, INT64(12)), builder.lshr(thread, INT64(22)))
    index = builder.and_(mixed, INT64(PLACES - 1))
    return builder.gep(_table(module), [INT32(0), builder.shl(index, INT64(1))])


def _part(builder: ir.IRBuilder, place: ir.Value, part: int) -> ir.Value:
    return builder.gep(place, [INT32(part)]) if part else place


def _table(module: ir.Module) -> ir.Value:
    if TABLE not in module.globals:
        ir.GlobalVariable(module, ir.ArrayType(INT64, 2 * PLACES), TABLE)
    return module.globals[TABLE]
