"""The advanced example that the specification names: tasks that need each other's results.

    python workflow_example.py

It runs what stands in examples/spec; examples/web has the same with routes.
"""

from __future__ import annotations

import runpy
from pathlib import Path

SPEC = Path(__file__).parents[1] / "spec"

if __name__ == "__main__":
    for script in ("workflow", "batch_of_tasks"):
        runpy.run_path(str(SPEC / f"{script}.py"), run_name="__main__")
