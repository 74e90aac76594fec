"""Tasks of functions that Numba's own decorators have compiled."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from catzilla_jit import Runtime


@numba.njit
def product(x: float, y: float = 2.0) -> float:
    """Multiply."""
    if x > 100.0:
        raise ValueError("too much")
    return x * y


@numba.njit
def power(x: int, n: int = 3) -> int:
    result = 1
    for _ in range(n):
        result *= x
    return result


@numba.njit
def total(numbers):
    return numbers.sum()


@numba.njit(parallel=True)
def parallel_sum(n: int) -> float:
    total = 0.0
    for i in numba.prange(n):
        total += i
    return total


@pytest.fixture(scope="module")
def runtime():
    with Runtime(workers=2) as runtime:
        yield runtime


def test_a_jitted_function_is_compiled_as_a_task(runtime):
    task = runtime.task(product, compile_to_c="require")
    assert task.compiled
    assert task.__doc__ == "Multiply."
    assert (task.submit(2.0, 3.0).result(), task.submit(4).result()) == (6.0, 8.0)
    assert task.map(np.arange(3.0), y=2.0).tolist() == [0.0, 2.0, 4.0]


def test_a_jitted_function_without_hints_is_compiled_for_its_arguments(runtime):
    task = runtime.task(total)
    assert task.submit(np.arange(4.0)).result() == 6.0
    assert task.compiled


def test_a_jitted_function_keeps_its_arithmetic(runtime):
    task = runtime.task(power, compile_to_c="require")
    assert task.submit(2**32, 3).result() == power(2**32, 3) == 0


def test_the_exception_of_a_jitted_function_arrives(runtime):
    error = runtime.task(product, compile_to_c="require").submit(200.0).exception()
    assert isinstance(error, ValueError)
    assert error.args == ("too much",)


def test_a_parallel_function_runs_as_python(runtime):
    task = runtime.task(parallel_sum)
    assert not task.compiled
    assert "parallel=True" in str(task.explain())
    assert {task.submit(1000).result() for _ in range(20)} == {499500.0}


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_parallel_functions_in_tasks_never_abort_the_process(script, layer):
    done = script(
        """
        import numba
        from catzilla_jit import gather, task
        @numba.njit(parallel=True)
        def total(n: int) -> float:
            x = 0.0
            for i in numba.prange(n):
                x += i
            return x
        @task
        def caller(n: int) -> float:
            return total(n)
        tasks = [task(total), caller]
        print(set(gather(*(tasks[i % 2].submit(100_000) for i in range(200)))))
        print(numba.threading_layer())
        """,
        NUMBA_THREADING_LAYER=layer,
        NUMBA_NUM_THREADS="2",
    )
    assert done.stdout.split() == ["{4999950000.0}", layer]


@numba.njit
def count(calls):
    calls[0] += 1


def test_jitted_function_that_may_write_is_not_called_twice() -> None:
    def square(calls: np.ndarray, n: int) -> int:
        count(calls)
        return n * n

    calls = np.zeros(1, np.int64)
    with Runtime(workers=1) as runtime, pytest.raises(OverflowError):
        runtime.task(compile_to_c=True)(square).submit(calls, 2**40).result(60)
    assert calls[0] == 1
