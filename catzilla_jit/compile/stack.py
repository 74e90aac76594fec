"""Recursion that would run off the thread's stack leaves the kernel before it does.

The entry notes the address of its frame in a table, under the thread's identity; before each
recursive call the distance to the present frame is compared with a limit. Two threads that share
a place in the table see a distance that is far too large, and leave: the error is on the safe
side. Nothing has to be undone when a kernel is stopped in the middle. Threads that run compiled
tasks have stacks of 8 MB.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import llvmlite.binding as llvm
import numpy
from llvmlite import ir

INT64 = ir.IntType(64)
INT32 = ir.IntType(32)
TABLE = "cz_stack_base"
PLACES = 1024
LIMIT = 4 << 20  # bytes
SLACK = 1 << 16  # bytes


def note(builder: ir.IRBuilder) -> None:
    """Write what an entry does: remember where the stack of this call begins."""
    builder.store(_here(builder), _place(builder))


def is_deep(builder: ir.IRBuilder) -> ir.Value:
    """Return whether the stack has grown beyond the limit since the entry."""
    used = builder.sub(builder.load(_place(builder)), _here(builder))
    # Within one frame, which inlining can make large, the order of variables is arbitrary.
    used = builder.add(used, INT64(SLACK))
    return builder.icmp_unsigned(">", used, INT64(LIMIT + SLACK))


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
    return builder.gep(_table(module), [INT32(0), index])


def _table(module: ir.Module) -> ir.Value:
    if TABLE not in module.globals:
        ir.GlobalVariable(module, ir.ArrayType(INT64, PLACES), TABLE)
    return module.globals[TABLE]


_places = numpy.zeros(PLACES, numpy.int64)  # lives as long as the code, which is for good
llvm.add_symbol(TABLE, _places.ctypes.data)
