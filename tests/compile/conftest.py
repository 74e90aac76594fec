"""The tests of the compile stage: Hypothesis choose the same examples each time."""

from __future__ import annotations

import hypothesis

hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")
