"""Executor: what concurrent.futures, asyncio and others ask of one (see tools/cpython_tests.py)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures.thread import BrokenThreadPool

import pytest

from catzilla_jit import Executor, Runtime, task
from catzilla_jit.errors import RuntimeClosed, TaskCancelled
from support.gates import Gate, hold
from support.kernels import PATIENCE


@task
def double(x: float) -> float:
    return x * 2.0


def fail() -> None:
    raise KeyError("no")


async def later(x: float) -> float:
    await asyncio.sleep(0)
    return x


@pytest.fixture
def executor() -> Iterator[Executor]:
    with Executor(2) as executor:
        yield executor


def test_function_runs_on_a_python_thread_and_a_task_in_its_lane(executor: Executor) -> None:
    assert executor.submit(threading.current_thread).result() in executor._threads
    assert executor.submit(double, 2.0).result() == 4.0
    assert executor._runtime.stats().compiled_tasks == 1


def test_keywords_go_to_the_function(executor: Executor) -> None:
    given = executor.submit(dict, fn=1, self=2, timeout_ms=3, priority=4).result()
    assert given == {"fn": 1, "self": 2, "timeout_ms": 3, "priority": 4}


def test_exception_is_the_one_that_was_raised(executor: Executor) -> None:
    with pytest.raises(KeyError, match="no"):
        executor.submit(fail).result()
    assert isinstance(executor.submit(fail).exception(), KeyError)


def test_coroutine_function_runs_to_its_end(executor: Executor) -> None:
    assert executor.submit(later, 3.0).result() == 3.0


def test_running_call_says_so_and_is_not_cancelled(executor: Executor) -> None:
    begun, opened = threading.Event(), threading.Event()
    future = executor.submit(lambda: (begun.set(), opened.wait()))
    begun.wait()
    assert future.running()
    assert not future.cancel()
    assert not future.done()
    opened.set()
    assert future.result() == (None, True)
    assert not future.running()


def test_waiting_call_is_cancelled_and_never_runs() -> None:
    begun, opened, ran = threading.Event(), threading.Event(), []
    with Executor(1) as executor:
        executor.submit(lambda: (begun.set(), opened.wait()))
        begun.wait()
        waiting = executor.submit(ran.append, 1)
        assert waiting.cancel()
        assert waiting.cancelled()
        opened.set()
    assert ran == []
    with pytest.raises(concurrent.futures.CancelledError):
        waiting.result()


def test_timeout_is_that_of_concurrent_futures(executor: Executor) -> None:
    opened = threading.Event()
    future = executor.submit(opened.wait)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.result(0.01)
    opened.set()
    assert future.result() is True


def test_asyncio_takes_it_as_any_executor(executor: Executor) -> None:
    async def main() -> tuple[float, float, float]:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(executor)
        wrapped = asyncio.wrap_future(executor.submit(double, 3.0))
        return (
            await loop.run_in_executor(executor, double, 1.0),
            await loop.run_in_executor(None, pow, 2, 3),
            await wrapped,
        )

    assert asyncio.run(main()) == (2.0, 8, 6.0)


def test_map_with_a_buffer_submits_no_more_than_that_ahead(executor: Executor) -> None:
    submitted: list[int] = []

    def numbers() -> Iterator[int]:
        for i in range(10):
            submitted.append(i)
            yield i

    results = executor.map(abs, numbers(), buffersize=3)
    assert submitted == [0, 1, 2]
    assert next(results) == 0
    assert submitted == [0, 1, 2, 3]
    assert list(results) == list(range(1, 10))


def test_shared_runtime_outlives_the_executor(runtime: Runtime) -> None:
    with Executor(runtime=runtime) as executor:
        future = executor.submit(double, 1.0)
    assert future.done()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(double, 1.0)
    assert runtime.submit(double, 2.0).result() == 4.0


def test_failed_initializer_breaks_the_pool(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL), Executor(1, initializer=fail) as executor:
        with pytest.raises(BrokenThreadPool, match="initializer failed"):
            executor.submit(pow, 2, 3).result()
        with pytest.raises(BrokenThreadPool, match="initializer failed"):
            executor.submit(pow, 2, 3)
    assert [record.name for record in caplog.records] == ["concurrent.futures"]


def test_failed_initializer_closes_the_runtime(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL), Runtime(workers=1, initializer=fail) as runtime:
        with pytest.raises((TaskCancelled, RuntimeClosed)):  # the thread may be that quick
            runtime.submit(pow, 2, 3).result()
        with pytest.raises(RuntimeClosed):
            runtime.submit(pow, 2, 3)
    assert "KeyError" in caplog.text


def test_threads_of_a_runtime_are_named_and_initialized() -> None:
    local = threading.local()
    initialize = lambda value: setattr(local, "value", value)  # noqa: E731
    with Runtime(
        workers=1, enable_auto_scaling=False,
        thread_name_prefix="mine", initializer=initialize, initargs=(7,),
    ) as runtime:  # fmt: skip
        assert runtime.submit(lambda: local.value).result() == 7
        assert runtime.submit(lambda: threading.current_thread().name).result() == "mine_0"


def test_relief_workers_bear_the_name_too(gate: Gate) -> None:
    with Runtime(workers=1, max_workers=1, thread_name_prefix="mine") as runtime:
        gate.hold(runtime.task(hold, compile_to_c=False))
        name = runtime.task(lambda: threading.current_thread().name, priority="critical").submit()
        assert name.result(PATIENCE) == "mine_relief_0"
        gate.open()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"max_workers": 0}, ValueError, "greater than 0"),
        ({"max_workers": "2"}, TypeError, "max_workers must be an int"),
        ({"initializer": 3}, TypeError, "initializer must be a callable"),
        ({"thread_name_prefix": 3}, TypeError, "thread_name_prefix must be a str"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(options, error, text) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=text):
        Executor(**options)


def test_what_is_no_function_is_refused_at_the_submission(runtime: Runtime) -> None:
    with pytest.raises(TypeError, match="submit: expected a function or a task, not 3"):
        runtime.submit(3)  # type: ignore[arg-type]


def test_lazy_future_becomes_whole_in_several_threads_at_once(executor: Executor) -> None:
    for i in range(50):
        future = executor.submit(abs, -i)
        called = threading.Semaphore(0)
        threads = [
            threading.Thread(
                target=future.add_done_callback, args=(lambda _, s=called: s.release(),)
            )
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        assert concurrent.futures.wait([future], 10).done == {future}
        assert all(called.acquire(timeout=10) for _ in threads)
        assert future.result() == i
        for thread in threads:
            thread.join()


def test_finished_calls_are_kept_by_nobody(executor: Executor) -> None:
    class Thing:
        pass

    gone = weakref.ref(executor.submit(Thing).result())
    until = time.monotonic() + 10
    while gone() is not None and time.monotonic() < until:
        gc.collect()
    assert gone() is None
