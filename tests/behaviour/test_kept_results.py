"""Runtime(keep_results=, result_ttl_s=): the runtime holds the results whose id was read."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import ResultGone
from catzilla_jit.pools.result_ids import KeptResults
from catzilla_jit.pools.timer import Alarm


def double(x: float) -> float:
    return 2.0 * x


class Ends:
    """A dispatcher that tells ends when the test says so."""

    def __init__(self) -> None:
        self.callbacks: dict[Any, Callable[[Any], object]] = {}

    def notice(self, result: Any, callback: Callable[[Any], object]) -> bool:
        self.callbacks[result] = callback
        return True

    def end(self, result: Any) -> None:
        self.callbacks.pop(result)(result)


class Clock:
    """A timer whose alarms the test lets go off."""

    def __init__(self) -> None:
        self.alarms: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, function: Callable[[], None]) -> Alarm:
        self.alarms.append((seconds, function))
        return Alarm(function)


class Thing:
    pass


def kept(most: int, seconds: float | None = None) -> tuple[KeptResults, Ends, Clock]:
    ends, clock = Ends(), Clock()
    return KeptResults(most, seconds, ends, clock), ends, clock


def test_result_nobody_holds_is_found(kind: str) -> None:
    with Runtime(workers=1, keep_results=10) as runtime:
        task = runtime.task(double, compile_to_c="require" if kind == "compiled" else False)
        ids = [task.submit(float(i)).task_id for i in range(5)]
        gc.collect()
        assert [runtime.lookup(task_id).result() for task_id in ids] == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_map_nobody_holds_is_found(kind: str) -> None:
    with Runtime(workers=1, keep_results=10) as runtime:
        task = runtime.task(double, compile_to_c="require" if kind == "compiled" else False)
        task_id = task.submit_map([1.0, 2.0]).task_id
        gc.collect()
        assert list(runtime.lookup(task_id).result()) == [2.0, 4.0]


def test_results_whose_id_was_not_read_are_not_kept() -> None:
    results, _, _ = kept(2)
    results.note("a", Thing())
    assert results.find("a") is not None
    assert results.find("b") is None


def test_the_last_ended_ones_are_kept_and_the_pending_ones() -> None:
    results, ends, _ = kept(2)
    things = {name: Thing() for name in "abcde"}
    for name, thing in things.items():
        results.note(name, thing)
    for name in "cab":
        ends.end(things[name])
    del thing
    things.clear()
    ends.callbacks.clear()
    assert [name for name in "abcde" if results.find(name) is not None] == list("abde")
    assert "keeps the last 2" in results.reason("c")


def test_results_are_let_go_after_their_time_although_nothing_else_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    results, ends, clock = kept(10, 60.0)
    now = 0.0
    monkeypatch.setattr("catzilla_jit.pools.result_ids.time.monotonic", lambda: now)
    first, second = Thing(), Thing()
    for at, (name, thing) in zip((0.0, 30.0), (("a", first), ("b", second)), strict=True):
        now = at
        results.note(name, thing)
        ends.end(thing)
    del first, second, thing
    ((seconds, look),) = clock.alarms
    assert seconds == 60.0
    now = 60.0
    look()
    assert results.find("a") is None
    assert results.find("b") is not None
    assert "kept for 60 s" in results.reason("a")
    assert clock.alarms[1][0] == 30.0


def test_reading_the_id_again_does_not_keep_it_again() -> None:
    results, ends, _ = kept(1)
    first, second = Thing(), Thing()
    for name, thing in (("a", first), ("b", second)):
        results.note(name, thing)
        ends.end(thing)
    results.note("a", first)
    assert results.find("a") is first
    del first, thing
    assert results.find("a") is None


def test_forgotten_result_is_not_kept() -> None:
    with Runtime(workers=1, keep_results=10) as runtime:
        task_id = runtime.task(double).submit(1.0).task_id
        runtime.lookup(task_id).result()
        assert runtime.forget(task_id)
        with pytest.raises(ResultGone, match="it was forgotten"):
            runtime.lookup(task_id)


def test_forgotten_pending_result_is_not_kept_after_its_end() -> None:
    results, ends, _ = kept(5)
    thing = Thing()
    results.note("a", thing)
    assert results.forget("a")
    ends.end(thing)
    del thing
    assert results.find("a") is None
    assert not results._ended


def test_shutdown_lets_go_of_what_was_kept() -> None:
    with Runtime(workers=1, keep_results=10) as runtime:
        task_id = runtime.task(double).submit(1.0).task_id
    with pytest.raises(ResultGone, match="has been shut down"):
        runtime.lookup(task_id)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"keep_results": -1}, ValueError),
        ({"keep_results": True}, TypeError),
        ({"keep_results": 1.5}, TypeError),
        ({"keep_results": 5, "result_ttl_s": 0}, ValueError),
        ({"keep_results": 5, "result_ttl_s": float("nan")}, ValueError),
        ({"keep_results": 5, "result_ttl_s": "1"}, TypeError),
        ({"result_ttl_s": 5.0}, ValueError),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"keep_results|result_ttl_s"):
        Runtime(**options)


def test_runtime_can_be_told_to_keep_when_it_has_started():
    with Runtime(workers=1) as runtime:
        task = runtime.task(compile_to_c=False)(lambda x: x)
        held = task.submit(1)
        first = held.task_id
        runtime.keep(1)
        kept = task.submit(2).task_id
        runtime.get(kept).result()
        assert runtime.get(first) is held
        assert runtime.get(kept).result() == 2
        with pytest.raises(ValueError, match="result_ttl_s"):
            runtime.keep(1, 0.0)


def test_known_results_are_listed_by_when_their_ids_were_read():
    with Runtime(workers=1, keep_results=10) as runtime:
        assert runtime.known_results() == []
        task = runtime.task(compile_to_c=False)(lambda x: x)
        results = [task.submit(number) for number in range(3)]
        task.submit(3).result()  # nobody has read its id
        ids = [result.task_id for result in reversed(results)]
        assert [task_id for task_id, _ in runtime.known_results()] == ids
