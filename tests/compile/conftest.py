"""Makes `compile_harness` importable, and Hypothesis choose the same examples each time."""

from __future__ import annotations

import pathlib
import sys

import hypothesis

sys.path.insert(0, str(pathlib.Path(__file__).parent))
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")
