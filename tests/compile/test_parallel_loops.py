"""Which loops over `prange` run in parallel, and which are refused, with their line and code."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from numba import prange
from numpy.typing import NDArray

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused, compile_task
from catzilla_jit.compile.cache.fingerprint import fingerprint
from catzilla_jit.compile.options import Options
from support.compile_harness import compiled, run

Floats = NDArray[np.float64]


def left_by_return(n: int) -> int:
    for i in prange(n):
        if i > 3:
            return i
    return 0


def left_by_break(n: int) -> int:
    total = 0
    for i in prange(n):
        total += i
        if i > 3:
            break
    return total


def goes_over_yields(n: int) -> int:
    total = 0
    for i in yields(n):
        total += i
    return total


def yields(n: int) -> Any:
    for i in prange(n):
        yield i * i


def with_else(n: int) -> int:
    total = 0
    for i in prange(n):
        total += i
    else:
        total += 100
    return total


def in_a_comprehension(n: int) -> list[int]:
    return [i * i for i in prange(n)]


def by_keyword(n: int) -> int:
    total = 0
    for i in prange(*(0, n)):
        total += i
    return total


def of_a_float(x: float) -> int:
    total = 0
    for _ in prange(x):
        total += 1
    return total


def handed_on(n: int) -> float:
    before = 0.0
    total = 0.0
    for i in prange(n):
        total += before
        before = math.sqrt(i)
    return total


def handed_on_by_some(n: int) -> int:
    kept = 0
    total = 0
    for i in prange(n):
        if i % 2:
            kept = i
        total += kept
    return total


def read_behind(n: int) -> float:
    last = 0.0
    for i in prange(n):
        last = math.sqrt(i)
    return last


def read_in_the_next_round(n: int) -> float:
    last = 0.0
    total = 0.0
    for _ in range(3):
        total += last
        for i in prange(n):
            last = math.sqrt(i)
    return total


def sum_is_read(n: int) -> int:
    total = 0
    most = 0
    for i in prange(n):
        total += i
        most = max(most, total)
    return total + most


def two_operations(n: int) -> int:
    total = 1
    for i in prange(n):
        total += i
        total *= 2
    return total


def by_division(n: int) -> float:
    total = 1.0
    for i in prange(n):
        total /= i + 1
    return total


def largest_otherwise(n: int) -> int:
    most = 0
    for i in prange(n):
        most = max(i, most)
    return most


def becomes_a_float(n: int) -> float:
    total = 0
    for i in prange(n):
        total += 0.5 * i
    return total


def to_a_list(n: int) -> list[int]:
    found = [0]
    for i in prange(n):
        found.append(i)
    return found


def to_an_item_of_a_list(n: int) -> list[int]:
    found = [0, 0]
    for i in prange(n):
        found[i % 2] = i
    return found


def to_a_list_in_a_tuple(n: int) -> int:
    pair = ([0], 1)
    for i in prange(n):
        pair[0].append(i)
    return len(pair[0])


def to_a_list_of_a_list(n: int) -> int:
    rows = [[0], [1]]
    for i in prange(n):
        first = rows[0]
        first.append(i)
    return len(rows[0])


def to_all_lists_of_a_list(n: int) -> int:
    rows = [[0], [1]]
    for i in prange(n):
        for k, row in enumerate(rows):
            row[0] = i + k
    return len(rows[0])


def to_a_whole_array(n: int) -> float:
    x = np.zeros(3)
    for i in prange(n):
        x += np.ones(3) * i
    return x[0]


REFUSED = {
    left_by_return: ("CZ115", 3), left_by_break: ("CZ115", 5), goes_over_yields: ("CZ115", 8),
    with_else: ("CZ115", 2), in_a_comprehension: ("CZ115", 1), by_keyword: ("CZ115", 2),
    of_a_float: ("CZ302", 2), handed_on: ("CZ116", 4), handed_on_by_some: ("CZ116", 6),
    read_behind: ("CZ116", 4), read_in_the_next_round: ("CZ116", 4), sum_is_read: ("CZ116", 5),
    two_operations: ("CZ116", 4), by_division: ("CZ116", 3), largest_otherwise: ("CZ116", 3),
    becomes_a_float: ("CZ116", 2), to_a_list: ("CZ117", 3), to_an_item_of_a_list: ("CZ117", 3),
    to_a_whole_array: ("CZ117", 2), to_a_list_in_a_tuple: ("CZ117", 3),
    to_a_list_of_a_list: ("CZ117", 4), to_all_lists_of_a_list: ("CZ117", 4),
}  # fmt: skip


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_loop_that_may_give_something_else_is_refused_with_its_line(function: Any) -> None:
    with pytest.raises(CompileRefused) as raised:
        compiled(function, parallel=True)
    (reason,) = raised.value.reasons
    line = None if reason.line is None else reason.line - function.__code__.co_firstlineno
    assert (reason.code, line) == REFUSED[function], reason


def temporaries(x: Floats, out: Floats) -> int:
    step = 2.0
    for i in prange(len(x)):
        half = x[i] / step
        if half > 1.0:
            side = half
        elif half < 1.0:
            side = -half
        else:
            side = 0.0
        while side < 3.0:
            side += 1.0
        out[i] = side
    for i in prange(len(x)):
        half = out[i]
        out[i] = half * half
    half = 1.0
    return int(half)


def conditional(n: int) -> tuple[int, int, int, bool]:
    ones, bits, least, all_ = 0, 0, 5, True
    for i in prange(n):
        if i % 3 == 0:
            ones = ones + 1 - i
            continue
        bits |= i
        least = min(least, -i)
        all_ &= i < 1000
    return ones, bits, least, all_


def in_steps(n: int) -> tuple[int, int]:
    total, product = 7, 1
    for i in prange(n, -n, -3):
        for j in prange(1, 9, 4):
            total += i * j
        product *= 2 if i % 50 == 0 else 1
    return total, product


def three_deep(n: int) -> tuple[int, int]:
    total, product = 0, 1
    out = np.zeros(n + 1, np.int64)
    for i in prange(n):
        out[i] = 2 * i
    for i in prange(n):
        for j in prange(5):
            out[i] = i
            for k in prange(4):
                product *= 1 + (i + j + k == 499)
        total += out[i]
    return int(total), product


def read_only(n: int, weights: list[float]) -> float:
    total = 0.0
    own = [1.0, 2.0, 3.0]
    rows = [[1.0, 0.5], [2.0, 0.25]]
    for i in prange(n):
        total += own[i % len(own)] * weights[i % 2]
        for k, row in enumerate(rows):
            first = row
            total += k * first[i % 2]
    return total


def handles_errors(n: int) -> int:
    failed = 0
    for i in prange(n):
        try:
            value = 10 // (i % 3)
        except Exception:
            value = -1
        if value < 0:
            failed += 1
    return failed


def calls_itself(n: int) -> int:
    if n > 5:
        return n
    total = 1
    for i in prange(n):
        total += calls_itself(i)
    return total


@pytest.mark.parametrize("n", [0, 1, 5, 500])
@pytest.mark.parametrize("function", [conditional, in_steps, three_deep, calls_itself])
def test_integer_results_are_pythons(function: Any, n: int) -> None:
    assert run(compiled(function, parallel=True), n) == function(n)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Numba's `try` in loops is wrong there")
def test_iteration_may_handle_its_errors() -> None:
    assert run(compiled(handles_errors, parallel=True), 500) == handles_errors(500)


def test_containers_that_are_only_read_are_shared() -> None:
    found = run(compiled(read_only, parallel=True), 100, [1.0, 0.5])
    assert found == pytest.approx(read_only(100, [1.0, 0.5]))


def test_variables_of_an_iteration_may_be_used_again() -> None:
    x = np.arange(100.0)
    out, expected = np.zeros(100), np.zeros(100)
    types = tuple(task_types(x, out))
    form = compile_task(temporaries, name="t", argument_types=types, parallel=True)
    assert run(form, x, out) == temporaries(x, expected)
    assert np.array_equal(out, expected)


def chained(n: int) -> float:
    pair = (2, 0.5)
    first = 0.0
    for i in prange(n):
        first += pair[0] / (i + 1)
    second = 0.0
    for i in prange(n):
        part = first * i % 3.0
        if part > pair[1]:
            second = max(second, part)
    return first + second


def test_numbers_of_python_stay_pythons() -> None:
    parallel = task(chained, parallel=True)
    result = parallel.submit(50).result()
    assert type(result) is float
    assert result == pytest.approx(chained(50))
    assert parallel.compiled, parallel.explain()


def task_types(*values: Any) -> Any:
    import numba

    return map(numba.typeof, values)


def empty_sum(x: Floats) -> float:
    total = 0.0
    for i in prange(len(x)):
        if x[i] > 0.0:
            total += x[i]
    return total


def test_sum_of_nothing_is_pythons_own() -> None:
    parallel = task(empty_sum, parallel=True)
    for x in (np.zeros(0), np.zeros(9), np.ones(9)):
        result = parallel.submit(x).result()
        assert (type(result), result) == (type(empty_sum(x)), empty_sum(x))
    assert parallel.compiled, parallel.explain()


def fills(n: int) -> Floats:
    out = np.zeros(n)
    for i in prange(n):
        out[i] = i
    return out


def fills_a_given(out: Floats) -> int:
    for i in prange(len(out)):
        out[i] = i
    return 0


def test_array_of_the_function_may_be_filled_without_a_side_effect() -> None:
    assert compiled(fills, parallel=True).pure
    types = tuple(task_types(np.zeros(3)))
    assert not compile_task(fills_a_given, name="f", argument_types=types, parallel=True).pure


def test_explanation_names_parallel_loops_and_their_sums() -> None:
    explained = str(task(conditional, parallel=True).explain())
    line = conditional.__code__.co_firstlineno + 2
    assert f"line {line}: a parallel loop, which adds up" in explained
    assert "parallel" not in str(task(conditional).explain())


def test_code_with_parallel_loops_is_saved() -> None:
    assert fingerprint(conditional, ["int64"], Options(parallel=True))[1]
