"""Some seconds of interrupts.py, on both pools."""

from __future__ import annotations

import pathlib
import re

import pytest

SCRIPT = pathlib.Path(__file__).with_name("interrupts.py")


@pytest.mark.parametrize("disabled", ["", "1"])
def test_random_interrupts_hit_their_own_task_and_no_worker_is_lost(script, disabled):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(SCRIPT)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        "--seconds",
        "5",
        timeout=180,
        CATZILLA_JIT_DISABLE_NATIVE=disabled,
    )
    print(done.stdout)  # the seed, the ends
    assert int(re.search(r"(\d+) stops in", done.stdout)[1]) >= 40
