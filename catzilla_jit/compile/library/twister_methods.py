"""The methods of `random.Random` that draw (`twister.py`), added to Numba.

Each draws what CPython's method of this name draws, in the same order, from 3.10 on. What CPython
refuses, and what leaves integers of 64 bits, leaves the function.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,misc"

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types
from numba.core.extending import overload, overload_method, register_jitable

from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.own_generator import OwnRandom
from catzilla_jit.compile.library import iterators, twister
from catzilla_jit.compile.library.ufuncs.generator_methods import default_of, is_none, is_number

address, below, drawn_float = twister.address, twister.below, twister.drawn_float
#: Sums and differences of integers no larger than this are no overflow, and exact as floats.
FAR = 2**52
#: Of the ratio of uniforms (A. J. Kinderman and J. F. Monahan, ACM Transactions on Mathematical
#: Software 3, 1977), as CPython computes it.
RATIO = float(random.NV_MAGICCONST)
TURN = 2.0 * math.pi
_place = register_jitable(iterators.bisect_right)


def _words(call: Callable[[random.Random], object]) -> str:
    """Return what this Python says about a call that it refuses; the words differ."""
    try:
        call(random.Random(1))
    except (IndexError, ValueError) as error:
        return str(error)
    raise AssertionError("a call was not refused")


NO_CHOICE = _words(lambda rng: rng.choice([]))
NO_CHOICES = _words(lambda rng: rng.choices([]))
NO_SAMPLE = _words(lambda rng: rng.sample([1], 2))
NO_RANGE = _words(lambda rng: rng.randrange(0))
OTHER_WEIGHTS = _words(lambda rng: rng.choices([1], weights=[1.0, 2.0]))
NO_WEIGHTS = _words(lambda rng: rng.choices([1], weights=[0.0]))
NO_END = _words(lambda rng: rng.choices([1], weights=[math.inf]))
NO_BITS = _words(lambda rng: rng.getrandbits(-1))


def _is_int(type_: Any) -> bool:
    given = default_of(type_)
    if isinstance(given, int):
        return not isinstance(given, bool)
    return types.unliteral(given) == types.int64


def _is_float(type_: Any) -> bool:
    given = default_of(type_)
    return isinstance(given, float) or types.unliteral(given) == types.float64


def _is_line(type_: Any) -> bool:
    """Tell whether its items are at places."""
    known = types.List | GivenList | types.UniTuple | types.RangeType | types.UnicodeType
    return isinstance(type_, known) or (isinstance(type_, types.Array) and type_.ndim == 1)


def _is_due(method: str, **given: Any) -> bool:
    """Tell whether a parameter is left out that this Python has no default for."""
    own = inspect.signature(getattr(random.Random, method)).parameters
    return any(
        (isinstance(type_, types.Omitted) or not isinstance(type_, types.Type))
        and own[name].default is inspect.Parameter.empty
        for name, type_ in given.items()
    )


def _item(line, place):
    raise NotImplementedError


@overload(_item)
def _item_of(line, place):
    if isinstance(line, types.RangeType):
        return lambda line, place: line.start + line.step * place
    return lambda line, place: line[place]


@register_jitable
def _check_far(number):
    if not -FAR <= number <= FAR:
        raise ValueError


@overload_method(OwnRandom, "seed")
def seed(rng, a):
    if not _is_int(a):
        return None
    return lambda rng, a: twister.seed(address(rng), a)


@overload_method(OwnRandom, "random")
def random_(rng):
    return lambda rng: drawn_float(address(rng))


@overload_method(OwnRandom, "getrandbits")
def getrandbits(rng, k):
    if not _is_int(k):
        return None

    def impl(rng, k):
        if k < 0:
            raise ValueError(NO_BITS)
        return twister.drawn_bits(address(rng), k)

    return impl


@overload_method(OwnRandom, "uniform")
def uniform(rng, a, b):
    if not (is_number(a) and is_number(b)):
        return None
    whole = _is_int(a), _is_int(b)

    def impl(rng, a, b):
        if whole[0]:
            _check_far(a)
        if whole[1]:
            _check_far(b)
        return a + (b - a) * drawn_float(address(rng))

    return impl


@overload_method(OwnRandom, "randrange")
def randrange(rng, start, stop=None, step=1):
    if not (_is_int(start) and (is_none(stop) or _is_int(stop)) and _is_int(step)):
        return None
    alone = is_none(stop)
    if alone and default_of(step) != 1:
        return None

    def below_end(rng, start, stop=None, step=1):
        if start <= 0:
            raise ValueError(NO_RANGE)
        return below(address(rng), start)

    def between(rng, start, stop=None, step=1):
        _check_far(start)
        _check_far(stop)
        _check_far(step)
        if step > 0:
            count = (stop - start + step - 1) // step
        elif step < 0:
            count = (stop - start + step + 1) // step
        else:
            raise ValueError
        if count <= 0:
            raise ValueError
        return start + step * below(address(rng), count)

    return below_end if alone else between


@overload_method(OwnRandom, "randint")
def randint(rng, a, b):
    if not (_is_int(a) and _is_int(b)):
        return None

    def impl(rng, a, b):
        _check_far(a)
        _check_far(b)
        if b < a:
            raise ValueError
        return a + below(address(rng), b - a + 1)

    return impl


@overload_method(OwnRandom, "choice")
def choice(rng, seq):
    if not _is_line(seq):
        return None

    def impl(rng, seq):
        if len(seq) == 0:
            raise IndexError(NO_CHOICE)
        return _item(seq, below(address(rng), len(seq)))

    return impl


@overload_method(OwnRandom, "shuffle")
def shuffle(rng, x):
    line = isinstance(x, types.Array) and x.ndim == 1 and x.mutable
    if not (isinstance(x, types.List) or line):
        return None

    def impl(rng, x):
        for i in range(len(x) - 1, 0, -1):
            j = below(address(rng), i + 1)
            x[i], x[j] = x[j], x[i]

    return impl


@register_jitable
def _from_all(rng, population, k):
    """Draw from a list of what is left."""
    n = len(population)
    left = [_item(population, i) for i in range(n)]
    found = [left[0] for _ in range(k)]
    for i in range(k):
        j = below(address(rng), n - i)
        found[i] = left[j]
        left[j] = left[n - i - 1]
    return found


@register_jitable
def _from_few(rng, population, k):
    """Draw places, each of which again while it was drawn before."""
    n = len(population)
    drawn = {0}
    drawn.clear()
    found = [_item(population, 0) for _ in range(k)]
    for i in range(k):
        j = below(address(rng), n)
        while j in drawn:
            j = below(address(rng), n)
        drawn.add(j)
        found[i] = _item(population, j)
    return found


@overload_method(OwnRandom, "sample")
def sample(rng, population, k):
    if not (_is_line(population) and _is_int(k)) or isinstance(population, types.Array):
        return None

    def impl(rng, population, k):
        n = len(population)
        if k < 0 or k > n:
            raise ValueError(NO_SAMPLE)
        if n == 0:
            raise ValueError  # a list of no items has none to be made of
        most = 21  # what a small set takes, in the places of a list
        if k > 5:
            most += 4 ** math.ceil(math.log(k * 3.0) / math.log(4.0))
        return _from_all(rng, population, k) if n <= most else _from_few(rng, population, k)

    return impl


@overload_method(OwnRandom, "choices")
def choices(rng, population, weights=None, cum_weights=None, k=1):
    known = _is_line(population) and _is_int(k) and not isinstance(population, types.Array)
    weighted = isinstance(weights, types.List | GivenList | types.UniTuple)
    kinds = (types.int64, types.float64)
    if weighted and types.unliteral(weights.dtype) not in kinds:
        return None
    if not (known and is_none(cum_weights) and (weighted or is_none(weights))):
        return None

    def evenly(rng, population, weights=None, cum_weights=None, k=1):
        n = len(population)
        if n == 0:
            raise IndexError(NO_CHOICES)
        return [_item(population, int(drawn_float(address(rng)) * float(n))) for _ in range(k)]

    def by_weights(rng, population, weights=None, cum_weights=None, k=1):
        n = len(population)
        if len(weights) != n:
            raise ValueError(OTHER_WEIGHTS)
        sums = [float(weights[0])]
        for i in range(1, n):
            sums.append(sums[-1] + weights[i])
        for each in weights:
            if not each >= 0.0:
                raise ValueError  # the sums are in no order
        total = sums[-1]
        if total <= 0.0:
            raise ValueError(NO_WEIGHTS)
        if not total < math.inf:
            raise ValueError(NO_END)
        places = [min(_place(sums, drawn_float(address(rng)) * total), n - 1) for _ in range(k)]
        return [_item(population, place) for place in places]

    def by_whole_weights(rng, population, weights=None, cum_weights=None, k=1):
        for each in weights:
            _check_far(each)
        sums = [float(each) for each in weights]
        found = rng.choices(population, weights=sums, k=k)
        whole = 0
        for each in weights:
            whole += each
            _check_far(whole)
        return found

    if not weighted:
        return evenly
    return by_weights if types.unliteral(weights.dtype) == types.float64 else by_whole_weights


@overload_method(OwnRandom, "gauss")
def gauss(rng, mu=0.0, sigma=1.0):
    if _is_due("gauss", mu=mu, sigma=sigma) or not (is_number(mu) and is_number(sigma)):
        return None

    def impl(rng, mu=0.0, sigma=1.0):
        if twister.word(address(rng), twister.KEEPS):
            twister.put(address(rng), twister.KEEPS, 0)
            z = twister.kept(address(rng))
        else:
            angle = drawn_float(address(rng)) * TURN
            radius = math.sqrt(-2.0 * math.log(1.0 - drawn_float(address(rng))))
            z = math.cos(angle) * radius
            twister.keep(address(rng), math.sin(angle) * radius)
            twister.put(address(rng), twister.KEEPS, 1)
        return mu + z * sigma

    return impl


@overload_method(OwnRandom, "normalvariate")
def normalvariate(rng, mu=0.0, sigma=1.0):
    if _is_due("normalvariate", mu=mu, sigma=sigma) or not (is_number(mu) and is_number(sigma)):
        return None

    def impl(rng, mu=0.0, sigma=1.0):
        while True:
            first = drawn_float(address(rng))
            second = 1.0 - drawn_float(address(rng))
            z = RATIO * (first - 0.5) / second
            if z * z / 4.0 <= -math.log(second):
                return mu + z * sigma

    return impl


@overload_method(OwnRandom, "lognormvariate")
def lognormvariate(rng, mu=0.0, sigma=1.0):
    if _is_due("lognormvariate", mu=mu, sigma=sigma) or not (is_number(mu) and is_number(sigma)):
        return None

    def impl(rng, mu=0.0, sigma=1.0):
        exponent = rng.normalvariate(mu, sigma)
        value = math.exp(exponent)
        if math.isinf(value) and not math.isinf(exponent):
            raise OverflowError
        return value

    return impl


@overload_method(OwnRandom, "expovariate")
def expovariate(rng, lambd=1.0):
    if _is_due("expovariate", lambd=lambd) or not is_number(lambd):
        return None

    def impl(rng, lambd=1.0):
        if lambd == 0:
            raise ZeroDivisionError
        return -math.log(1.0 - drawn_float(address(rng))) / lambd

    return impl


@overload_method(OwnRandom, "triangular")
def triangular(rng, low=0.0, high=1.0, mode=None):
    middle = is_none(mode)
    if not (_is_float(low) and _is_float(high) and (middle or _is_float(mode))):
        return None

    def impl(rng, low=0.0, high=1.0, mode=None):
        begin, end = float(low), float(high)
        part = drawn_float(address(rng))
        share = 0.5
        if not middle:
            if begin == end:
                raise ZeroDivisionError
            share = (mode - begin) / (end - begin)
        if part > share:
            part, share = 1.0 - part, 1.0 - share
            begin, end = end, begin
        if part * share < 0.0:
            raise ValueError
        return begin + (end - begin) * math.sqrt(part * share)

    return impl
