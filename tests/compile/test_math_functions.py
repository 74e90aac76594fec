"""Functions of `math` give CPython's result to the last bit, or leave the kernel."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled, status_of


# fmt: off
def gcd(x: int, y: int) -> Any: return math.gcd(x, y)
def gcd_other(x: int, y: int, n: int) -> Any: return math.gcd(), math.gcd(x), math.gcd(x, y, n)
def lcm(n: int, m: int, k: int) -> Any: return math.lcm(n, m), math.lcm(n), math.lcm(n, m, k)
def isqrt(x: int) -> Any: return math.isqrt(x)
def factorial(n: int) -> Any: return math.factorial(n), math.perm(n)
def choose(n: int, k: int) -> Any: return math.comb(n, k), math.perm(n, k)
def product(xs: list[int]) -> Any: return math.prod(xs)
def product_of_floats(fs: list[float]) -> Any: return math.prod(fs)
def exact_sum(fs: list[float]) -> Any: return math.fsum(fs)
def exact_sum_of_made(n: int) -> Any: return math.fsum([0.1 for _ in range(n)])
def hypot(a: float, b: float) -> Any: return math.hypot(a, b)
def hypot_of_whole(n: int, k: int) -> Any: return math.hypot(n, k)
def hypot_of_three(a: float, b: float, c: float) -> Any: return math.hypot(a, b, c)
def dist(a: float, b: float, c: float) -> Any: return math.dist((a, b), (c, 1.0))
def dist_in_space(a: float, b: float, c: float) -> Any: return math.dist((a, b, 1), (c, 1.0, b))
def log(a: float, b: float) -> Any: return math.log(a, b)
def fmod(a: float, b: float) -> Any: return math.fmod(a, b)
def fmod_of_whole(x: int, y: int) -> Any: return math.fmod(x, y)
def modf(a: float) -> Any: return math.modf(a)
def isclose(a: float, b: float) -> Any: return math.isclose(a, b), math.isclose(a, a * (1 + 1e-9))
def remainder(a: float, b: float) -> Any: return math.remainder(a, b)
def remainder_of_whole(x: int, k: int) -> Any: return math.remainder(x, k), math.remainder(k, 2.0)
def cbrt(a: float, x: int) -> Any: return math.cbrt(a), math.cbrt(x)
def frexp(a: float, x: int) -> Any: return math.frexp(a), math.frexp(x)
def ulp(a: float, x: int) -> Any: return math.ulp(a), math.ulp(x)
def nextafter(a: float, b: float) -> Any: return math.nextafter(a, b)
def exp2(a: float) -> Any: return math.exp2(a)
def ldexp(a: float, k: int) -> Any: return math.ldexp(a, k)
# fmt: on

FUNCTIONS = [
    gcd, gcd_other, lcm, isqrt, factorial, choose, product, product_of_floats, exact_sum,
    exact_sum_of_made, hypot, hypot_of_whole, hypot_of_three, dist, dist_in_space, log, fmod,
    fmod_of_whole, modf, isclose, remainder, remainder_of_whole, frexp, ulp, nextafter, ldexp,
    *([cbrt, exp2] if sys.version_info >= (3, 11) else []),
]  # fmt: skip

INTEGERS = st.one_of(
    st.sampled_from([-(2**63), -(2**63) + 1, 0, 2**53 + 1, 2**62, 2**63 - 1]),
    st.integers(-50, 50), st.integers(-(2**63), 2**63 - 1),
)  # fmt: skip
FLOATS = st.one_of(
    st.floats(), st.floats(-1e3, 1e3), st.integers(-9, 9).map(float),
    st.sampled_from([5e-324, 1e-310, 1.7976931348623157e308]),
    st.sampled_from([1e-160, 1e160, 2.0**53, 3.0, 4.0, 0.1]),
)  # fmt: skip
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "x": INTEGERS, "y": INTEGERS, "a": FLOATS, "b": FLOATS, "c": FLOATS,
    "n": st.integers(-30, 30), "k": st.integers(-30, 30), "m": INTEGERS,
    "xs": st.lists(INTEGERS, max_size=4),
    "fs": st.lists(st.one_of(FLOATS, st.sampled_from([1e16, 1.0, -1e16, 1e-16, 2.0**-1074])),
                   max_size=8),
}  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_result_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    answered: list[bool] = []

    @settings(max_examples=300)
    @given(st.tuples(*(STRATEGIES[name] for name in inspect.signature(function).parameters)))
    def compare(arguments: tuple[Any, ...]) -> None:
        answered.append(bool(agrees(task, function, arguments)))

    compare()
    assert sum(answered) > len(answered) // 5


def lengths(xs: list[float], ys: list[float]) -> Any:
    return [math.hypot(x, y) for x, y in zip(xs, ys)]  # noqa: B905


def test_length_is_certain_nearly_always_and_then_pythons() -> None:
    xs = [math.sin(i) * 10 ** (i % 7) for i in range(20_000)]
    ys = [math.cos(3 * i) * 10 ** (i % 5) for i in range(20_000)]
    task = compiled(lengths)
    status, _, result = status_of(task, xs, ys)
    assert status == 0
    assert result == lengths(xs, ys)


@pytest.mark.parametrize("a", [0.0, 3.0, math.inf])
@pytest.mark.parametrize("b", [math.nan, 0.0])
def test_length_with_a_nan_is_pythons(a: float, b: float) -> None:
    task = compiled(hypot)
    agrees(task, hypot, (a, b))
    agrees(task, hypot, (b, a))


# fmt: off
def gcd_of_float(a: float) -> Any: return math.gcd(a, 2)  # type: ignore[arg-type]
def isqrt_of_float(a: float) -> Any: return math.isqrt(a)  # type: ignore[arg-type]
def gamma(a: float) -> Any: return math.gamma(a)
def lgamma(a: float) -> Any: return math.lgamma(a)
def dist_of_unlike(a: float) -> Any: return math.dist((a, a), (a,))
def fsum_of_whole(xs: list[int]) -> Any: return math.fsum(xs)
# fmt: on


@pytest.mark.parametrize(
    "function", [gcd_of_float, isqrt_of_float, gamma, lgamma, dist_of_unlike, fsum_of_whole]
)
def test_what_is_not_the_same_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)
