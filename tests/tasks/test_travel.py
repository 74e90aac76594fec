"""Tasks in other processes: by name as functions go, else by value."""

from __future__ import annotations

import concurrent.futures
import copy
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Runtime, Task, task
from support import travelling
from support.travelling import Account, price


def there_and_back(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def made_here(bonus: float) -> Task[[float], float]:
    @task(priority="low", timeout_ms=9000)
    def with_bonus(x: float) -> float:
        return x + bonus

    return with_bonus


def countdown() -> Task[[int], int]:
    @task(compile_to_c=False)
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    return down


def test_named_task_goes_by_its_name() -> None:
    assert there_and_back(price) is price
    assert len(pickle.dumps(price)) < 70


def test_copies_are_the_task_itself() -> None:
    assert copy.copy(price) is price
    assert copy.deepcopy({"task": [price]})["task"][0] is price


def test_named_task_keeps_the_options_it_was_given() -> None:
    assert there_and_back(travelling.eager)._settings == travelling.eager._settings
    other = there_and_back(price.options(timeout_ms=50, retry_on=(KeyError,)))
    assert other._settings == price.options(timeout_ms=50, retry_on=(KeyError,))._settings
    assert other.submit(5.0, 3.0).result() == 3.0


def test_options_that_were_reset_stay_so() -> None:
    assert there_and_back(travelling.eager.options(max_retries=0))._settings.max_retries == 0


def test_task_of_a_runtime_over_a_named_function_joins_the_default_runtime(
    runtime: Runtime,
) -> None:
    other = there_and_back(runtime.task(travelling.undecorated, priority="high"))
    assert other.priority.value == "high"
    assert other(1.0) == 1.5


def test_methods_go_with_their_instance() -> None:
    assert there_and_back(Account.interest) is Account.interest
    assert there_and_back(Account(0.5).interest)(10.0) == 5.0
    assert there_and_back(price.map)([5.0], 3.0).tolist() == [3.0]


def test_first_submission_travels() -> None:
    fresh = there_and_back(there_and_back(price.options(delay_ms=1)).submit)
    assert fresh(5.0, 3.0).result() == 3.0


def test_task_without_a_name_goes_by_value() -> None:
    pytest.importorskip("cloudpickle")
    other = there_and_back(made_here(2.0))
    assert other.submit(1.0).result() == 3.0
    assert (other.priority.value, other._settings.timeout_ms) == ("low", 9000)
    assert there_and_back(made_here(2.0)) is other  # it is compiled once


def test_task_that_refers_to_itself_goes_by_value() -> None:
    pytest.importorskip("cloudpickle")
    other = there_and_back(countdown())
    assert other(3) == 3
    assert other.__wrapped__.__closure__[0].cell_contents is other


def test_without_cloudpickle_what_has_no_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert there_and_back(price) is price
    with pytest.raises(pickle.PicklingError, match=r"with_bonus: it is not .*cloudpickle"):
        pickle.dumps(made_here(1.0))


def test_process_pools_take_tasks() -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(price, 5.0, 3.0).result() == 3.0
        assert pool.submit(price.map, np.array([5.0, 1.0]), 3.0).result().tolist() == [3.0, 1.0]


def test_joblib_processes_take_tasks() -> None:
    joblib = pytest.importorskip("joblib")
    calls = [joblib.delayed(price)(float(i), 1.0) for i in range(3)]
    assert joblib.Parallel(n_jobs=2, backend="loky")(calls) == [1.0, 1.0, 2.0]


MAIN = """
    import multiprocessing, pickle, subprocess, sys
    from catzilla_jit import task

    @task
    def double(x: float) -> float:
        return x * 2.0

    @task(compile_to_c=False)
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(double, [1.0, 2.0]), pool.apply(down, (3,)))
        other = "import pickle, sys; f, g = pickle.load(sys.stdin.buffer); print(f(2.0), g(4))"
        subprocess.run([sys.executable, "-c", other], input=pickle.dumps((double, down)))
"""


def test_tasks_of_a_script_travel(script: Callable[..., Any]) -> None:
    pytest.importorskip("cloudpickle")
    assert script(MAIN).stdout.split("\n") == ["[2.0, 4.0] 3", "4.0 4", ""]
