"""`random.Random(seed)` inside of a task draws Python's numbers, and raises what Python does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import prange

from catzilla_jit import Task, fork, join, task
from support.automatic import outcome, submitted

SEEDS = (42, 0, -7, 2**40 + 3, 2**63 - 1, -(2**63))


def numbers(seed: int, n: int) -> Any:
    rng = random.Random(seed)
    first = [rng.random() for _ in range(n)]
    rng.seed(n)
    return first, [rng.getrandbits(k % 64) for k in range(n)], rng.random()


def integers(seed: int, n: int) -> Any:
    rng = random.Random(seed)
    return [
        (
            rng.randint(1, 6), rng.randint(-3, -3), rng.randrange(10), rng.randrange(2**62 + 1),
            rng.randrange(5, 50, 7), rng.randrange(50, 5, -7), rng.randrange(-(2**51), 2**51),
        )
        for _ in range(n)
    ]  # fmt: skip


def distributions(seed: int, n: int) -> Any:
    rng = random.Random(seed)
    return [
        (
            rng.gauss(1.0, 2.0), rng.normalvariate(0, 1.5), rng.expovariate(2.0),
            rng.triangular(1.0, 4.0, 2.0), rng.triangular(), rng.triangular(-1.0, high=2.0),
            rng.lognormvariate(0.0, 0.5), rng.uniform(-1, 3), rng.uniform(2.5, -3), rng.gauss(0, 1),
        )
        for _ in range(n)
    ]  # fmt: skip


def items(seed: int, n: int) -> Any:
    rng = random.Random(seed)
    xs = list(range(n))
    rng.shuffle(xs)
    pairs = [(x, 0.5) for x in xs]
    return (
        xs, rng.choice(xs), rng.choice(pairs), rng.choice("hello"), rng.choice((1, 2, 3)),
        rng.choice(range(4, 400, 3)), rng.sample(xs, 3), rng.sample(xs, n), rng.sample("abcd", k=2),
        rng.sample(range(900), 20), rng.sample(pairs, 0), rng.choices(xs, k=5), rng.choices("ab"),
        rng.choices([1, 2, 3], weights=[0.5, 0.0, 0.3], k=9), rng.choices(xs, [1] * n, k=4),
    )  # fmt: skip


def _walk(rng: random.Random, n: int) -> list[int]:
    places = [0]
    for _ in range(n):
        places.append(places[-1] + rng.choice((-1, 1)))
    return places


def handed_on(seed: int, n: int) -> Any:
    rng = random.Random(seed)
    other, draw = random.Random(n), rng.random
    return _walk(rng, n), _walk(other, n), draw(), rng.random() - other.random()


@pytest.mark.parametrize("function", [numbers, integers, distributions, items, handed_on])
def test_numbers_are_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for seed, n in [*((seed, 3) for seed in SEEDS), (5, 700)]:
        assert submitted(made, seed, n) == outcome(function, seed, n)
    assert made.explain().compiled, made.explain()


def of_array(seed: int, xs: np.ndarray) -> Any:
    rng = random.Random(seed)
    rng.shuffle(xs)
    return rng.choice(xs), xs


def resampled(seed: int, xs: list[float]) -> Any:
    rng = random.Random(seed)
    rng.shuffle(xs)
    return sorted(sum(rng.choice(xs) for _ in xs) for _ in range(9)), xs


def of_numpys(seed: int, xs: np.ndarray) -> Any:
    rng = random.Random(seed)
    kept = [x for x in xs if x > 0]
    return rng.choice(kept), rng.choices(kept, k=2), rng.sample(kept, 2), rng.uniform(0, kept[0])


@pytest.mark.parametrize("function", [of_array, resampled, of_numpys])
def test_items_are_those_of_the_argument(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    plain = [0.5, 1.5, -2.0, 7.25]
    for seed in SEEDS:
        ours, theirs = (list(plain) if function is resampled else np.array(plain) for _ in range(2))
        assert submitted(made, seed, ours) == outcome(function, seed, theirs)
        assert list(ours) == list(theirs)


def _of_helper(rng: random.Random, x: Any) -> Any:
    return rng.gauss(x, 0.1)


def _at_least(k: Any) -> Any:
    return k if k > 3 else 3


NUMPYS = [
    "rng.uniform(xs[0], 2.0)", "rng.gauss(xs[0], sigma=xs[1])", "rng.normalvariate(0, xs[1])",
    "rng.expovariate(xs[0])", "rng.triangular(xs[2], xs[1])", "rng.uniform(*(xs[0], 2.0))",
    "rng.uniform(a=xs[0], b=2.0) > 0.5", "[rng.gauss(x, 1.0) for x in xs]",
    "_of_helper(rng, xs[0])", "draw(xs[0], 1.0)", "random.Random(ks[0]).random()",
    "random.Random(_at_least(ks[0])).random()", "rng.seed(ks[0])", "rng.randint(0, ks[0])",
]  # fmt: skip


@pytest.mark.parametrize("call", NUMPYS)
def test_what_is_drawn_by_numpys_numbers_is_as_in_python(call: str) -> None:
    source = "def drawn(xs: np.ndarray, ks: np.ndarray):\n    rng = random.Random(1)\n"
    space: dict[str, Any] = {"np": np, "random": random}
    space |= {"_of_helper": _of_helper, "_at_least": _at_least}
    exec(f"{source}    draw = rng.uniform\n    return {call}", space)
    xs, ks = np.array([1.5, 2.5, 0.0]), np.array([5, 2])
    assert submitted(task(space["drawn"]), xs, ks) == outcome(space["drawn"], xs, ks)


def _drawn(call: str) -> Callable[..., Any]:
    space: dict[str, Any] = {"random": random}
    exec(f"def drawn(n: int, x: float):\n    rng = random.Random(1)\n    return {call}", space)
    return space["drawn"]  # type: ignore[no-any-return]


REFUSED = [
    "rng.randint(n, 1)", "rng.randrange(n - 3)", "rng.randrange(n, n)",
    "rng.randrange(1, 9, n - 3)",
    "rng.choices([], k=n)", "rng.getrandbits(-n)", "rng.getrandbits(n + 90)",
    "rng.choice([v for v in range(n - 3)])",
    "rng.sample([1, 2], n)", "rng.choices([1, 2], weights=[0.0, x], k=n)", "rng.expovariate(x)",
    "rng.choices([1, 2], weights=[1.0], k=n)", "rng.triangular(x, x, x)",
    "rng.randint(0, 2**62 * n)",
    "rng.lognormvariate(x, 1e300 * n)", "rng.uniform(2**60 * n, 1)", "rng.sample(range(n), -n)",
    "rng.choices([1, 2], weights=[3.0, x - 1.0], k=n)", "rng.triangular(x, x)",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_what_compiled_code_cannot_draw_is_left_to_python(call: str) -> None:
    made: Task[..., Any] = task(_drawn(call))
    assert submitted(made, 3, 0.0) == outcome(_drawn(call), 3, 0.0)


def without_seed() -> float:
    return random.Random().random()


def text_as_seed(seed: str) -> float:
    return random.Random(seed).random()


def given_back(seed: int) -> Any:
    rng = random.Random(seed)
    return [rng]


def state(seed: int) -> Any:
    return random.Random(seed).getstate()


@pytest.mark.parametrize("function", [without_seed, text_as_seed, given_back, state])
def test_other_uses_stay_python(function: Callable[..., Any]) -> None:
    arguments = () if function is without_seed else ("7",) if function is text_as_seed else (7,)
    made: Task[..., Any] = task(function)
    made.submit(*arguments).result(60)
    assert not made.explain().compiled


WRITERS = [
    "rng.randrange(n - 3)", "rng.getrandbits(-n)", "rng.choice([v for v in range(n - 3)])",
    "rng.sample([1, 2], n)", "rng.choices([1, 2], weights=[1.0], k=n)",
    "rng.choices([1, 2], weights=[0.0, x], k=n)", "rng.choices([1, 2], weights=[x + 1e308] * 2)",
]  # fmt: skip


@pytest.mark.parametrize("call", WRITERS)
def test_task_that_cannot_run_again_raises_with_pythons_words(call: str) -> None:
    head = "def written(out: np.ndarray, n: int, x: float):\n    rng = random.Random(1)\n"
    space: dict[str, Any] = {"np": np, "random": random}
    exec(f"{head}    out[0] = rng.random()\n    return {call}", space)
    made: Task[..., Any] = task(space["written"])
    assert submitted(made, np.zeros(1), 3, 0.0) == outcome(space["written"], np.zeros(1), 3, 0.0)
    assert made.explain().compiled, made.explain()


def _of_two(rng: Any, n: int) -> float:
    return rng.random() * n  # type: ignore[no-any-return]


def forked(seed: int, n: int) -> float:
    rng = random.Random(seed)
    handle = fork(_of_two, rng, n)
    return _of_two(rng, n) + join(handle)


def forked_of_numpys(seed: int, n: int) -> float:
    rng = np.random.default_rng(seed)
    handle = fork(_of_two, rng, n)
    return rng.normal() + join(handle)


def looped(seed: int, n: int) -> float:
    rng = random.Random(seed)
    total = 0.0
    for _ in prange(n):
        total += rng.random()
    return total


def looped_over_numpys(seed: int, n: int) -> float:
    rng = np.random.default_rng(seed)
    total = 0.0
    for _ in prange(n):
        total += rng.random()
    return total


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (forked, "CZ114"), (forked_of_numpys, "CZ114"),
        (looped, "CZ117"), (looped_over_numpys, "CZ117"),
    ],
)  # fmt: skip
def test_calls_at_the_same_time_share_no_generator(function: Any, code: str) -> None:
    made = task(function) if code == "CZ114" else task(parallel=True)(function)
    assert submitted(made, 1, 4) == outcome(function, 1, 4)
    (reason,) = made.explain().reasons
    assert reason.code == code
    assert "generator" in reason.advice or "make one in each iteration" in reason.advice
