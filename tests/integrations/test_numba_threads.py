"""Numba's parallel functions on a runtime's workers: each in a process, which has one layer."""

from __future__ import annotations

import pytest

from catzilla_jit.pools.native import library

pytestmark = pytest.mark.skipif(
    library.unavailable() is not None, reason="needs the native libraries"
)

LOOPS = """
    import signal
    import threading
    import numba
    import numpy as np
    from catzilla_jit import Runtime, get_task_stats, shutdown
    from catzilla_jit.integrations import numba_threads

    @numba.njit(parallel=True)
    def total(x):
        found = 0.0
        for i in numba.prange(len(x)):
            found += x[i]
        return found

    @numba.njit(parallel=True)
    def totals(x, out):
        for i in numba.prange(len(out)):
            out[i] = total(x) + i

    @numba.njit(parallel=True)
    def slow(n):
        found = 0.0
        for i in numba.prange(n):
            y = 0.5
            for _ in range(2000):
                y = 3.7 * y * (1.0 - y)
            found += y
        return found

    x = np.arange(10_000.0)
"""


def test_loops_of_many_threads_and_nested_ones_give_their_sums(script):
    done = script(
        LOOPS
        + """
    numba_threads.install()
    wrong = []

    def call():
        for _ in range(10):
            out = np.zeros(5)
            totals(x, out)
            if not np.array_equal(out, total(x) + np.arange(5)):
                wrong.append(out)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(numba.threading_layer(), wrong, total(x))
    shutdown()
    print(total(x))  # on the calling thread alone
    with Runtime(workers=2) as runtime:
        numba_threads.install(runtime)
        print(total(x))
    """
    )
    assert done.stdout.splitlines() == ["catzilla_jit [] 49995000.0", *["49995000.0"] * 2]


def test_signal_ends_a_loop_with_what_its_handler_raises(script):
    done = script(
        LOOPS
        + """
    numba_threads.install()
    slow(10)
    busy = sum(each.busy_seconds for each in get_task_stats().workers)

    def ring(number, frame):
        raise TimeoutError("rung")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        slow(200_000_000)
    except TimeoutError as error:
        print(error)
    after = sum(each.busy_seconds for each in get_task_stats().workers)
    print(after > busy, slow(10) > 0.0)
    """
    )
    assert done.stdout.splitlines() == ["rung", "True True"]


def test_another_layer_that_is_in_use_stays(script):
    done = script(
        LOOPS
        + """
    total(x)
    try:
        numba_threads.install()
    except RuntimeError as error:
        print(error)
    """,
        NUMBA_THREADING_LAYER="workqueue",
    )
    assert "threading layer 'workqueue' already" in done.stdout
