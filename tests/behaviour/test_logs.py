"""capture_logs: what a task prints and logs is kept with its result."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime
from catzilla_jit.runtime import task_log
from catzilla_jit.runtime.task_log import BYTES_MOST, LINE_MOST, LINES_MOST, TaskLog
from support.kernels import PATIENCE

log = logging.getLogger("tests.logs")


def told(result: Any) -> list[tuple[str, str]]:
    result.exception(PATIENCE)
    return [(line.source, line.text) for line in result.logs()]


@pytest.fixture(autouse=True)
def hooks() -> Iterator[None]:
    """Put back what the hooks replaced, for the tests that follow."""
    before = sys.stdout, sys.stderr, logging.getLogRecordFactory()
    yield
    sys.stdout, sys.stderr = before[:2]
    logging.setLogRecordFactory(before[2])


def speak(x: float) -> float:
    print("x is", x)
    return 2.0 * x


def test_prints_are_kept_and_shown(make: Callable[..., Any], capsys: Any) -> None:
    result = make(speak, capture_logs=True).submit(1.5)
    assert told(result) == [("stdout", "x is 1.5")]
    assert result.result() == 3.0
    assert "x is 1.5\n" in capsys.readouterr().out


def test_each_task_has_its_own_lines(make: Callable[..., Any]) -> None:
    task = make(speak, capture_logs=True)
    results = [task.submit(float(i)) for i in range(50)]
    for i, result in enumerate(results):
        assert told(result) == [("stdout", f"x is {float(i)}")]


def test_nothing_is_kept_where_nobody_asked(make: Callable[..., Any]) -> None:
    captured = make(speak, capture_logs=True).submit(1.0)
    result = make(speak).submit(1.0)
    assert told(result) == []
    assert len(told(captured)) == 1


def test_messages_of_logging_are_kept_with_their_level(runtime: Runtime) -> None:
    def work() -> None:
        log.warning("disk %d %% full", 91)
        try:
            raise ValueError("bad")
        except ValueError:
            log.exception("failed")
        log.debug("not shown by this logger's level")
        print("to stderr", file=sys.stderr)

    result = runtime.task(work, capture_logs=True).submit()
    result.result(PATIENCE)
    first, second, third = result.logs()
    assert (first.source, first.level, first.text) == ("tests.logs", "WARNING", "disk 91 % full")
    assert second.text.startswith("failed\nTraceback")
    assert second.text.endswith("ValueError: bad")
    assert (third.source, third.level, third.text) == ("stderr", None, "to stderr")
    assert result.started_at - 1e-3 <= first.at <= third.at <= result.finished_at + 1e-3


def test_message_that_cannot_be_formatted_is_kept_as_it_is(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def work() -> None:
        log.warning("%d", "text")

    assert told(runtime.task(work, capture_logs=True).submit()) == [("tests.logs", "%d")]


def test_lines_of_all_tries_are_kept(runtime: Runtime) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        print("try", len(tries))
        if len(tries) < 3:
            raise ValueError

    task = runtime.task(work, capture_logs=True, max_retries=2, retry_delay_ms=1)
    assert [text for _, text in told(task.submit())] == ["try 1", "try 2", "try 3"]


def test_lines_are_seen_while_the_task_runs(runtime: Runtime) -> None:
    printed, go_on = threading.Event(), threading.Event()

    def work() -> None:
        print("half", end="")
        printed.set()
        go_on.wait(PATIENCE)
        print(" whole")

    result = runtime.task(work, capture_logs=True).submit()
    printed.wait(PATIENCE)
    assert [line.text for line in result.logs()] == ["half"]
    go_on.set()
    assert told(result) == [("stdout", "half whole")]


def test_coroutines_and_threads_with_its_context_write_to_it(runtime: Runtime) -> None:
    async def work() -> None:
        print("in the loop")
        await asyncio.to_thread(print, "in a thread")

    found = told(runtime.task(work, capture_logs=True).submit())
    assert [text for _, text in found] == ["in the loop", "in a thread"]


def test_task_within_writes_to_its_own_log(runtime: Runtime) -> None:
    inner = runtime.task(speak, compile_to_c=False, capture_logs=True)
    within = []

    def work() -> None:
        print("before")
        within.append(inner.submit(1.0))
        within[0].result()
        print("after")

    outer = runtime.task(work, capture_logs=True).submit()
    assert [text for _, text in told(outer)] == ["before", "after"]
    assert told(within[0]) == [("stdout", "x is 1.0")]


def test_items_of_a_python_map_share_one_log(runtime: Runtime) -> None:
    task = runtime.task(speak, compile_to_c=False, capture_logs=True)
    batch = task.submit_map([1.0, 2.0, 3.0])
    assert sorted(told(batch)) == [("stdout", f"x is {x}") for x in (1.0, 2.0, 3.0)]


def test_log_goes_with_its_result(runtime: Runtime, make: Callable[..., Any]) -> None:
    before = len(task_log._logs)
    task = make(speak, capture_logs=True)
    results = [task.submit(1.0) for _ in range(10)]
    for result in results:
        result.result(PATIENCE)
    assert len(task_log._logs) == before + 10
    del result
    results.clear()
    make(speak).submit(1.0).result()  # a worker lets go of the last one
    gc.collect()
    assert len(task_log._logs) <= before + 1


def test_replaced_streams_are_wrapped_anew(runtime: Runtime) -> None:
    task = runtime.task(speak, compile_to_c=False, capture_logs=True)
    told(task.submit(1.0))
    sys.stdout = shown = io.StringIO()
    assert told(task.submit(2.0)) == [("stdout", "x is 2.0")]
    assert shown.getvalue() == "x is 2.0\n"


def test_log_is_bounded_in_lines_bytes_and_length_of_a_line() -> None:
    many = TaskLog()
    for i in range(3 * LINES_MOST):
        many.write("stdout", f"{i}\n")
    lines = many.lines()
    assert len(lines) == LINES_MOST + 1
    assert "2000 lines" in lines[0].text
    assert lines[-1].text == str(3 * LINES_MOST - 1)

    large = TaskLog()
    for _ in range(100):
        large.write("stdout", "é" * 2000 + "\n")
    assert sum(len(line.text.encode()) for line in large.lines()[1:]) <= BYTES_MOST

    endless = TaskLog()
    for _ in range(100):
        endless.write("stdout", "x" * 10_000)
    (line,) = endless.lines()
    assert len(line.text) <= LINE_MOST + 4


def test_stream_stays_a_stream(runtime: Runtime) -> None:
    told(runtime.task(speak, compile_to_c=False, capture_logs=True).submit(1.0))
    assert sys.stdout.writable()
    sys.stdout.flush()
    sys.stdout.writelines(["a", "b\n"])
