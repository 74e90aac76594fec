"""The behaviour suite once more, on the pool that runs without the native library."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from catzilla_jit.runtime import native

BEHAVIOUR = pathlib.Path(__file__).parent / "behaviour"


@pytest.mark.skipif(native.unavailable() is not None, reason="this is that run")
def test_behaviour_suite_passes_on_the_pure_python_pool(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(BEHAVIOUR)],
        env={**os.environ, "CATZILLA_JIT_DISABLE_NATIVE": "1"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
