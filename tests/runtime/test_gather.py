"""gather(): values in the order given."""

from __future__ import annotations

import numpy as np
import pytest

from catzilla_jit import gather
from catzilla_jit.errors import TaskCancelled
from catzilla_jit.pools.native import library
from support.gates import hold
from support.kernels import PATIENCE, add, count, refuse


def test_values_come_in_the_order_given(make):
    assert gather(*[make(count).submit(i) for i in range(50)]) == list(range(1, 51))


def test_nothing_gathers_to_an_empty_list():
    assert gather() == []


def test_duplicates_stand_in_each_place(make):
    result = make(count).submit(1)
    assert gather(result, result, timeout=PATIENCE) == [2, 2]


def test_failure_is_raised_while_others_still_run(make, gate):
    held = gate.hold(make(hold), 5)
    with pytest.raises(ValueError, match="negative"):
        gather(held, make(refuse).submit(-1), timeout=PATIENCE)
    gate.open()
    assert held.result() == 5  # they go on


def test_exceptions_can_stand_among_the_values(make, gate):
    held = [gate.hold(make(hold), 5) for _ in range(2)]
    queued = make(count).submit(1)
    queued.cancel()
    gate.open()
    values = gather(make(refuse).submit(-1), queued, *held, return_exceptions=True)
    assert isinstance(values[0], ValueError)
    assert isinstance(values[1], TaskCancelled)
    assert values[2:] == [5, 5]


def test_cancelled_one_is_raised(make, gate):
    for _ in range(2):
        gate.hold(make(hold))
    queued = make(count).submit(1)
    queued.cancel()
    with pytest.raises(TaskCancelled):
        gather(queued, timeout=PATIENCE)


def test_timeout_says_how_many_are_left(make, gate):
    held = gate.hold(make(hold))
    for progress in (False, True):
        with pytest.raises(TimeoutError, match="1 of 2 tasks"):
            gather(make(count).submit(1), held, timeout=0.05, progress=progress)


def test_batches_and_single_results_together(make):
    values = gather(make(add).submit_map([1.0, 2.0], 1.0), make(add).submit(1.0), timeout=PATIENCE)
    assert np.array_equal(values[0], [2.0, 3.0])
    assert values[1] == 1.5


def test_bar_is_drawn_and_values_are_the_same(make, capsys):
    assert gather(*[make(count).submit(i) for i in range(5)], progress=True) == [1, 2, 3, 4, 5]


def test_what_is_no_result_is_refused():
    with pytest.raises(TypeError, match="TaskResult or BatchResult"):
        gather(1)


def test_ten_thousand_at_once(make):
    task = make(count)
    results = [task.submit(i) for i in range(10_000)]
    assert gather(*results, timeout=PATIENCE) == list(range(1, 10_001))


INTERRUPTED = """
    import os, signal, sys, threading, time
    from catzilla_jit import Runtime, TaskStatus, as_completed, gather, wait

    def spin(n: int) -> float:
        x = 0.5
        while x < n:
            x = x * 0.999 + 0.0001
        return x

    def python_spin(n):
        while True:
            pass

    rt = Runtime(workers=1)
    compiled = rt.task(spin, compile_to_c="require").warm_up()
    python = rt.task(python_spin, compile_to_c=False)
    how = sys.argv[1]
    ways = {"gather": lambda *r: gather(*r), "bar": lambda *r: gather(*r, progress=True),
            "wait": lambda *r: wait(r), "first": lambda *r: wait(r, return_when="FIRST_EXCEPTION"),
            "as_completed": lambda *r: list(as_completed(r))}
    results = [compiled.submit(10), python.submit(1), compiled.submit(10), python.submit(1)]
    at = []
    def waits(frame):
        return frame and (frame.f_code.co_filename.endswith("combine.py") or waits(frame.f_back))
    def interrupt():
        while not waits(sys._current_frames()[threading.main_thread().ident]):
            time.sleep(0.01)
        time.sleep(0.3)
        at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    try:
        ways[how](*results)
    except KeyboardInterrupt:
        took = time.monotonic() - at[0]
    else:
        raise SystemExit("no KeyboardInterrupt")
    for result in results:
        try:
            result.result(5)
        except BaseException:
            pass
    print([result.status().name for result in results], took)
    assert took < LIMIT, took
    assert all(result.status() is TaskStatus.CANCELLED for result in results)
    rt.shutdown(timeout=5)
"""


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers can be stopped")
@pytest.mark.parametrize("how", ["gather", "bar", "wait", "first", "as_completed"])
def test_interrupt_cancels_what_is_waited_for(script, how):
    # The limit is 0.2 s; a loaded machine adds to it.
    script(INTERRUPTED.replace("LIMIT", "1.0"), how)
