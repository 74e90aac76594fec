"""Every script of examples/spec runs, prints what it should, and is in the table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "spec"
PRINTS = {
    "batch_of_tasks": "analyze_data {'dataset_id': 'sales'",
    "benchmark_route": "'successful_tasks': 1000",
    "callbacks": "to user 1: processed 1 friends\nuser 2 failed: KeyError('friends')\n"
    "security event of severity 5: user_processing_failed\n",
    "configuration": "42 after 2 retries\n42 after 50 ms: True\n",
    "from_celery_and_rq": "4.0\n3\n",
    "priorities": "critical: login\nhigh: mail to 7\nnormal: report of month 5\nlow: clean /tmp\n",
    "quick_start": "5.858 damage",
    "statistics_and_memory": "total 1000",
    "task_result": "cancelled while it ran: True",
    "workflow": "LookupError('no user -1') from LookupError('no user -1')",
}


def test_every_script_is_listed_and_run():
    scripts = {path.stem for path in FOLDER.glob("*.py")}
    assert scripts == set(PRINTS)
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [script for script in sorted(scripts) if f"`{script}.py`" not in table] == []


@pytest.mark.parametrize("script", sorted(PRINTS))
def test_script_prints_what_it_should(script):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / f"{script}.py")],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert PRINTS[script] in done.stdout
