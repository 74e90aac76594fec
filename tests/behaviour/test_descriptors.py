"""A process that has no free descriptor, or has lost those that a runtime keeps open."""

from __future__ import annotations

import pytest

from support.unruly import stoppable

pytest.importorskip("resource")

SOURCE = """
    import math, os, resource, time
    from catzilla_jit import Runtime, errors
    def endless(x: float) -> float:
        while x < 10.0:
            x = math.sin(x)
        return x
    def twice(x: float) -> float:
        return x + x
    runtime = Runtime(workers=2, enable_auto_scaling=False)
    task = runtime.task(endless, compile_to_c="require")
    tame = runtime.task(twice, compile_to_c="require")
    limited = task.options(timeout_ms=20)
    assert tame.submit(2.0).result(60) == 4.0
    for warm in (task, limited):
        result = warm.submit(20.0)
        assert result.result(60) == 20.0
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    def ends(result, error):
        try:
            result.result(60)
        except error:
            return
        raise AssertionError("it has ended well")
    def started(task):
        result = task.submit(0.5)
        while not result.running():
            time.sleep(0.001)
        return result
"""


@pytest.fixture(autouse=True)
def _native():
    if not stoppable("compiled"):
        pytest.skip("compiled code cannot be stopped on this pool")


def test_compiled_code_is_stopped_without_a_free_descriptor(script):
    script(
        SOURCE
        + """
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    for _ in range(3):
        result = started(task)
        assert result.cancel()
        ends(result, errors.TaskCancelled)
        ends(limited.submit(0.5), errors.TaskTimeout)
    assert [tame.submit(float(i)).result(60) for i in range(9)] == [i + i for i in range(9)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    runtime.shutdown(timeout=60)
    """
    )


def test_calls_that_cannot_be_stopped_end_for_their_waiters(script):
    script(
        SOURCE
        + """
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    os.closerange(3, 1000)
    result = started(task)
    assert result.cancel() and result.done()
    ends(result, errors.TaskCancelled)
    ends(limited.submit(0.5), errors.TaskTimeout)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    runtime.shutdown(timeout=60, cancel_running=True)
    """
    )


def test_child_of_a_fork_stops_its_own_compiled_code(script):
    script(
        SOURCE
        + """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    ends(limited.submit(0.5), errors.TaskTimeout)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            mine = Runtime(workers=1)
            def new(x: float, y: float) -> float:
                while x < 10.0:
                    x = math.sin(x) + y
                return x
            fresh = mine.task(new, compile_to_c="require")
            result = fresh.submit(0.5, 0.0)
            while not result.running():
                time.sleep(0.001)
            assert result.cancel()
            ends(result, errors.TaskCancelled)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    runtime.shutdown(timeout=60)
    """
    )
