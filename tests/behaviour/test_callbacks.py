"""Callbacks: when, where, in what order, and what they may do."""

from __future__ import annotations

import concurrent.futures
import gc
import logging
import threading
import weakref

import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import TaskCancelled
from support.gates import hold
from support.kernels import PATIENCE, add, root
from support.unruly import Failures, flaky, until


class Calls(list):
    """What callbacks were called with; take(n) waits for n of them."""

    def take(self, count):
        until(lambda: len(self) >= count)
        return list(self)


def test_callback_gets_the_result_once_it_has_ended(make, gate):
    calls = Calls()
    result = gate.hold(make(hold), 4)
    assert result.add_done_callback(lambda r: calls.append((r, r.status(), r.result(0)))) is result
    assert calls == []
    gate.open()
    assert calls.take(1) == [(result, TaskStatus.COMPLETED, 4)]


def test_callback_of_what_has_ended_is_called_too(make):
    calls = Calls()
    result = make(add).submit(1.0)
    result.result(PATIENCE)
    result.add_done_callback(calls.append)
    assert calls.take(1) == [result]


def test_callbacks_are_called_in_order(make, gate):
    calls = Calls()
    result = gate.hold(make(hold))
    for i in range(50):
        result.add_done_callback(lambda _, i=i: calls.append(i))
    gate.open()
    assert calls.take(50) == list(range(50))


def test_success_and_error_go_to_their_callbacks(make):
    good, bad = Calls(), Calls()
    task = make(root)
    for value in (4.0, -1.0):
        result = task.submit(value)
        assert result.on_success(good.append).on_error(bad.append) is result
    assert good.take(1) == [2.0]
    assert [error.args for error in bad.take(1)] == [("no root", -1.0)]
    assert len(good) == len(bad) == 1


def test_cancel_goes_to_on_error(make_on, single, gate):
    bad = Calls()
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0).on_error(bad.append)
    result.cancel()
    assert isinstance(bad.take(1)[0], TaskCancelled)
    gate.open()
    held.result(PATIENCE)


def test_callback_that_raises_is_logged_and_the_others_run(make, gate, caplog):
    calls = Calls()
    with caplog.at_level(logging.ERROR, "catzilla_jit"):
        result = gate.hold(make(hold), 3)
        for error in (RuntimeError("one"), SystemExit("two"), KeyboardInterrupt()):

            def raising(_, error=error):
                raise error

            result.add_done_callback(raising)
        result.on_success(calls.append)
        gate.open()
        assert calls.take(1) == [3]
    assert "one" in caplog.text
    assert "two" in caplog.text
    assert result.result() == 3


def test_callback_may_submit_and_wait(make, single):
    answers = Calls()
    task = make(add)

    def callback(result):
        first = task.submit(result.result(), 1.0)
        answers.append(task.submit(first, 1.0).result(PATIENCE))

    task.submit(1.0, 1.0).add_done_callback(callback)
    assert answers.take(1) == [4.0]


def test_callback_may_wait_for_a_retried_task(make):
    answers = Calls()
    failures = Failures()
    failures.set(2)
    task = make(flaky, max_retries=2, retry_delay_ms=1)
    make(add).submit(1.0).add_done_callback(
        lambda _: answers.append(task.submit(*failures.arguments(6)).result(PATIENCE))
    )
    assert answers.take(1) == [6]
    failures.close()


@pytest.mark.parametrize("wait", [False, True])
def test_callback_may_shut_the_runtime_down(make_on, wait):
    runtime = Runtime(workers=1)
    ended = threading.Event()

    def callback(_):
        runtime.shutdown(wait=wait)
        ended.set()

    make_on(runtime, add).submit(1.0).add_done_callback(callback)
    assert ended.wait(PATIENCE)
    runtime.shutdown(timeout=PATIENCE)


def test_callbacks_run_on_no_worker_and_not_here(runtime, make):
    threads = Calls()
    make(add).submit(1.0).add_done_callback(lambda _: threads.append(threading.current_thread()))
    worker = runtime.task(threading.current_thread, compile_to_c=False).submit().result(PATIENCE)
    assert threads.take(1)[0] not in (threading.current_thread(), worker)


def test_shutdown_waits_for_callbacks(make_on):
    calls = []
    with Runtime(workers=1) as runtime:
        for i in range(200):
            make_on(runtime, add).submit(float(i), 0.0).on_success(calls.append)
    # Sorted: a callback added after the end may overtake one whose news is still under way.
    assert sorted(calls) == [float(i) for i in range(200)]


def test_deadline_of_a_shutdown_is_kept_by_a_callback_that_blocks(make_on):
    runtime = Runtime(workers=1)
    released = threading.Event()
    make_on(runtime, add).submit(1.0).add_done_callback(lambda _: released.wait(PATIENCE))
    with pytest.raises(TimeoutError):
        runtime.shutdown(timeout=0.1)
    released.set()
    runtime.shutdown(timeout=PATIENCE)


def test_callback_after_the_runtime_has_ended(make_on, caplog):
    calls = Calls()
    runtime = Runtime(workers=1)
    result = make_on(runtime, add).submit(1.0)
    runtime.shutdown(timeout=PATIENCE)
    result.on_success(calls.append)
    assert calls.take(1) == [1.5]
    with caplog.at_level(logging.ERROR, "catzilla_jit"):
        result.add_done_callback(lambda _: 1 / 0)
        until(lambda: "ZeroDivisionError" in caplog.text)


def test_callback_that_holds_its_result_leaves_nothing_behind(runtime):
    class Answer:
        pass

    task = runtime.task(Answer, compile_to_c=False)
    result = task.submit()
    calls = Calls()
    result.add_done_callback(lambda r, own=result: calls.append(own is r))
    assert calls.take(1) == [True]
    gone = weakref.ref(result.result())
    del result
    until(lambda: gc.collect() >= 0 and gone() is None)


def test_callbacks_of_thousands(make):
    calls = Calls()
    task = make(add)
    for i in range(3000):
        task.submit(float(i), 0.0).on_success(calls.append)
    assert sorted(calls.take(3000)) == [float(i) for i in range(3000)]


# --- concurrent.futures ---------------------------------------------------------------------------


def test_future_follows_the_result(make):
    future = make(root).submit(4.0).future()
    assert isinstance(future, concurrent.futures.Future)
    assert future.result(PATIENCE) == 2.0
    assert isinstance(make(root).submit(-1.0).future().exception(PATIENCE), ValueError)


def test_future_of_an_ended_task_has_ended(make):
    result = make(root).submit(4.0)
    result.wait(PATIENCE)
    assert result.future().done()


def test_a_task_may_wait_for_a_future_with_one_worker(make_on, single):
    task = make_on(single, root)
    outer = single.task(lambda: task.submit(4.0).future().result(), compile_to_c=False)
    assert outer.submit().result(PATIENCE) == 2.0


def test_a_callback_may_wait_for_a_future(make):
    calls = Calls()
    task = make(root)
    task.submit(4.0).on_success(lambda x: calls.append(task.submit(x).future().result(PATIENCE)))
    assert calls.take(1) == [2.0**0.5]


@pytest.mark.parametrize("way", ["add_done_callback", "on_success", "on_error"])
def test_what_cannot_be_called_is_no_callback(make, way):
    result = make(root).submit(4.0)
    with pytest.raises(TypeError, match="task root: expected a function to call back, not 5"):
        getattr(result, way)(5)
    with pytest.raises(TypeError, match=r"task root: then\(\) takes a task, not <built-in"):
        result.then(print)


def test_futures_can_be_waited_for_together(make):
    futures = [make(add).submit(float(i), 1.0).future() for i in range(100)]
    done, left = concurrent.futures.wait(futures, PATIENCE)
    assert len(done) == 100
    assert not left
    assert [future.result() for future in futures] == [i + 1.0 for i in range(100)]


def test_cancelling_the_future_cancels_the_task(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)
    future = result.future()
    assert future.cancel()
    until(result.cancelled)
    gate.open()
    held.result(PATIENCE)


def test_cancelling_the_task_cancels_the_future(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)
    future = result.future()
    result.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(PATIENCE)
    gate.open()
    held.result(PATIENCE)
