"""The floating-point status after NumPy's loops: where it is set NumPy warns, or raises.

NumPy clears the status before it calls a loop and looks at it afterwards. So does the code here;
what was found is collected in a variable of the function, and looked at where the function
returns: the arrays that it made have been let go of by then. If it is set, the call is run again as
Python, whose NumPy then warns. Underflow is ignored, as NumPy does by default; in a block of
`numpy.errstate` a second variable says what is (`look_at`).

Not every task can be run again (`analysis/effects.py`): a constant of the program, which is known
when all of it has been compiled, says whether the status matters.
"""

# Numba and llvmlite are annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from catzilla_jit.compile.target.context import repeatable_constant

INT8, INT32 = ir.IntType(8), ir.IntType(32)
BYTES = INT8.as_pointer()
#: Invalid, division by zero and overflow: in the register of x86-64, and as C libraries have them.
ON_X86 = platform.machine() in ("x86_64", "AMD64")
RAISED = 0x0D if ON_X86 else 0x07
UNDERFLOW = 0x10 if ON_X86 else 0x08
ALL = 0x3F if ON_X86 else 0x1F
INVALID = 1
#: The bits of `frontend/errstate.py`, invalid, divide, over and under, as they are in the register.
BITS = {1: INVALID, 2: 0x04, 4: 0x08, 8: UNDERFLOW} if ON_X86 else {1: 1, 2: 2, 4: 4, 8: UNDERFLOW}


def _variable(builder: ir.IRBuilder) -> ir.Value:
    """Return the variable of a function that calls loops; it is 0 where the function begins."""
    if not hasattr(builder.function, "cz_status"):
        builder.function.cz_status = cgutils.alloca_once(builder, INT32, name="numpy_status")
    return builder.function.cz_status


def _ignored(builder: ir.IRBuilder) -> ir.Value:
    """Return the variable with the bits in which what is looked at differs from `RAISED`."""
    if not hasattr(builder.function, "cz_ignored"):
        builder.function.cz_ignored = cgutils.alloca_once(builder, INT32, name="numpy_errors")
    return builder.function.cz_ignored


def look_at(builder: ir.IRBuilder, wanted: int) -> None:
    """Collect only the errors of these bits from here on."""
    mask = sum(own for bit, own in BITS.items() if wanted & bit)
    builder.store(INT32(mask ^ RAISED), _ignored(builder))


def clear(builder: ir.IRBuilder) -> None:
    if not ON_X86:
        builder.call(_library_function(builder, "feclearexcept"), [INT32(ALL)])
        return
    place, word = _register(builder)
    with builder.if_then(
        cgutils.is_not_null(builder, builder.and_(word, INT32(RAISED | UNDERFLOW)))
    ):
        builder.store(builder.and_(word, INT32(~ALL)), place)
        builder.call(_intrinsic(builder, "ldmxcsr"), [builder.bitcast(place, BYTES)])


def collect(builder: ir.IRBuilder) -> None:
    """Add what a loop has raised to the variable of the function."""
    if ON_X86:
        _, word = _register(builder)
    else:
        every = INT32(RAISED | UNDERFLOW)
        word = builder.call(_library_function(builder, "fetestexcept"), [every])
    mask = builder.xor(builder.load(_ignored(builder)), INT32(RAISED))
    raised = builder.and_(word, mask)
    place = _variable(builder)
    builder.store(builder.or_(builder.load(place), raised), place)


def is_invalid(builder: ir.IRBuilder) -> ir.Value:
    """Tell whether the last loop has raised `invalid`: numpy.linalg has no answer then."""
    if ON_X86:
        _, word = _register(builder)
        raised = builder.and_(word, INT32(INVALID))
    else:
        raised = builder.call(_library_function(builder, "fetestexcept"), [INT32(INVALID)])
    return cgutils.is_not_null(builder, raised)


def is_raised(builder: ir.IRBuilder) -> ir.Value:
    """Tell whether loops of this function have raised what matters to the program."""
    raised = cgutils.is_not_null(builder, builder.load(_variable(builder)))
    return builder.and_(raised, can_run_again(builder))


def can_run_again(builder: ir.IRBuilder) -> ir.Value:
    """Tell whether the task can be run again as Python."""
    return cgutils.is_not_null(builder, builder.load(repeatable_constant(builder.module)))


def define(module: ir.Module, matters: bool) -> None:
    """Define the constant of the program."""
    constant = repeatable_constant(module)
    constant.initializer = INT8(int(matters))
    constant.linkage = "weak_odr"  # what refers to it may be linked later


def _register(builder: ir.IRBuilder) -> tuple[ir.Value, ir.Value]:
    place = cgutils.alloca_once(builder, INT32)
    builder.call(_intrinsic(builder, "stmxcsr"), [builder.bitcast(place, BYTES)])
    return place, builder.load(place)


def _intrinsic(builder: ir.IRBuilder, name: str) -> Any:
    type_ = ir.FunctionType(ir.VoidType(), [BYTES])
    return cgutils.get_or_insert_function(builder.module, type_, f"llvm.x86.sse.{name}")


def _library_function(builder: ir.IRBuilder, name: str) -> Any:
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(INT32, [INT32]), name)
