"""What is refused of fork and join, and that code which forks can be saved."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import fork, join, task
from catzilla_jit.compile.cache.fingerprint import fingerprint
from catzilla_jit.compile.options import Options
from support.compile_harness import compiled, run


def square(x: float) -> float:
    return x * x


def in_a_list(x: float) -> float:
    handles = [fork(square, x)]
    return join(handles[0])


def in_a_tuple(x: float) -> float:
    pair = (fork(square, x), x)
    return join(pair[0])


def returned(x: float) -> Any:
    return fork(square, x)


def joiner(handle: Any) -> float:
    return join(handle)


def passed_on(x: float) -> float:
    return joiner(fork(square, x))


def by_name(x: float) -> float:
    return join(fork(square, x=x))


def of_a_lambda(x: float) -> float:
    return join(fork(lambda y: y, x))


def maybe(x: float) -> float:
    handle = None
    if x > 0.0:
        handle = fork(square, x)
    return join(handle) if handle is not None else 0.0


@pytest.mark.parametrize(
    "function", [in_a_list, in_a_tuple, returned, passed_on, by_name, of_a_lambda, maybe]
)
def test_handle_or_function_that_is_not_named_is_refused_with_its_line(function: Any) -> None:
    (reason,) = task(function).explain().reasons
    assert reason.code == "CZ114"
    assert reason.line is not None
    assert 1 <= reason.line - function.__code__.co_firstlineno <= 3 or function is passed_on


def squares(n: int) -> float:
    total = 0.0
    for i in range(n):
        handle = fork(square, float(i))
        if i % 2:
            total += join(handle)
    return total


def test_variable_may_hold_one_handle_after_the_other() -> None:
    assert run(compiled(squares), 7) == 1.0 + 9.0 + 25.0


def test_code_that_forks_is_saved() -> None:
    assert fingerprint(squares, ["int64"], Options())[1]


def adds(found: list[int], n: int) -> int:
    found.append(n)
    return n


def reads(found: list[int], first: int, last: int) -> int:
    if last - first < 3:
        return sum([found[i] for i in range(first, last)])
    half = fork(reads, found, first, (first + last) // 2)
    return reads(found, (first + last) // 2, last) + join(half)


def call_changes(n: int) -> int:
    found = [1]
    handle = fork(adds, found, n)
    return join(handle) + len(found)


def caller_changes(n: int) -> int:
    found = [1, n]
    handle = fork(reads, found, 0, 2)
    found.append(n)
    return join(handle)


def caller_has_it_changed(n: int) -> int:
    found = [1, n]
    handle = fork(reads, found, 0, 2)
    return adds(found, n) + join(handle)


def list_in_a_tuple(n: int) -> int:
    pair = ([1], n)
    handle = fork(adds, pair[0], n)
    return join(handle) + pair[1]


def nobody_changes(n: int) -> int:
    found = [i * 3 for i in range(n)]
    found.append(n)
    handle = fork(reads, found, 0, n)
    total = len(found) + sum(found) + max(found) + reads(found, 0, n)
    for each in found:
        total += each
    return total + join(handle)


@pytest.mark.parametrize(
    "function", [call_changes, caller_changes, caller_has_it_changed, list_in_a_tuple]
)
def test_list_that_one_of_two_calls_may_change_is_refused(function: Any) -> None:
    (reason,) = task(function).explain().reasons
    assert reason.code == "CZ114"
    assert reason.line is not None
    assert 2 <= reason.line - function.__code__.co_firstlineno <= 3


def test_list_that_both_only_read_is_shared() -> None:
    assert run(compiled(nobody_changes), 9) == nobody_changes(9)
