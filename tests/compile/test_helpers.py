"""Functions, constants and closures that a task uses are compiled along, with the task's rules."""

from __future__ import annotations

import math
import sys
import threading
import types
from collections.abc import Callable, Iterator

import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, run, status_of

RATE = 7
LIMITS = (1, 10, 100)


def square(x: int) -> int:
    return x * x


def fourth(x):  # type: ignore[no-untyped-def]
    return square(square(x))


def factorial(n: int) -> int:
    return 1 if n <= 1 else n * factorial(n - 1)


def is_even(n: int) -> bool:
    return n == 0 or is_odd(n - 1)


def is_odd(n: int) -> bool:
    return n != 0 and is_even(n - 1)


def with_default(x: int, step: int = 5) -> int:
    return x + step


tools = types.ModuleType("tools")
tools.square = square  # type: ignore[attr-defined]
tools.RATE = 3  # type: ignore[attr-defined]


def test_helper_is_compiled_along() -> None:
    def task(x: int) -> int:
        return square(x) + 1

    assert run(compiled(task), 5) == 26


def test_helper_of_a_helper_needs_no_hints() -> None:
    def task(x: int) -> int:
        return fourth(x)  # type: ignore[no-any-return]

    assert run(compiled(task), 3) == 81


def test_overflow_in_a_helper_is_found() -> None:
    def task(x: int) -> int:
        return fourth(x)  # type: ignore[no-any-return]

    assert status_of(compiled(task), 2**20)[0] == STATUS_OVERFLOW


def test_overflow_in_a_helper_passes_the_handlers_of_the_task() -> None:
    def task(x: int) -> int:
        try:
            return fourth(x)  # type: ignore[no-any-return]
        except Exception:
            return -1

    assert status_of(compiled(task), 2**20)[0] == STATUS_OVERFLOW


def test_recursion_works() -> None:
    assert run(compiled(factorial), 20) == math.factorial(20)


def test_overflow_in_recursion_is_found() -> None:
    assert status_of(compiled(factorial), 21)[0] == STATUS_OVERFLOW


def test_mutual_recursion_works() -> None:
    assert run(compiled(is_even), 10) is True
    assert run(compiled(is_even), 7) is False


def depth(n: int) -> int:
    return 0 if n == 0 else 1 + depth(n - 1) * 1


def odd_depth(n: int) -> int:
    return 0 if n == 0 else 1 + even_depth(n - 1) * 1


def even_depth(n: int) -> int:
    return 0 if n == 0 else 1 + odd_depth(n - 1) * 1


@pytest.mark.parametrize("function", [depth, odd_depth])
def test_recursion_beyond_pythons_limit_leaves_the_kernel(
    function: Callable[[int], int],
) -> None:
    task = compiled(function)
    assert run(task, 900) == 900
    assert status_of(task, sys.getrecursionlimit() + 1)[0] == STATUS_OVERFLOW
    assert run(task, 900) == 900


def twice_as_deep(n: int) -> int:
    return depth(n) + depth(n)


def in_a_comprehension(n: int) -> int:
    return 1 if n == 0 else max([in_a_comprehension(n - 1) for _ in range(2 if n == 1 else 1)])


def test_depth_begins_anew_with_each_call_of_a_helper() -> None:
    assert run(compiled(twice_as_deep), 450) == 900


def test_comprehension_counts_as_a_frame_where_it_is_one_in_python() -> None:
    task = compiled(in_a_comprehension)
    assert run(task, 400) == 1
    inlined = sys.version_info >= (3, 12)
    assert (status_of(task, 600)[0] == STATUS_OVERFLOW) != inlined


@pytest.fixture
def no_limit() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**9)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("function", [depth, odd_depth])
def test_recursion_too_deep_for_the_stack_leaves_the_kernel(
    function: Callable[[int], int], no_limit: None
) -> None:
    task = compiled(function)
    assert run(task, 5000) == 5000
    assert status_of(task, 100_000_000)[0] == STATUS_OVERFLOW
    assert run(task, 5000) == 5000


def test_recursion_is_bounded_in_every_thread(no_limit: None) -> None:
    task = compiled(depth)
    answers: list[int] = []

    def call() -> None:
        answers.append(run(task, 2000))
        answers.append(status_of(task, 100_000_000)[0])

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [STATUS_OVERFLOW] * 4 + [2000] * 4


def test_default_of_a_helper_is_used() -> None:
    def task(x: int) -> int:
        return with_default(x) + with_default(x, step=1)

    assert run(compiled(task), 1) == 8


def test_function_of_a_module_is_compiled_along() -> None:
    def task(x: int) -> int:
        return tools.square(x) + tools.RATE  # type: ignore[no-any-return, attr-defined]

    task_compiled = compiled(task)
    assert run(task_compiled, 5) == 28
    assert status_of(task_compiled, 2**40)[0] == STATUS_OVERFLOW


def test_constants_of_the_module_are_compiled_along() -> None:
    def task(x: int) -> int:
        return x * RATE + LIMITS[1]

    assert run(compiled(task), 2) == 24


def test_closure_over_a_constant_is_compiled_along() -> None:
    def make(step: int) -> Callable[[int], int]:
        def task(x: int) -> int:
            return x + step

        return task

    assert run(compiled(make(10)), 1) == 11


def test_inner_function_is_checked() -> None:
    def task(x: int) -> int:
        def inner(y: int) -> int:
            return y * y

        return inner(x)

    assert status_of(compiled(task), 2**40)[0] == STATUS_OVERFLOW


def test_key_function_is_checked() -> None:
    def task(x: int) -> int:
        values = [x, x + 1]
        values.sort(key=lambda y: y * y)
        return values[0]

    assert run(compiled(task), 3) == 3
    assert status_of(compiled(task), 2**40)[0] == STATUS_OVERFLOW


def test_object_that_stands_for_a_function_is_called_as_it() -> None:
    class Wrapper:
        __task_function__ = staticmethod(square)

        def __call__(self, x: int) -> int:
            return square(x)

    wrapped = Wrapper()

    def task(x: int) -> int:
        return wrapped(x)

    assert run(compiled(task), 4) == 16


def test_module_of_the_task_is_left_as_it_was() -> None:
    def task(x: int) -> int:
        return square(x)

    compiled(task)
    assert square is globals()["square"]
    assert isinstance(square, types.FunctionType)


@pytest.mark.parametrize("overflow", ["check", "wrap"])
def test_overflow_option_reaches_helpers(overflow: str) -> None:
    def task(x: int) -> int:
        return square(x)

    expected = STATUS_OVERFLOW if overflow == "check" else 0
    assert status_of(compiled(task, overflow=overflow), 2**40)[0] == expected
