"""The examples from the fields that users come from check themselves; smaller here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {
    "options": (("arange(1000)", "arange(100)"), "with the control variate"),
    "polygon": (("POINTS = 4000", "POINTS = 1000"), "1,000,000 points"),
    "epidemic": (("RUNS = 2000", "RUNS = 500"), "94."),
}


@pytest.mark.parametrize("name", sorted(SMALL))
def test_example_agrees_with_theory(name, tmp_path):
    (before, after), prints = SMALL[name]
    source = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert before in source
    script = tmp_path / f"{name}.py"
    script.write_text(source.replace(before, after), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert prints in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
