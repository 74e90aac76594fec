"""No memory, no threads: an exception in Python, and a process that goes on."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading

import numpy as np
import pytest

from catzilla_jit import Runtime, wait
from catzilla_jit.errors import QueueFull
from catzilla_jit.pools.native import library
from catzilla_jit.pools.open_pool import make_backend
from support.kernels import PATIENCE, add, base_task

needs_native = pytest.mark.skipif(
    library.unavailable() is not None, reason="a setting of the native pool"
)


def settings(**changes):
    return dataclasses.replace(Runtime(workers=2).settings, **changes)


@needs_native
@pytest.mark.parametrize("stack_bytes", [2**60, 2**46])
def test_threads_that_cannot_be_created_raise_and_leave_nothing(stack_bytes):
    before = threading.active_count()
    for _ in range(5):
        with pytest.raises((RuntimeError, MemoryError), match="cannot start a runtime"):
            make_backend(settings(stack_bytes=stack_bytes))
    assert threading.active_count() == before
    with Runtime(workers=1) as runtime:
        assert runtime.task(base_task(add, "compiled")).submit(1.0).result(PATIENCE) == 1.5


@needs_native
def test_memory_limit_raises_and_the_pool_goes_on():
    runtime = Runtime(workers=1, queue_size=10**6, enable_auto_scaling=False, memory_pool_mb=1)
    task = runtime.task(base_task(add, "compiled"))
    results = []

    def fill():
        for _ in range(100_000):
            results.append(task.submit(1.0))

    with pytest.raises((QueueFull, MemoryError)):
        fill()
    assert len(results) > 1000
    assert all(result.result(PATIENCE) == 1.5 for result in results)
    del results[:]
    assert task.submit(1.0).result(PATIENCE) == 1.5
    runtime.shutdown(timeout=PATIENCE)


def test_python_worker_that_cannot_be_started_is_a_runtime_error(monkeypatch):
    with Runtime(workers=1) as runtime:
        task = runtime.task(base_task(add, "python"))
        start = threading.Thread.start

        def refuse(thread):
            if "python" in thread.name:
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            task.submit(1.0)
        with pytest.raises(RuntimeError, match="new thread"):
            task.options(delay_ms=1).submit(1.0)
        monkeypatch.undo()
        assert task.submit(1.0).result(PATIENCE) == 1.5


def test_map_of_more_memory_than_there_is_is_refused(runtime):
    task = runtime.task(base_task(add, "compiled"))
    huge = np.broadcast_to(np.float64(1.0), (1 << 46,))
    with pytest.raises(MemoryError):
        task.map(huge, 1.0)
    assert task.submit(1.0).result(PATIENCE) == 1.5


@needs_native
def test_limited_address_space_gives_exceptions_not_crashes(script):
    script("""
        import resource, sys, threading
        import catzilla_jit
        from catzilla_jit import Runtime
        @catzilla_jit.task(compile_to_c="require")
        def double(x: float) -> float:
            return 2.0 * x
        assert double.submit(1.0).result() == 2.0
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 40 * 2**20, hard))
        failures = 0
        for _ in range(3):
            try:
                Runtime(workers=64, enable_auto_scaling=False).task(double).submit(1.0)
            except (RuntimeError, MemoryError, OSError):
                failures += 1
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        assert failures == 3, failures
        assert double.submit(2.0).result() == 4.0
        with Runtime(workers=2) as runtime:
            assert runtime.task(double).submit(3.0).result() == 6.0
    """)


class Own(BaseException):
    """Of a task's own, and no Exception."""


def square(n: int) -> int:
    m = n * n
    if m > 2**62:
        raise Own("big")
    return m


def own(n: int) -> int:
    raise Own("big")


# The first does not fit compiled code, and runs again as Python in whoever asks.
@pytest.mark.parametrize(
    ("function", "mode"), [(square, "require"), (own, "require"), (own, False)]
)
def test_exception_that_is_no_exception_fails_its_task_alone(runtime, function, mode):
    task = runtime.task(function, compile_to_c=mode)
    for ask in ("status", "exception", "__repr__"):
        failed = task.submit(2**40)
        assert wait([failed], PATIENCE).done
        answer = repr(getattr(failed, ask)())
        assert "Own" in answer or "failed" in answer or "FAILED" in answer
    retried = task.options(max_retries=1, retry_on=Own, retry_delay_ms=1).submit(2**40)
    told = threading.Event()
    retried.add_done_callback(lambda _: told.set())
    with pytest.raises(Own, match="big"):
        retried.result(PATIENCE)
    assert told.wait(PATIENCE)
    assert retried.retries == 1
    with pytest.raises(Own, match="big"):
        task.submit(task.submit(2**40)).result(PATIENCE)


def test_what_a_signals_handler_raises_while_a_call_runs_again_is_for_who_asks(script):
    script("""
    import signal
    import catzilla_jit
    class Enough(Exception):
        pass
    def enough(*_):
        raise Enough
    signal.signal(signal.SIGALRM, enough)
    @catzilla_jit.task(compile_to_c="require")
    def long(n: int) -> int:
        m = n
        for _ in range(3000):
            m = m * n
            for i in range(3000):
                m += i
        return m
    result = long.submit(3)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        result.result(50)
    except Enough:
        pass
    else:
        raise AssertionError("not reached")
    assert result.exception(50) is None
    """)


@needs_native
def test_fault_in_a_compiled_task_is_reported_by_faulthandler(script):
    done = script(
        """
        import faulthandler
        import numpy as np
        from catzilla_jit import task
        faulthandler.enable()
        @task(compile_to_c="require", boundscheck=False)
        def far(x: np.ndarray, i: int) -> float:
            return x[i]
        far.submit(np.zeros(1), 2**45).result(20)
        """,
        check=False,
        # AddressSanitizer would take this fault for one of ours (make sanitize-python).
        ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0",
    )
    assert done.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.stderr
