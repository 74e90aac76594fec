"""Some seconds of forks.py; hours of it are for a free machine."""

from __future__ import annotations

import pathlib
import re
import runpy
import time

import pytest

from catzilla_jit.errors import TaskCancelled
from catzilla_jit.pools.native import library

FORKS = pathlib.Path(__file__).with_name("forks.py")


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers take calls over")
def test_random_trees_give_what_they_give_in_order_whatever_is_stopped(script):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(FORKS)!r}\n"
        f"runpy.run_path({str(FORKS)!r}, run_name='__main__')",
        "--seconds",
        "3",
        "--seed",
        "5",
        timeout=180,
    )
    print(done.stdout)  # the seed, the ends
    assert int(re.search(r"(\d+) completed", done.stdout)[1]) >= 10
    assert int(re.search(r"(\d+) cancelled", done.stdout)[1]) >= 1


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers take calls over")
def test_cancel_reaches_workers_that_run_other_parts_while_they_wait():
    stress = runpy.run_path(str(FORKS))["Stress"](1, 4)
    for round in range(60):
        result = stress.waiting.submit(2 + round % 5, stress.go_on)
        time.sleep(0.0003 * round)
        result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(timeout=30)
    stress.runtime.shutdown(timeout=30)
