"""Compiled calls that are run again as Python are stopped wherever that is: cancels, close, limits.

Their way on the native pool has more places than that of others: the compiled code has asked for
it, the dispatcher makes a Python call, that is queued, runs, has ended, and its outcome is handed
on. The tests hold the dispatcher where they want it (pools/rerun.py).
"""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools.native import library
from catzilla_jit.pools.rerun import Reruns
from catzilla_jit.runtime.left_items import LeftItems
from support.kernels import PATIENCE
from support.unruly import until

ENDLESS = 2**40
SHORT = -ENDLESS
native = pytest.mark.skipif(
    library.unavailable() is not None, reason="there the lane of compiled tasks runs it"
)


def beyond(n: int) -> int:
    """Leave the 64 bits at once; as Python it does not end if n is positive."""
    square = n * n
    while n > 0:
        n = n | 1
    return square


class Held:
    """Holds the dispatcher behind a method of Reruns, or before it, until `let_go`."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, name: str, *, before: bool = False, of: type = Reruns
    ) -> None:
        self._there, self._go_on = threading.Event(), threading.Event()
        method = getattr(of, name)

        def holding(*args):
            if before:
                self._hold()
            answer = method(*args)
            if not before:
                self._hold()
            return answer

        monkeypatch.setattr(of, name, holding)

    def _hold(self) -> None:
        self._there.set()
        assert self._go_on.wait(PATIENCE)

    def wait(self) -> None:
        assert self._there.wait(PATIENCE)

    def let_go(self) -> None:
        self._go_on.set()


def counts(runtime):
    total = runtime.stats().tasks["beyond"].total
    return total.completed, total.failed, total.cancelled


def cancel_while_held(held, result):
    held.wait()
    assert result.cancel()
    held.let_go()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)


@native
@pytest.mark.parametrize("n", [ENDLESS, SHORT], ids=["endless", "short"])
def test_cancel_while_the_python_call_is_made(runtime, monkeypatch, n):
    held = Held(monkeypatch, "begin")
    result = runtime.task(beyond, compile_to_c="require").submit(n)
    cancel_while_held(held, result)
    assert counts(runtime) == (0, 0, 1)


@native
def test_cancel_while_no_python_call_can_be_made(runtime, monkeypatch):
    monkeypatch.setattr(Reruns, "begin", lambda *_: None)
    held = Held(monkeypatch, "begin")
    result = runtime.task(beyond, compile_to_c="require").submit(ENDLESS)
    cancel_while_held(held, result)


@native
@pytest.mark.parametrize("retries", [0, 1])
def test_cancel_when_the_python_call_has_ended(runtime, monkeypatch, retries):
    held = Held(monkeypatch, "_ended", before=True)
    task = runtime.task(beyond, compile_to_c="require", max_retries=retries)
    result = task.submit(SHORT)
    cancel_while_held(held, result)
    assert counts(runtime) == (0, 0, 1)


@pytest.mark.parametrize("how", [pytest.param("submit", marks=native), "map"])
def test_a_shutdown_that_does_not_wait_stops_it_on_its_way(monkeypatch, how):
    runtime = Runtime(workers=1)
    held = Held(monkeypatch, "begin", before=True, of=Reruns if how == "submit" else LeftItems)
    task = runtime.task(beyond, compile_to_c="require")
    result = task.submit(ENDLESS) if how == "submit" else task.submit_map([ENDLESS])
    held.wait()
    runtime.shutdown(wait=False, cancel_running=True)
    held.let_go()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    runtime.shutdown(timeout=PATIENCE)


@native
def test_the_python_call_lives_while_it_is_being_stopped(runtime, monkeypatch):
    calls = []
    begin = Reruns.begin

    def note(*args):
        call = begin(*args)
        calls.append(weakref.ref(call))
        return call

    monkeypatch.setattr(Reruns, "begin", note)
    task = runtime.task(beyond, compile_to_c="require")
    result = task.submit(ENDLESS)
    pool = result._pool
    until(lambda: pool._bridge.running())
    (call,) = calls
    start = pool.start_dispatcher

    def stop_it_first():
        # As if another thread had been there before, and the dispatcher had seen its end.
        start()
        monkeypatch.undo()
        pool.cancel_running()
        until(result.done)
        gc.collect()
        living.append(call() is not None)

    living = []
    monkeypatch.setattr(pool, "start_dispatcher", stop_it_first)
    assert result.cancel()
    assert living == [True]
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)


def running(pool):
    """Return how many calls run."""
    return len({*(pool._bridge.running() if library.unavailable() is None else pool.running)})


@pytest.mark.parametrize("how", ["submit", "map"])
def test_who_waits_for_it_and_runs_it_takes_it_along(single, how):
    task = single.task(beyond, compile_to_c="require")
    inner = []

    @single.task(compile_to_c=False)
    def outer():
        inner.append(task.submit(ENDLESS) if how == "submit" else task.submit_map([ENDLESS]))
        return inner[0].result()

    result = outer.submit()
    until(lambda: inner and running(inner[0]._pool) == 2)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        inner[0].result(PATIENCE)


@pytest.mark.parametrize("how", ["submit", "map"])
def test_a_worker_is_busy_with_it(how):
    runtime = Runtime(workers=1, enable_auto_scaling=False)
    task = runtime.task(beyond, compile_to_c="require")
    result = task.submit(ENDLESS) if how == "submit" else task.submit_map([ENDLESS])
    kinds = {"python"} if library.unavailable() is None or how == "map" else {"native"}
    until(lambda: {worker.kind for worker in busy_with(runtime, "beyond")} == kinds)
    with pytest.raises(TimeoutError, match="0 tasks are queued, 1 workers are busy"):
        runtime.shutdown(timeout=0.01)
    assert result.cancel()
    runtime.shutdown(timeout=PATIENCE)


def busy_with(runtime, name):
    return [worker for worker in runtime.stats().workers if worker.task == name]


def raise_beyond(n: int) -> int:
    if n * n > 10**18:
        raise TaskTimeout("the function's own")
    return n


def test_a_function_s_own_timeout_is_its_own(runtime):
    result = runtime.task(raise_beyond, compile_to_c="require").submit(ENDLESS)
    assert str(result.exception(PATIENCE)) == "the function's own"
    total = runtime.stats().tasks["raise_beyond"].total
    assert (total.failed, total.timed_out) == (1, 0)
