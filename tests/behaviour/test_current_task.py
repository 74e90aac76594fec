"""current_task(): what a task can know of its own run."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import CurrentTask, Runtime, current_task


def here() -> CurrentTask | None:
    return current_task()


def test_outside_of_tasks_there_is_none() -> None:
    assert current_task() is None


def test_task_knows_the_id_and_name_of_its_result(runtime: Runtime) -> None:
    result = runtime.task(here, name="price").submit()
    found = result.result()
    assert found == CurrentTask(result.task_id, "price", 1, None)
    assert found.remaining_s() is None
    assert runtime.get(found.id) is result


def test_each_try_has_its_number(runtime: Runtime) -> None:
    seen = []

    def fails() -> None:
        found = current_task()
        assert found is not None
        seen.append((found.id, found.try_number))
        if len(seen) < 3:
            raise ValueError

    result = runtime.task(fails, max_retries=2, retry_delay_ms=1).submit()
    result.result()
    assert seen == [(result.task_id, number) for number in (1, 2, 3)]


def test_deadline_is_the_start_and_the_limit(runtime: Runtime) -> None:
    result = runtime.task(here, timeout_ms=60_000).submit()
    found = result.result()
    assert found.deadline == pytest.approx(result.started_at + 60.0, abs=1e-3)
    assert found.deadline == pytest.approx(time.time() + 60.0, abs=5.0)
    assert 50.0 < found.remaining_s() <= 60.0


def test_task_that_another_waits_for_is_the_innermost(runtime: Runtime) -> None:
    inner = runtime.task(here, name="inner")

    def outer() -> tuple[Any, Any, Any]:
        before = current_task()
        return before, inner.submit().result(), current_task()

    before, within, after = runtime.task(outer).submit().result()
    assert before == after
    assert (before.name, within.name) == ("outer", "inner")


def test_coroutine_function_knows_its_task(runtime: Runtime) -> None:
    async def work() -> CurrentTask | None:
        await asyncio.sleep(0)
        return current_task()

    result = runtime.task(work).submit()
    assert result.result().id == result.task_id


def test_items_of_a_map_share_the_id_of_the_map(runtime: Runtime) -> None:
    def item(x: int) -> CurrentTask | None:
        return current_task()

    batch = runtime.task(item, compile_to_c=False).submit_map([1, 2, 3])
    assert set(batch.result()) == {CurrentTask(batch.task_id, "item", 1, None)}


def test_task_within_an_item_of_a_map_is_its_own(runtime: Runtime) -> None:
    inner = runtime.task(here, name="inner")

    def item(x: int) -> tuple[Any, Any]:
        return inner.submit().result(), current_task()

    batch = runtime.task(item, compile_to_c=False).submit_map([1, 2])
    for within, after in batch.result():
        assert within.name == "inner"
        assert after.id == batch.task_id


def test_plain_call_and_threads_of_a_task_are_what_they_are(runtime: Runtime) -> None:
    def work() -> tuple[Any, Any, Any]:
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(current_task()))
        thread.start()
        thread.join()
        return current_task(), here(), found[0]

    own, called, threaded = runtime.task(work).submit().result()
    assert own == called
    assert threaded is None


def test_function_that_asks_runs_as_python(runtime: Runtime, make: Callable[..., Any]) -> None:
    def work(x: float) -> float:
        found = current_task()
        return x if found is None else 2.0 * x

    task = runtime.task(work)
    assert not task.compiled
    assert task.submit(2.0).result() == 4.0
