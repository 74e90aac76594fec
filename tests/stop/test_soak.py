"""Some seconds of soak.py; hours of it are for a free machine."""

from __future__ import annotations

import pathlib
import re

import pytest

from catzilla_jit.pools.native import library

SOAK = pathlib.Path(__file__).with_name("soak.py")


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers can be stopped")
def test_random_stops_leave_every_call_with_one_end_and_every_worker_alive(script):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(SOAK)!r}\n"
        f"runpy.run_path({str(SOAK)!r}, run_name='__main__')",
        "--seconds",
        "6",
        timeout=180,
    )
    print(done.stdout)  # the seed, the ends, the bytes
    assert int(re.search(r"(\d+) stops in", done.stdout)[1]) >= 40
