"""Makes `compile_harness` importable, and gives the tests a disk cache of their own."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile

import hypothesis

sys.path.insert(0, str(pathlib.Path(__file__).parent))
os.environ["CATZILLA_JIT_CACHE_DIR"] = tempfile.mkdtemp(prefix="catzilla_jit_test_cache")
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")
