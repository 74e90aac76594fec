"""Coroutine functions as tasks: a worker runs them to their end."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading

import pytest

from catzilla_jit import Runtime, gather
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from support.kernels import PATIENCE


async def double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


@pytest.fixture
def task(runtime):
    return runtime.task(double)


def test_the_result_is_what_the_coroutine_returns(task):
    assert gather(*(task.submit(i) for i in range(20))) == list(range(0, 40, 2))


def test_a_call_here_and_now_is_a_coroutine_as_in_python(task):
    assert asyncio.run(task(4)) == 8


def test_a_map_awaits_each_element(task):
    assert task.map([1, 2, 3]).tolist() == [2, 4, 6]


def test_the_exception_of_a_coroutine_is_the_tasks(runtime):
    tries = []

    async def fail():
        tries.append(None)
        raise KeyError("gone")

    result = runtime.task(fail, max_retries=2, retry_delay_ms=1).submit()
    assert isinstance(result.exception(PATIENCE), KeyError)
    assert len(tries) == 3


def test_a_coroutine_may_await_other_tasks_with_one_worker(single):
    task = single.task(double)

    async def outer():
        return await task.submit(5) + await task(1)

    assert single.task(outer).submit().result(PATIENCE) == 12


@pytest.mark.parametrize("how", ["cancel", "time limit"])
def test_a_coroutine_that_waits_is_stopped(runtime, how):
    began, stopped = threading.Event(), threading.Event()

    async def wait_for_ever():
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    task = runtime.task(wait_for_ever)
    if how == "cancel":
        result = task.submit()
        assert began.wait(PATIENCE)
        assert result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
    else:
        result = task.options(timeout_ms=50).submit()
        assert isinstance(result.exception(PATIENCE), TaskTimeout)
    assert stopped.wait(PATIENCE)


class Doubler:
    async def __call__(self, x):
        return 2 * x

    async def method(self, x):
        return 2 * x


class WithTask:
    @Runtime().task
    async def method(self, x):
        return 2 * x


@pytest.mark.parametrize(
    "function",
    [double, Doubler(), Doubler().method, functools.partial(double), functools.partial(Doubler())],
    ids=["function", "object", "method", "partial", "partial of an object"],
)
def test_frameworks_see_that_a_call_gives_a_coroutine(runtime, function):
    task = runtime.task(function)
    assert inspect.iscoroutinefunction(task)
    assert asyncio.run(task(4)) == 8
    assert task.submit(4).result() == 8
    assert not inspect.iscoroutinefunction(runtime.task(lambda x: x))


def test_frameworks_see_that_a_method_gives_a_coroutine():
    assert inspect.iscoroutinefunction(WithTask().method)


def test_starlette_runs_a_task_over_a_coroutine_function_behind_a_response(runtime):
    background = pytest.importorskip("starlette.background")
    seen = []

    async def note(x):
        seen.append(await double(x))

    tasks = background.BackgroundTasks()
    tasks.add_task(runtime.task(note), 4)
    asyncio.run(tasks())
    assert seen == [8]


@pytest.mark.parametrize(
    "call",
    [Doubler(), Doubler().method, functools.partial(double), functools.partial(Doubler())],
    ids=["object", "method", "partial", "partial of an object"],
)
def test_add_task_awaits_what_a_call_gives(runtime, call):
    assert runtime.add_task(call, 4).result() == 8
