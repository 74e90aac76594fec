"""What textbooks write: each function compiles, and answers as Python, results and arguments."""

from __future__ import annotations

import bisect
import copy
import functools
import itertools
import math
import operator
import sys
from collections import deque
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from catzilla_jit import task
from support.automatic import outcome, submitted

SMALL_PRIMES = {2, 3, 5}
VOWELS = frozenset("aeiou")


def sorted_quickly(xs: list[int]) -> list[int]:
    if len(xs) <= 1:
        return xs
    pivot = xs[len(xs) // 2]
    smaller, larger = [x for x in xs if x < pivot], [x for x in xs if x > pivot]
    return sorted_quickly(smaller) + [x for x in xs if x == pivot] + sorted_quickly(larger)


def norms(xs: list[float], k: float) -> tuple[float, float]:
    scale = k * 2

    def norm(v: Any, p: float = 2.0) -> float:
        return sum(math.pow(abs(x), p) * scale for x in v)

    def other(v: Any) -> float:
        return norm(v) + scale

    first = norm(xs)
    scale = 3.0
    return first, other(xs) + norm(xs, 3.0)


def primes_below(n: int) -> list[int]:
    def is_prime(k: int) -> bool:
        return k > 1 and all(k % d for d in range(2, math.isqrt(k) + 1))

    return [k for k in range(n) if is_prime(k)]


def distances(points: list[tuple[float, float]], default: float) -> float:
    def safe(pairs: Any) -> float:
        try:
            return min(1.0 / math.dist(p, q) for p, q in pairs)
        except ZeroDivisionError:
            return default

    return safe(list(itertools.combinations(points, 2)))


def guarded(xs: list[int]) -> Any:
    quotients = [0.0]
    try:
        quotients = [1.0 / x for x in xs]
    except ZeroDivisionError:
        quotients.append(-1.0)
    try:
        return quotients, [10 // x for x in xs], min(7 % x for x in xs)
    except Exception:
        return quotients, xs, -1


def as_line(x: int) -> list[int]:
    if x == 0:
        raise ValueError("zero")
    return [x]


def first_items(xs: list[int]) -> list[int]:
    try:
        return [as_line(x)[0] + len(as_line(x)) for x in xs]
    except ValueError:
        return []


def inverted(xs: list[float]) -> float:
    def inverse(x: float) -> float:
        if x < 0.0:
            raise ValueError(x, "is below zero")
        return 1.0 / x

    try:
        return inverse(xs[0]) + (lambda x: 1.0 / x)(xs[1])
    except (ValueError, ZeroDivisionError):
        return -1.0


def fizz(n: int) -> list[str]:
    return ["Fizz" * (i % 3 == 0) + (i % 5 == 0) * "Buzz" or f"{i:>02}" for i in range(1, n)]


def counted(text: str, n: int) -> Any:
    return sum(1 for c in text if c in VOWELS), n in SMALL_PRIMES, n not in SMALL_PRIMES


def combined(xs: list[int], text: str) -> Any:
    pairs = [a * b for a, b in itertools.combinations(xs, 2)]
    triples = sum(1 for a, b, c in itertools.permutations(xs, 3) if a < b < c)
    signs = ["".join(each) for each in itertools.product(text, "xy")]
    steps = [b - a for a, b in itertools.pairwise(xs)] if PAIRWISE else []
    first = 0
    for n in itertools.count(3, 2):
        first = n
        if n > len(xs):
            break
    return pairs, triples, signs, list(itertools.accumulate(xs)), steps, first


def joined(xs: list[int], more: list[int]) -> Any:
    every = [x + 1 for x in itertools.chain(xs, more)]
    grid = [(a, b) for a, b in product([1, 2], repeat=2)]
    return every, grid, functools.reduce(lambda a, b: a * 2 + b, xs, 1), functools.reduce(max, more)


def looked_up(xs: list[int], x: int) -> Any:
    place = bisect.bisect_left(xs, x)
    own = sorted(xs)
    bisect.insort(own, x)
    return place, bisect.bisect(xs, x), own


def picked(scores: dict[str, int], words: list[str]) -> Any:
    best = max(scores, key=scores.get) if scores else ""  # type: ignore[arg-type]
    ranked = sorted(scores.items(), key=operator.itemgetter(1, 0))
    longest = max("a", "bb", key=len)
    return best, ranked, longest, max(words, key=len), 3 in scores.values(), "a" in scores


def merged(one: dict[str, int], other: dict[str, int], xs: list[int]) -> Any:
    own = dict(one)
    own.pop("a", 0)
    return own, {**one, **other}, one | other, list(dict.fromkeys(xs))


def taken_apart(text: str, xs: list[int]) -> Any:
    hours, minutes = map(int, text.split(":"))
    first, *rest = xs
    *start, last = xs
    return hours * 60 + minutes, first, rest, start, last


def turned(rows: list[list[int]]) -> Any:
    sums = [sum(column) for column in zip(*rows, strict=False)]
    for column in zip(*rows, strict=False):
        sums.append(max(column))
    return [list(column) for column in zip(*rows, strict=False)], sums


def extended(xs: list[int]) -> Any:
    made = [0]
    made.extend(reversed(xs))
    return made


def reached(graph: dict[int, list[int]], start: int) -> Any:
    order = []
    seen = set()

    def visit(v: int, depth: int = 0) -> None:
        seen.add(v)
        order.append((v, depth))
        for w in graph[v]:
            if w not in seen:
                visit(w, depth + 1)

    visit(start)
    return order, len(seen)


def placed(n: int) -> int:
    def simpler(row: int, columns: int) -> int:
        if row == n:
            return 1
        total = 0
        for c in range(n):
            if not columns >> c & 1:
                total += simpler(row + 1, columns | 1 << c)
        return total

    return simpler(0, 0)


def rebound(n: int) -> Any:
    step = 1

    def down(k: int) -> int:
        if k <= 0:
            return 0
        return step + down(k - 1)

    first = down(n)
    step = 10
    return first, down(n), [down(k) for k in range(3)]


def too_early(n: int) -> int:
    def down(k: int) -> int:
        return 0 if k <= 0 else later + down(k - 1)

    first = down(n)
    later = 2
    return first + down(2)


def alternating(n: int) -> Any:
    factor = 3

    def even(k: int) -> int:
        return factor if k == 0 else odd(k - 1)

    def odd(k: int) -> int:
        return -factor if k == 0 else even(k - 1)

    return even(n), odd(n)


def searched(graph: dict[int, list[int]], start: int) -> Any:
    queue: deque[tuple[int, int]] = deque([(start, 0)])
    seen = {start}
    found = []
    while queue:
        for _ in range(len(queue)):
            v, depth = queue.popleft()
            found.append((v, depth))
            for w in graph[v]:
                if w not in seen:
                    seen.add(w)
                    queue.append((w, depth + 1))
    return found


def queued(n: int, words: list[str]) -> Any:
    circle = deque(range(n))
    while len(circle) > 1:
        circle.append(circle.popleft())
        circle.popleft()
    line = deque()
    for word in words:
        line.appendleft(word)
    line.extend(["y", "z"])
    more = [each for each in line]  # noqa: C416
    last = line.pop()
    return circle[0], list(circle), more, last, len(line), not line, line[-1]


def changed_meanwhile(n: int) -> list[int]:
    numbers = deque(range(n))
    return [numbers.popleft() for _ in numbers]


def caught(xs: list[int], i: int) -> Any:
    tries = 0
    try:
        tries = xs[i] // i
    except (IndexError, KeyError) as error:
        tries = -len(str(error))
    else:
        tries += 100
    finally:
        tries *= 2
    return tries


def numerals(n: int, mark: str) -> Any:
    parts = []
    for value, sign in [(1000, "M"), (900, "CM"), (5, "V"), (1, "I")]:
        count, n = divmod(n, value)
        parts.append(sign * count)
    return "".join(parts), [mark * k for k in range(-1, 9)], 3 * mark, len(mark * n)


PAIRWISE = sys.version_info >= (3, 10)

CASES: list[tuple[Callable[..., Any], list[tuple[Any, ...]]]] = [
    (sorted_quickly, [([3, 1, 2, 3],), ([1],), ([],)]),
    (norms, [([3.0, -4.0], 1.5)]),
    (primes_below, [(30,)]),
    (distances, [([(0.0, 0.0), (3.0, 4.0), (3.0, 5.0)], -1.0), ([(1.0, 2.0), (1.0, 2.0)], -1.0)]),
    (guarded, [([1, 2],), ([1, 0],), ([],)]),
    (first_items, [([1, 2],), ([1, 0],), ([0] * 9,)]),
    (inverted, [([1.0, 2.0],), ([0.0, 1.0],), ([1.0, 0.0],), ([-1.0, 1.0],), ([1.0],)]),
    (fizz, [(16,)]),
    (counted, [("hello", 3), ("xyz", 4)]),
    (combined, [([1, 2, 3, 4], "ab"), ([1], ""), ([2**62, 2**62], "é")]),
    (joined, [([1, 2], [3]), ([2**60] * 9, [3, 4, 1]), ([1], [])]),
    (looked_up, [([1, 2, 2, 3], 2), ([1, 2], 0), ([5, 1], 9)]),
    (picked, [({"a": 1, "b": 3, "c": 3}, ["x", "yy", "zz"]), ({"b": 2}, ["q"]), ({"b": 2}, [""])]),
    (merged, [({"a": 1}, {"b": 2, "a": 3}, [3, 1, 3]), ({"z": 1}, {"z": 2}, [1])]),
    (taken_apart, [("12:30", [1, 2, 3]), ("1:2:3", [1, 2]), ("1:x", [1, 2]), ("1:2", [7])]),
    (turned, [([[1, 2, 3], [4, 5, 6]],), ([[1], [2, 3]],), ([[], [1]],)]),
    (extended, [([1, 2, 3],)]),
    (reached, [({0: [1, 2], 1: [3], 2: [3], 3: [0]}, 0), ({0: [1]}, 0)]),
    (searched, [({0: [1, 2], 1: [3], 2: [3], 3: [0]}, 0), ({0: [9]}, 0)]),
    (queued, [(100, ["a", "b"]), (1, []), (0, [])]),
    (caught, [([1, 2], 1), ([1, 2], 0), ([1], 5)]),
    (numerals, [(2907, "ab"), (3, ""), (1, "é日")]),
    (placed, [(4,)]),
    (rebound, [(3,), (0,)]),
    (alternating, [(4,), (5,)]),
]


@pytest.mark.parametrize(
    ("function", "calls"), CASES, ids=lambda each: getattr(each, "__name__", "")
)
def test_function_compiles_and_answers_as_python(
    function: Callable[..., Any], calls: list[tuple[Any, ...]]
) -> None:
    made = task(function)
    for values in calls:
        given, expected = copy.deepcopy(values), copy.deepcopy(values)
        assert submitted(made, *given) == outcome(function, *expected)
        assert given == expected
    assert made.explain().compiled, made.explain()


def test_result_that_is_the_argument_is_the_callers_object() -> None:
    given = [7]
    assert task(sorted_quickly).submit(given).result() is given


def test_change_of_a_set_of_the_module_is_seen() -> None:
    made = task(counted)
    assert made.submit("", 7).result() == (0, False, True)
    SMALL_PRIMES.add(7)
    try:
        assert made.submit("", 7).result() == (0, True, False)
    finally:
        SMALL_PRIMES.discard(7)
    assert made.submit("", 7).result() == (0, False, True)


def test_variable_that_an_inner_function_reads_too_early_has_no_value() -> None:
    made = task(too_early)
    for n in (0, 2):
        assert submitted(made, n) == outcome(too_early, n)


def test_deque_that_changes_while_it_is_gone_over_raises() -> None:
    assert submitted(task(changed_meanwhile), 3) == outcome(changed_meanwhile, 3)
