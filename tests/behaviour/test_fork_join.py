"""fork and join mean what calling and taking the value mean, compiled or not, whoever runs it."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
from numpy.typing import NDArray

import catzilla_jit
from catzilla_jit import TaskStatus, fork, gather, join
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from support.kernels import PATIENCE
from support.unruly import stoppable, until


def fib(n: int) -> int:
    if n < 2:
        return n
    left = fork(fib, n - 1)
    right = fib(n - 2)
    return join(left) + right


def at_node(seed: int, depth: int) -> int:
    if seed % 97 == 3:
        raise ValueError("node", seed)
    if depth == 0:
        return seed % 7
    a = fork(at_node, 3 * seed + 1, depth - 1)
    b = fork(at_node, 3 * seed + 2, depth - 1)
    c = at_node(3 * seed, depth - 1)
    if seed % 2:  # in the order of the forks, and in the other
        first = join(a)
        return first + join(b) + c
    second = join(b)
    return second + join(a) + c


def in_order(seed: int, depth: int) -> int:
    if seed % 97 == 3:
        raise ValueError("node", seed)
    if depth == 0:
        return seed % 7
    a = in_order(3 * seed + 1, depth - 1)
    b = in_order(3 * seed + 2, depth - 1)
    return a + b + in_order(3 * seed, depth - 1)


def mark(marks: NDArray[np.int64], begin: int, end: int) -> None:
    if end - begin == 1:
        marks[begin] += 1
        return
    middle = (begin + end) // 2
    fork(mark, marks, begin, middle)  # not joined
    mark(marks, middle, end)


def marked_or_not(marks: NDArray[np.int64], n: int) -> int:
    fork(mark, marks, 0, n)
    if n > 3:
        raise KeyError("too many", n)
    return n


def halves(x: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(x) < 4:
        return x * 2.0
    left = fork(halves, x[: len(x) // 2])
    right = halves(x[len(x) // 2 :])
    return np.concatenate((join(left), right))


def area(a: float, b: float, slope: float = 1.0) -> float:
    return 0.5 * slope * (b * b - a * a)


def with_default(b: float) -> float:
    whole = fork(area, 0.0, b)
    half = fork(area, 0.0, b, 0.5)
    return join(whole) + join(half)


def joined_twice(n: int) -> int:
    left = fork(area, 0.0, 1.0)
    total = join(left)
    if n > 0:
        total += join(left)
    return n


def handled(n: int) -> int:
    left = fork(at_node, n, 0)
    try:
        value = join(left)
    except ValueError:
        value = -1
    return value


def down(n: int) -> int:
    if n == 0:
        return 0
    below = fork(down, n - 1)
    return join(below) + 1


def endless(n: int, x: float) -> float:
    if n == 0:
        while x >= 0.0:
            x = math.sqrt(x) + 1.0
        return x
    left = fork(endless, n - 1, x)
    return endless(n - 1, x) + join(left)


@pytest.fixture
def make_typed(runtime, kind):
    """The same for functions whose types the first submission shows."""

    def make_typed(function):
        return runtime.task(function, compile_to_c="require" if kind == "compiled" else False)

    return make_typed


def test_value_is_that_of_the_call(make):
    task = make(fib)
    assert task.submit(15).result(timeout=PATIENCE) == 610
    assert gather(task.submit_each(range(12)), timeout=PATIENCE)[-1] == 89
    assert task(10) == 55


def test_trees_give_what_they_give_in_order(make):
    task = make(at_node)
    results = [task.submit(seed, 6) for seed in range(60)]
    for seed, result in enumerate(results):
        try:
            wanted = in_order(seed, 6)
        except ValueError:
            with pytest.raises(ValueError, match="node"):
                result.result(timeout=PATIENCE)
        else:
            assert result.result(timeout=PATIENCE) == wanted


def test_exception_comes_from_join_with_its_line(make):
    with pytest.raises(ValueError, match="node") as raised:
        make(at_node).submit(33, 1).result(timeout=PATIENCE)
    assert raised.value.args == ("node", 100)
    lines = [entry.lineno + 1 for entry in raised.traceback]
    assert at_node.__code__.co_firstlineno + 2 in lines


def test_handler_sees_what_join_raises(make):
    assert make(handled).submit(3).result(timeout=PATIENCE) == -1
    assert make(handled).submit(5).result(timeout=PATIENCE) == 5


def test_what_is_not_joined_has_ended_at_the_return(make_typed):
    marks = np.zeros(1000, np.int64)
    make_typed(mark).submit(marks, 0, 1000).result(timeout=PATIENCE)
    assert np.array_equal(marks, np.ones(1000))


def test_what_is_not_joined_has_ended_where_an_exception_passes(make_typed):
    marks = np.zeros(64, np.int64)
    with pytest.raises(KeyError, match="too many"):
        make_typed(marked_or_not).submit(marks, 64).result(timeout=PATIENCE)
    assert np.array_equal(marks, np.ones(64))


def test_arrays_are_shared_and_returned(make_typed):
    x = np.arange(1000.0)
    task = make_typed(halves)
    for _ in range(5):
        assert np.array_equal(task.submit(x).result(timeout=PATIENCE), x * 2.0)


def test_defaults_hold(make):
    assert make(with_default).submit(2.0).result(timeout=PATIENCE) == 3.0


def test_handle_is_joined_once(make):
    task = make(joined_twice)
    assert task.submit(0).result(timeout=PATIENCE) == 0
    with pytest.raises(RuntimeError, match="joined before"):
        task.submit(1).result(timeout=PATIENCE)


def test_recursion_is_as_deep_as_pythons(make):
    task = make(down)
    assert task.submit(100).result(timeout=PATIENCE) == 100
    with pytest.raises(RecursionError):
        task.submit(100_000).result(timeout=PATIENCE)


def joined_by_nobody(n: int) -> int:
    if n == 0:
        return 0
    fork(joined_by_nobody, n - 1)
    return 1


def as_deep(n: int) -> int:
    return 0 if n == 0 else 1 + as_deep(n - 1)


def one_after_the_other(n: int, out: NDArray[np.int64]) -> int:
    out[0] += 1  # it is not run again as Python
    return joined_by_nobody(n) + as_deep(n)


def test_depth_of_what_was_waited_for_at_a_return_is_forgotten(make_typed):
    out = np.zeros(1, np.int64)
    assert make_typed(one_after_the_other).submit(300, out).result(PATIENCE) == 301
    assert out[0] == 1


def test_map_of_a_task_that_forks(make):
    assert make(fib).map(range(12), errors="raise")[11] == 89


def test_cancel_stops_all_of_it(make, kind, runtime):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped on this pool")
    for depth in (0, 3, 6):
        result = make(endless).submit(depth, 1.0)
        until(lambda result=result: result.status() is TaskStatus.RUNNING)
        assert result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(timeout=PATIENCE)
    # All workers are free again.
    assert gather(make(fib).submit_each([9] * 20), timeout=PATIENCE) == [34] * 20


def test_time_limit_holds_for_all_of_it(make, kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped on this pool")
    with pytest.raises(TaskTimeout):
        make(endless, timeout_ms=20).submit(4, 1.0).result(timeout=PATIENCE)


def test_in_python_a_failure_that_is_not_joined_is_logged(caplog):
    fork(math.sqrt, -1.0)
    gc.collect()
    assert "not joined has failed: ValueError" in caplog.text


def test_join_of_something_else_is_refused():
    with pytest.raises(TypeError, match="expected what fork returned, not 1"):
        catzilla_jit.join(1)
