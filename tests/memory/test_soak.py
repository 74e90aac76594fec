"""Some seconds of soak.py, on malloc and on jemalloc; ten minutes of it are for a free machine."""

from __future__ import annotations

import pathlib
import re

import pytest

from catzilla_jit import jemalloc
from catzilla_jit.pools.native import library as native

SOAK = pathlib.Path(__file__).with_name("soak.py")
LIBRARY = jemalloc.find_library()
ALLOCATORS = [
    pytest.param(None, id="malloc"),
    pytest.param(
        LIBRARY,
        id="jemalloc",
        marks=pytest.mark.skipif(LIBRARY is None, reason="jemalloc is not installed"),
    ),
]


@pytest.mark.skipif(native.unavailable() is not None, reason="endless kernels must be stopped")
@pytest.mark.parametrize("library", ALLOCATORS)
def test_memory_threads_and_descriptors_stay_flat(script, library):
    done = script(
        f"import runpy, sys; sys.argv[0] = {str(SOAK)!r}\n"
        f"runpy.run_path({str(SOAK)!r}, run_name='__main__')",
        "--seconds",
        "20",
        timeout=300,
        check=False,
        **({"LD_PRELOAD": library} if library else {}),
    )
    print(done.stdout)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert int(re.search(r"(\d+) rounds in", done.stdout)[1]) >= 9
