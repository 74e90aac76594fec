"""The examples of parallel work check themselves; smaller here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "parallel"
SMALL = {
    "quicksort": ("N = 1_000_000", "N = 50_000", "50,000 numbers sorted"),
    "quadrature": ("1e-10", "1e-9", "1.41928450"),
    "queens": ("N = 10", "N = 8", "92 ways to place 8 queens"),
    "heat": ("ROWS = 400", "ROWS = 40", "in each of three runs"),
    "kd_tree": ("POINTS = 20_000", "POINTS = 2_000", "500 queries among 2,000 points agree"),
}


def test_each_example_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(SMALL)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_example_checks_its_answer(name: str, tmp_path: Path) -> None:
    before, after, prints = SMALL[name]
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert before in source
    script = tmp_path / f"{name}.py"
    script.write_text(source.replace(before, after), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert prints in done.stdout
