"""The end of a runtime in every order: what is queued, runs, is delayed, retried or promised."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import RuntimeClosed, TaskCancelled
from support.gates import hold
from support.kernels import PATIENCE, add, count
from support.unruly import Failures, flaky, until

HOUR_MS = 3_600_000


class Load:
    """A runtime of one worker with work in every state."""

    def __init__(self, make_on, gate, soon):
        # Full with what is queued below; room for what is soon due, or this could wait for it.
        self.runtime = Runtime(workers=1, queue_size=8 if soon else 4, enable_auto_scaling=False)
        self.failures = Failures()
        self.failures.set(1)
        later = 5 if soon else HOUR_MS
        self.retried = make_on(self.runtime, flaky, max_retries=2, retry_delay_ms=later).submit(
            *self.failures.arguments(1)
        )
        until(lambda: self.retried.retries == 1)
        self.running = gate.hold(make_on(self.runtime, hold), 1)
        self.queued = [make_on(self.runtime, count).submit(i) for i in range(4)]
        self.delayed = [make_on(self.runtime, count, delay_ms=later).submit(i) for i in range(3)]
        self.promised = make_on(self.runtime, add).submit(self.running, 1.0)
        self.all = [self.retried, self.running, *self.queued, *self.delayed, self.promised]


@pytest.fixture
def loaded(make_on, gate):
    loads = []

    def loaded(*, soon):
        loads.append(Load(make_on, gate, soon))
        return loads[-1]

    yield loaded
    gate.open()
    for load in loads:
        load.runtime.shutdown(timeout=PATIENCE)
        load.failures.close()


def test_everything_runs(loaded, gate):
    load = loaded(soon=True)
    load.runtime.shutdown(wait=False)
    gate.open()
    load.runtime.shutdown(timeout=PATIENCE)
    assert [result.result(0) for result in load.all] == [1, 1, 1, 2, 3, 4, 1, 2, 3, 2.0]


def test_what_has_not_started_is_cancelled(loaded, gate):
    load = loaded(soon=False)
    load.runtime.shutdown(wait=False, cancel_pending=True)
    for result in (load.retried, *load.queued, *load.delayed):
        assert result.status() is TaskStatus.CANCELLED
    gate.open()
    load.runtime.shutdown(timeout=PATIENCE)
    assert load.running.result(0) == 1
    assert all(result.done() for result in load.all)


def test_deadline_is_kept(loaded, gate):
    load = loaded(soon=False)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"[0-9] tasks are queued, 1 workers are busy"):
        load.runtime.shutdown(timeout=0.1)
    assert 0.05 < time.monotonic() - start < 5
    load.runtime.shutdown(wait=False, cancel_pending=True)
    gate.open()
    load.runtime.shutdown(timeout=PATIENCE)
    assert all(result.done() for result in load.all)


@pytest.mark.parametrize("order", list(itertools.permutations(["now", "cancel", "timeout"])))
def test_any_order_of_shutdowns(loaded, gate, order):
    load = loaded(soon=False)
    for step in order:
        if step == "now":
            load.runtime.shutdown(wait=False)
        elif step == "cancel":
            load.runtime.shutdown(wait=False, cancel_pending=True)
        else:
            with pytest.raises(TimeoutError):
                load.runtime.shutdown(timeout=0.02)
    gate.open()
    load.runtime.shutdown(timeout=PATIENCE)
    for result in load.all:
        with contextlib.suppress(TaskCancelled):
            result.result(0)


def test_cancels_before_the_end(loaded, gate):
    load = loaded(soon=False)
    for result in (load.retried, *load.queued, *load.delayed, load.promised):
        assert result.cancel()
    gate.open()
    load.runtime.shutdown(timeout=PATIENCE)
    assert load.running.result(0) == 1


def test_failure_after_cancel_pending_is_not_tried_again(make_on, gate):
    runtime = Runtime(workers=1, enable_auto_scaling=False)

    def fail(started, opened, room, answer):
        hold(started, opened, room, answer)
        raise ValueError("last")

    task = runtime.task(fail, compile_to_c=False, max_retries=5, retry_delay_ms=HOUR_MS)
    result = gate.hold(task)
    runtime.shutdown(wait=False, cancel_pending=True)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert isinstance(result.exception(0), ValueError)
    assert result.retries == 0


def test_delayed_submission_after_shutdown_is_refused(make_on):
    runtime = Runtime(workers=1)
    task = make_on(runtime, count, delay_ms=5, max_retries=2, timeout_ms=1000)
    first = task.submit(1)
    runtime.shutdown(timeout=PATIENCE)
    assert first.result(0) == 2
    with pytest.raises(RuntimeClosed):
        task.submit(1)
    with pytest.raises(RuntimeClosed):
        task.submit(first)


AT_EXIT = """
    import sys
    from catzilla_jit import Runtime

    def count(n: int) -> int:
        return n + 1

    kind = "require" if sys.argv[1] == "compiled" else False
    runtime = Runtime(workers=1)
    task = runtime.task(count, compile_to_c=kind)
    first = task.options(delay_ms=50).submit(1)
    task.submit(task.submit(first)).on_success(lambda value: print("promised", value, flush=True))
    tries = []
    def fail():
        tries.append(1)
        if len(tries) < 3:
            raise ValueError
        print("tried", len(tries), flush=True)
    runtime.task(fail, compile_to_c=False, max_retries=4, retry_delay_ms=20).submit()
"""


def test_interpreter_exit_finishes_delayed_and_promised_work(script, kind):
    assert sorted(script(AT_EXIT, kind).stdout.splitlines()) == ["promised 4", "tried 3"]


FORKED = """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12
    import os, sys
    from catzilla_jit import Runtime
    from catzilla_jit.errors import RuntimeClosed

    runtime = Runtime(workers=1)
    task = runtime.task(lambda n: n + 1, compile_to_c=False, delay_ms=1, max_retries=1)
    first = task.submit(1)
    assert task.submit(first).result(30) == 3  # the dispatcher runs
    child = os.fork()
    if child == 0:
        try:
            task.submit(first)
            code = 1
        except RuntimeClosed:
            code = 0 if task.submit(task.submit(1)).result(30) == 3 else 2
        runtime.shutdown(timeout=30)
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert task.submit(task.submit(5)).result(30) == 7
"""


def test_child_of_a_fork_has_a_dispatcher_of_its_own(script):
    script(FORKED)
