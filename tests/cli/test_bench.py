"""`catzilla-jit bench`: a table, or one object, of measured rates."""

from __future__ import annotations

import json


def test_table_has_a_row_per_subject_and_the_baseline_is_1(cli):
    result = cli("bench", "--seconds", "0.05")
    assert result.returncode == 0, result.stderr
    rows = [line.rsplit(None, 2) for line in result.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == ["ThreadPoolExecutor", "Python task", "compiled task"]
    assert rows[0][2] == "1.0"


def test_json_is_one_object(cli):
    report = json.loads(cli("bench", "--seconds", "0.05", "--json").stdout)
    assert set(report) == {"seconds", "workers", "rates"}
    assert all(rate > 0 for rate in report["rates"].values())


def test_seconds_must_be_positive(cli):
    assert cli("bench", "--seconds", "0").returncode == 2
