"""The basic example that the specification names: two tasks, their results, their statistics.

    python main.py

It runs what stands in examples/spec; examples/web has the same with routes.
"""

from __future__ import annotations

import runpy
from pathlib import Path

SPEC = Path(__file__).parents[1] / "spec"

if __name__ == "__main__":
    for script in ("quick_start", "callbacks", "statistics_and_memory"):
        runpy.run_path(str(SPEC / f"{script}.py"), run_name="__main__")
