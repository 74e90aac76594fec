"""Some of cycles.py, on both pools."""

from __future__ import annotations

import pathlib
import re

import pytest

SCRIPT = pathlib.Path(__file__).with_name("cycles.py")


@pytest.mark.parametrize("disabled", ["", "1"])
def test_memory_stays_flat_over_submissions_cancels_and_time_limits(script, disabled):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(SCRIPT)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        "--cycles",
        "20000",
        timeout=180,
        CATZILLA_JIT_DISABLE_NATIVE=disabled,
    )
    print(done.stdout)
    assert float(re.search(r"growth (\S+) MB", done.stdout)[1]) < 4.0
