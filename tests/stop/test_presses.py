"""Half a minute of presses.py, and less on the pure-Python pool."""

from __future__ import annotations

import os
import pathlib
import re

import pytest

import catzilla_jit

ROOT = pathlib.Path(catzilla_jit.__file__).parents[1]
SCRIPT = pathlib.Path(__file__).with_name("interrupts.py")


@pytest.mark.parametrize(("disabled", "seconds"), [("", "30"), ("1", "10")])
def test_ctrl_c_inside_every_public_call_loses_nothing(script, disabled, seconds):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(SCRIPT)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')",
        "--presses",
        "--seconds",
        seconds,
        timeout=240,
        check=False,  # what hits a finalizer is reported
        CATZILLA_JIT_DISABLE_NATIVE=disabled,
        PYTHONPATH=os.pathsep.join((str(ROOT), str(SCRIPT.parent))),
    )
    print(done.stdout)  # the seed, the hits
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r", (\d+) hit", done.stdout)[1]) >= 50
