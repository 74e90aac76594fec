"""The Mersenne Twister as CPython's `random.Random` seeds it and draws from it, on Numba's terms.

The generator is that of M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally
equidistributed uniform pseudo-random number generator" (ACM Transactions on Modeling and Computer
Simulation 8(1), 1998), with their later seeding by an array (2002); CPython's documentation names
both. Its state lies in memory of Numba's runtime: 624 words, the place of the next one, and the
second number of a pair that `gauss` has made. All arithmetic is on integers of 64 bits that hold
words of 32.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import random
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic, overload, register_jitable

from catzilla_jit.compile.datamodel.own_generator import OWN_RANDOM

INT32, INT64 = ir.IntType(32), ir.IntType(64)
#: Words of the state, and how far apart those are that are mixed.
WORDS, APART = 624, 397
#: The word with the place of the next one, and the word that tells whether a number is kept.
PLACE, KEEPS = WORDS, WORDS + 1
#: The bytes before the number that is kept, and all.
KEPT, SIZE = 4 * (WORDS + 2), 4 * (WORDS + 2) + 8
MASK, UPPER, LOWER, MATRIX = 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x9908B0DF
#: What the state is filled by, and what a key is mixed in by.
FIRST_SEED, FILLING, MIXING, SPREADING = 19650218, 1812433253, 1664525, 1566083941


def _address(_typing: Any, generator: Any) -> Any:
    """Return where the state of a generator lies, for as long as that is held.

    The functions below take it in the place of the generator, whose references each would count.
    """

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        held = context.make_helper(builder, OWN_RANDOM, value=values[0])
        return builder.ptrtoint(context.nrt.meminfo_data(builder, held.meminfo), INT64)

    return types.int64(generator), code


def _made(_typing: Any) -> Any:
    """Make a generator that has not been seeded."""

    def code(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        made = context.make_helper(builder, OWN_RANDOM)
        made.meminfo = context.nrt.meminfo_alloc_aligned(builder, INT64(SIZE), INT32(16))
        return made._getvalue()

    return OWN_RANDOM(), code


def _word(_typing: Any, state: Any, place: Any) -> Any:
    """Return a word of the state."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        begin = builder.inttoptr(values[0], INT32.as_pointer())
        return builder.zext(builder.load(builder.gep(begin, [values[1]])), INT64)

    return types.int64(types.int64, types.int64), code


def _put(_typing: Any, state: Any, place: Any, value: Any) -> Any:
    """Write a word of the state."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        begin = builder.inttoptr(values[0], INT32.as_pointer())
        builder.store(builder.trunc(values[2], INT32), builder.gep(begin, [values[1]]))
        return context.get_dummy_value()

    return types.none(types.int64, types.int64, types.int64), code


def _kept(_typing: Any, state: Any) -> Any:
    """Return the number that is kept."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        place = builder.add(values[0], INT64(KEPT))
        return builder.load(builder.inttoptr(place, ir.DoubleType().as_pointer()))

    return types.float64(types.int64), code


def _keep(_typing: Any, state: Any, value: Any) -> Any:
    """Keep a number."""

    def code(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        place = builder.add(values[0], INT64(KEPT))
        builder.store(values[1], builder.inttoptr(place, ir.DoubleType().as_pointer()))
        return context.get_dummy_value()

    return types.none(types.int64, types.float64), code


made: Any = intrinsic(_made)
address: Any = intrinsic(_address)
word: Any = intrinsic(_word)
put: Any = intrinsic(_put)
kept: Any = intrinsic(_kept)
keep: Any = intrinsic(_keep)


@register_jitable
def _times(value: int, factor: int) -> int:
    """Multiply two words; their product has more bits than an integer of 64 with a sign."""
    low, high = value & 0xFFFF, value >> 16
    return (factor * low + ((factor * high & 0xFFFF) << 16)) & MASK


@register_jitable
def _folded(value: int) -> int:
    return value ^ (value >> 30)


@register_jitable
def seed(state: int, number: int) -> None:
    """Seed by an integer, whose sign does not count."""
    low, high = 0, 1 << 31
    if number > -9223372036854775808:
        low, high = abs(number) & MASK, abs(number) >> 32
    parts = 2 if high else 1
    put(state, 0, FIRST_SEED)
    for i in range(1, WORDS):
        put(state, i, (_times(_folded(word(state, i - 1)), FILLING) + i) & MASK)
    place, part = 1, 0
    for _ in range(WORDS):
        mixed = word(state, place) ^ _times(_folded(word(state, place - 1)), MIXING)
        put(state, place, (mixed + (high if part else low) + part) & MASK)
        place += 1
        part = part + 1 if part + 1 < parts else 0
        if place >= WORDS:
            put(state, 0, word(state, WORDS - 1))
            place = 1
    for _ in range(WORDS - 1):
        mixed = word(state, place) ^ _times(_folded(word(state, place - 1)), SPREADING)
        put(state, place, (mixed - place) & MASK)
        place += 1
        if place >= WORDS:
            put(state, 0, word(state, WORDS - 1))
            place = 1
    put(state, 0, UPPER)
    put(state, PLACE, WORDS)
    put(state, KEEPS, 0)


@register_jitable
def _renew(state: int) -> None:
    """Make the next words of the whole state."""
    for i in range(WORDS):
        after = word(state, i + 1 if i + 1 < WORDS else 0)
        mixed = (word(state, i) & UPPER) | (after & LOWER)
        far = word(state, i + APART if i + APART < WORDS else i + APART - WORDS)
        put(state, i, far ^ (mixed >> 1) ^ (MATRIX if after & 1 else 0))


@register_jitable
def drawn_word(state: int) -> int:
    """Draw 32 bits."""
    place = word(state, PLACE)
    if place >= WORDS:
        _renew(state)
        place = 0
    put(state, PLACE, place + 1)
    value = word(state, place)
    value ^= value >> 11
    value ^= (value << 7) & 0x9D2C5680
    value ^= (value << 15) & 0xEFC60000
    return value ^ (value >> 18)


@register_jitable
def drawn_float(state: int) -> float:
    """Draw a number of 53 bits from [0, 1)."""
    high = drawn_word(state) >> 5
    low = drawn_word(state) >> 6
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)


@register_jitable
def drawn_bits(state: int, count: int) -> int:
    """Draw so many bits, 63 at most."""
    if count < 0 or count > 63:
        raise ValueError
    if count == 0:
        return 0
    if count <= 32:
        return drawn_word(state) >> (32 - count)
    low = drawn_word(state)
    return low | ((drawn_word(state) >> (64 - count)) << 32)


@register_jitable
def below(state: int, count: int) -> int:
    """Draw an integer from [0, count): bits are drawn until they make one."""
    bits = 0
    while bits < 63 and (count >> bits) > 0:
        bits += 1
    value = drawn_bits(state, bits)
    while value >= count:
        value = drawn_bits(state, bits)
    return value


def seeded(number: Any) -> Any:
    """Make a generator, as `random.Random(number)`."""
    raise NotImplementedError


@overload(seeded)
def _seeded(number: Any) -> Any:
    if types.unliteral(number) != types.int64:
        return None

    def impl(number: Any) -> Any:
        rng = made()
        seed(address(rng), number)
        return rng

    return impl


FUNCTIONS: dict[tuple[Any, int], Any] = {(random.Random, 1): seeded}
