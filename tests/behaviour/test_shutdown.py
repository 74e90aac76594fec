"""The end of a runtime: waiting, deadlines, cancelling what is pending."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import RuntimeClosed, TaskCancelled
from support.gates import ROOM, hold, note
from support.kernels import PATIENCE, add, base_task, count


def test_shutdown_finishes_what_was_submitted(make_on):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    results = [make_on(runtime, add).submit(float(i), 1.0) for i in range(500)]
    batch = make_on(runtime, add).submit_map(np.arange(1000.0), 1.0)
    runtime.shutdown()
    assert all(result.done() for result in results)
    assert batch.done()
    assert [result.result() for result in results] == [i + 1.0 for i in range(500)]
    assert batch.wait()[-1] == 1000.0


def test_submitting_after_shutdown_raises_runtime_closed(make_on):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    task, fresh = make_on(runtime, add), make_on(runtime, add)
    task.submit(1.0).result()
    runtime.shutdown()
    for refused in (task, fresh, task.options(priority="low")):
        with pytest.raises(RuntimeClosed, match="shut down"):
            refused.submit(1.0)
        with pytest.raises(RuntimeError):
            refused.submit_map([1.0])
    with pytest.raises(RuntimeClosed):
        runtime.add_task(add, 1.0)
    assert task(1.0) == 1.5
    assert runtime.closed


def test_shutdown_of_a_runtime_that_never_started(make_on):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    runtime.shutdown()
    runtime.shutdown()
    with pytest.raises(RuntimeClosed):
        make_on(runtime, add).submit(1.0)


def test_deadline_of_a_shutdown_is_kept_and_the_work_goes_on(make_on, gate):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    held = gate.hold(make_on(runtime, hold), 4)
    waiting = make_on(runtime, add).submit(1.0)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="tasks are queued"):
        runtime.shutdown(timeout=0.1)
    assert 0.05 < time.monotonic() - start < 5
    with pytest.raises(TimeoutError):
        runtime.shutdown(timeout=0)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert (held.result(), waiting.result()) == (4, 1.5)


def test_shutdown_without_waiting_returns_at_once(make_on, gate):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    held = gate.hold(make_on(runtime, hold), 4)
    runtime.shutdown(wait=False)
    assert not held.done()
    gate.open()
    assert held.result(PATIENCE) == 4
    runtime.shutdown(timeout=PATIENCE)


def test_cancel_pending_cancels_what_has_not_started(make_on, gate):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    held = gate.hold(make_on(runtime, hold), 4)
    results = [make_on(runtime, add).submit(1.0) for _ in range(100)]
    batch = make_on(runtime, add).submit_map(np.arange(10.0), 1.0)
    runtime.shutdown(wait=False, cancel_pending=True)
    for result in results:
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
    with pytest.raises(TaskCancelled):
        batch.wait(PATIENCE)
    gate.open()
    assert held.result(PATIENCE) == 4
    runtime.shutdown(timeout=PATIENCE)


def test_cancel_pending_stops_running_maps(make_on, gate):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    task = make_on(runtime, hold)
    batch = task.submit_map(np.full(1000, gate._start), gate._opened, ROOM, 0, chunk_size=1)
    gate.entered()
    runtime.shutdown(wait=False, cancel_pending=True)
    gate._inside = 1000
    gate.open()
    if batch.status() is not TaskStatus.COMPLETED:
        try:
            batch.wait(PATIENCE)
        except TaskCancelled:
            assert batch.completed_range[1] < 1000
    runtime.shutdown(timeout=PATIENCE)


def test_with_block_finishes_its_work(make_on):
    with Runtime(workers=2) as runtime:
        results = [make_on(runtime, add).submit(float(i)) for i in range(100)]
    assert all(result.done() for result in results)
    assert runtime.closed


def test_sys_exit_in_a_with_block_finishes_its_work(make_on):
    results = []

    def leave():
        with Runtime(workers=1, enable_auto_scaling=False) as runtime:
            results.extend(make_on(runtime, count).submit(i) for i in range(100))
            sys.exit()

    with pytest.raises(SystemExit):
        leave()
    assert [result.result(0) for result in results] == list(range(1, 101))


def test_exception_in_a_with_block_cancels_what_is_pending(make_on, gate):
    results = []

    def use():
        with Runtime(enable_auto_scaling=False, workers=1) as runtime:
            results.append(gate.hold(make_on(runtime, hold), 4))
            results.append(make_on(runtime, add).submit(1.0))
            threading.Timer(0.05, gate.open).start()
            raise KeyError("out")

    with pytest.raises(KeyError, match="out"):
        use()
    assert results[0].result() == 4
    assert results[1].status() is TaskStatus.CANCELLED


def test_shutdown_from_many_threads(make_on):
    for _ in range(10):
        runtime = Runtime(workers=2)
        results = [make_on(runtime, add).submit(float(i)) for i in range(50)]
        errors = []

        def shut(runtime=runtime, errors=errors):
            try:
                runtime.shutdown(timeout=PATIENCE)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=shut) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert errors == []
        assert all(result.done() for result in results)


def test_full_queue_running_task_and_cancel_at_shutdown(make_on, gate, notes):
    runtime = Runtime(enable_auto_scaling=False, workers=1, queue_size=3)
    held = gate.hold(make_on(runtime, hold), 4)
    task = make_on(runtime, note)
    results = [notes.submit(task, number) for number in range(3)]
    results[1].cancel()
    runtime.shutdown(wait=False)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert notes.take(2) == [0, 2]
    assert held.result() == 4
    assert [result.cancelled() for result in results] == [False, True, False]


def test_task_may_shut_its_runtime_down(single):
    add_task = single.task(base_task(add, "python"))

    def last():
        result = add_task.submit(1.0)
        single.shutdown(wait=False)
        return result

    assert single.task(last, compile_to_c=False).submit().result(PATIENCE).result(PATIENCE) == 1.5


def test_workers_are_gone_after_shutdown(make_on):
    before = threading.active_count()
    runtime = Runtime(workers=4)
    for _ in range(20):
        make_on(runtime, add).submit(1.0).result()
    runtime.shutdown()
    assert threading.active_count() <= before


def test_default_runtime_can_be_configured_again_after_shutdown(script):
    script("""
        import catzilla_jit
        from catzilla_jit import errors
        @catzilla_jit.task(compile_to_c=False)
        def double(x):
            return 2 * x
        catzilla_jit.configure(workers=1)
        assert double.submit(1).result() == 2
        assert catzilla_jit.get_runtime().workers == 1
        try:
            catzilla_jit.configure(workers=2)
        except RuntimeError as error:
            assert "started" in str(error)
        else:
            raise AssertionError
        catzilla_jit.shutdown()
        try:
            double.submit(1)
        except errors.RuntimeClosed:
            pass
        else:
            raise AssertionError
        catzilla_jit.configure(workers=2)
        assert double.submit(4).result() == 8
        assert double.map([1, 2]).tolist() == [2, 4]
        assert catzilla_jit.get_runtime().workers == 2
        catzilla_jit.shutdown()
        catzilla_jit.shutdown()
    """)


def test_module_functions_without_a_runtime(script):
    script("""
        import catzilla_jit
        catzilla_jit.shutdown()
        assert catzilla_jit.add_task(len, "abc").result() == 3
    """)
