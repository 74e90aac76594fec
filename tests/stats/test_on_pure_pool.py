"""The same numbers on the pool that runs without the native library."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from catzilla_jit.runtime import native

HERE = pathlib.Path(__file__).parent


@pytest.mark.skipif(native.unavailable() is not None, reason="this is that run")
def test_statistics_are_the_same_on_the_pure_python_pool() -> None:
    files = [str(HERE / name) for name in ("test_counts.py", "test_reader.py", "test_trace.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files],
        env={**os.environ, "CATZILLA_JIT_DISABLE_NATIVE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
