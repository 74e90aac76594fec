"""`numpy.random.default_rng(seed)` inside of a task: NumPy's stream, drawn by its own functions.

A generator is made as NumPy makes it: `SeedSequence` of the seed, and PCG64 of that. What draws
from it is NumPy's C code, so numbers and the state after them are those of a Generator. A task that
is run again as Python makes its generator anew.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic

from catzilla_jit.compile.datamodel.own_generator import OWN_GENERATOR, OwnGenerator
from catzilla_jit.compile.library.ufuncs import calls, nest
from catzilla_jit.compile.target import numpy_random

INT32, INT64, INT128 = ir.IntType(32), ir.IntType(64), ir.IntType(128)
DOUBLE = ir.DoubleType()
#: Bytes: `bitgen_t` of five words, the state of PCG64 of two, its numbers of 16 bytes each.
STATE, NUMBERS, SIZE = 48, 64, 96
#: The constants of `numpy.random.SeedSequence` and PCG64.
INIT_A, MULT_A, INIT_B, MULT_B = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
MIX_L, MIX_R, SHIFT, POOL = 0xCA01F9DD, 0x4973F715, 16, 4
MULTIPLIER = (2549297995355413924 << 64) + 4865540595714422341
MASK = 0xFFFFFFFF


class _Hash:
    """The hash of `SeedSequence`, whose constant changes with each use."""

    def __init__(self, builder: ir.IRBuilder, constant: int, multiplier: int) -> None:
        self.builder, self.constant, self.multiplier = builder, constant, multiplier

    def of(self, value: ir.Value) -> ir.Value:
        builder = self.builder
        value = builder.xor(value, INT32(self.constant))
        self.constant = self.constant * self.multiplier & MASK
        value = builder.mul(value, INT32(self.constant))
        return builder.xor(value, builder.lshr(value, INT32(SHIFT)))


def _words(builder: ir.IRBuilder, seed: ir.Value) -> list[ir.Value]:
    """Return the four words of 64 bits that PCG64 is seeded with."""
    high = builder.trunc(builder.lshr(seed, INT64(32)), INT32)
    entropy = [builder.trunc(seed, INT32), high, INT32(0), INT32(0)]
    mixing = _Hash(builder, INIT_A, MULT_A)
    pool = [mixing.of(each) for each in entropy]
    for source in range(POOL):
        for target in range(POOL):
            if source != target:
                value = mixing.of(pool[source])
                left = builder.mul(pool[target], INT32(MIX_L))
                mixed = builder.sub(left, builder.mul(value, INT32(MIX_R)))
                pool[target] = builder.xor(mixed, builder.lshr(mixed, INT32(SHIFT)))
    out = _Hash(builder, INIT_B, MULT_B)
    halves = [builder.zext(out.of(pool[i % POOL]), INT64) for i in range(8)]
    return [builder.or_(halves[2 * i], builder.shl(halves[2 * i + 1], INT64(32))) for i in range(4)]


def _wide(builder: ir.IRBuilder, high: ir.Value, low: ir.Value) -> ir.Value:
    shifted = builder.shl(builder.zext(high, INT128), INT128(64))
    return builder.or_(shifted, builder.zext(low, INT128))


def _seeded(_typing: Any, seed: Any) -> Any:
    if types.unliteral(seed) != types.int64 or numpy_random.symbol("next_double") is None:
        raise errors.TypingError(f"default_rng is not known for {seed}")

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        negative = builder.icmp_signed("<", values[0], INT64(0))
        calls.leave(context, builder, negative, "a negative seed")
        words = _words(builder, values[0])
        increment = _wide(builder, words[2], words[3])
        increment = builder.or_(builder.shl(increment, INT128(1)), INT128(1))
        # A step from 0 gives the increment; the seed is added, and another step is made.
        state = builder.add(increment, _wide(builder, words[0], words[1]))
        state = builder.add(builder.mul(state, INT128(MULTIPLIER)), increment)
        meminfo = context.nrt.meminfo_alloc_aligned(builder, INT64(SIZE), INT32(16))
        begin = context.nrt.meminfo_data(builder, meminfo)
        _write(builder, begin, state, increment)
        made = context.make_helper(builder, OWN_GENERATOR)
        made.meminfo = meminfo
        return made._getvalue()

    return OWN_GENERATOR(types.int64), code


_seeded.__name__ = _seeded.__qualname__ = "default_rng"
seeded: Any = intrinsic(_seeded)


def _write(builder: ir.IRBuilder, begin: ir.Value, state: ir.Value, increment: ir.Value) -> None:
    """Write `bitgen_t`, the state that it points at, and the numbers that this points at."""

    def place(offset: int, type_: ir.Type) -> ir.Value:
        return builder.bitcast(builder.gep(begin, [INT64(offset)]), type_.as_pointer())

    builder.store(builder.ptrtoint(place(STATE, INT64), INT64), place(0, INT64))
    for i, name in enumerate(numpy_random.STEPS):
        found = numpy_random.symbol(name)
        assert found is not None
        type_ = ir.FunctionType(INT64, [nest.BYTES])
        function = cgutils.get_or_insert_function(builder.module, type_, found)
        builder.store(builder.ptrtoint(function, INT64), place(8 * (i + 1), INT64))
    builder.store(builder.ptrtoint(place(NUMBERS, INT64), INT64), place(STATE, INT64))
    builder.store(INT64(0), place(STATE + 8, INT64))  # no half of a number is kept
    builder.store(state, place(NUMBERS, INT128))
    builder.store(increment, place(NUMBERS + 16, INT128))


def _pointer(context: Any, builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    generator = context.make_helper(builder, OWN_GENERATOR, value=value)
    return context.nrt.meminfo_data(builder, generator.meminfo)


def _called(
    builder: ir.IRBuilder, name: str, result: ir.Type, arguments: Sequence[ir.Value]
) -> ir.Value:
    found = numpy_random.symbol(name)
    assert found is not None
    type_ = ir.FunctionType(result, [each.type for each in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, type_, found), arguments)


def drawing(name: str, count: int, result: Any = types.float64) -> Any:
    """Return what draws one number by a function of NumPy's of so many floats."""

    def typed(generator: Any, *given: Any) -> Any:
        if not isinstance(generator, OwnGenerator):
            raise errors.TypingError(f"{name} is not known for {generator}")
        return result(generator, *[types.float64] * len(given)), code

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, values[0])
        llvm_result = context.get_value_type(result)
        return _called(builder, name, llvm_result, [pointer, *values[1:]])

    def of_none(_typing: Any, generator: Any) -> Any:
        return typed(generator)

    def of_one(_typing: Any, generator: Any, first: Any) -> Any:
        return typed(generator, first)

    def of_two(_typing: Any, generator: Any, first: Any, second: Any) -> Any:
        return typed(generator, first, second)

    def of_three(_typing: Any, generator: Any, first: Any, second: Any, third: Any) -> Any:
        return typed(generator, first, second, third)

    function = (of_none, of_one, of_two, of_three)[count]
    function.__name__ = function.__qualname__ = name
    return intrinsic(function)


def _binomial(_typing: Any, generator: Any, count: Any, chance: Any) -> Any:
    """Draw how many of `count` succeed."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        # A Generator keeps what follows from its last arguments; it follows anew here.
        words = ir.ArrayType(INT64, numpy_random.BINOMIAL // 8)
        kept = cgutils.alloca_once_value(builder, ir.Constant(words, None))
        builder.store(ir.Constant(words, None), kept)
        pointer = _pointer(context, builder, values[0])
        arguments = [pointer, values[2], values[1], builder.bitcast(kept, nest.BYTES)]
        return _called(builder, "random_binomial", INT64, arguments)

    return types.int64(OWN_GENERATOR, types.int64, types.float64), code


def _bounded(_typing: Any, generator: Any, low: Any, most: Any) -> Any:
    """Draw an integer from `low`, and up to `most` above it."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        place = cgutils.alloca_once(builder, INT64)
        pointer = _pointer(context, builder, values[0])
        arguments = [pointer, values[1], values[2], INT64(1), ir.IntType(8)(0), place]
        _called(builder, "random_bounded_uint64_fill", ir.VoidType(), arguments)
        return builder.load(place)

    return types.int64(OWN_GENERATOR, types.int64, types.int64), code


def _bounded_fill(_typing: Any, generator: Any, low: Any, most: Any, line: Any) -> Any:
    """Fill a line with such integers."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[3])(context, builder, values[3])
        pointer = _pointer(context, builder, values[0])
        count = builder.extract_value(array.shape, 0)
        arguments = [pointer, values[1], values[2], count, ir.IntType(8)(0), array.data]
        _called(builder, "random_bounded_uint64_fill", ir.VoidType(), arguments)
        return context.get_dummy_value()

    return types.none(OWN_GENERATOR, types.int64, types.int64, line), code


def _place(_typing: Any, generator: Any, most: Any) -> Any:
    """Draw a place from 0 to `most`, as a shuffle does."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, values[0])
        return _called(builder, "random_interval", INT64, [pointer, values[1]])

    return types.int64(OWN_GENERATOR, types.int64), code


binomial: Any = intrinsic(_binomial)
bounded: Any = intrinsic(_bounded)
bounded_fill: Any = intrinsic(_bounded_fill)
place_up_to: Any = intrinsic(_place)

FUNCTIONS: dict[tuple[Any, int], Any] = {(numpy.random.default_rng, 1): seeded}
