"""`catzilla-jit doctor`: findings, advice for each, and an exit code that a script can use."""

from __future__ import annotations

import json

import pytest

from catzilla_jit.cli import health_checks
from catzilla_jit.cli.health_checks import Finding, examine


def findings(result):
    return {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}


def test_text_is_plain_and_fits_80_columns(cli):
    result = cli("doctor")
    assert result.returncode == 0, result.stdout
    assert "\x1b" not in result.stdout
    assert all(len(line) <= 80 and line == line.rstrip() for line in result.stdout.splitlines())
    assert "compiled and ran" in result.stdout


def test_json_is_one_object_in_which_every_problem_has_advice(cli):
    result = cli("doctor", "--json")
    report = json.loads(result.stdout)
    assert report["ok"] is True
    assert {"python", "numba", "native library", "trial task", "allocator", "processors"} <= set(
        findings(result)
    )
    for finding in report["findings"]:
        assert finding["level"] in health_checks.LEVELS
        assert bool(finding["advice"]) == (finding["level"] != "ok"), finding


def test_something_broken_is_exit_code_1(cli):
    result = cli("doctor", "--json", CATZILLA_JIT_WORKERS="many")
    assert result.returncode == 1
    assert json.loads(result.stdout)["ok"] is False
    assert findings(result)["workers"]["level"] == "broken"


def test_too_many_workers_are_a_warning(cli):
    result = cli("doctor", "--json", CATZILLA_JIT_WORKERS="1000")
    assert result.returncode == 0
    assert findings(result)["workers"]["level"] == "warning"


@pytest.mark.parametrize(
    ("variable", "finding"),
    [
        ("CATZILLA_JIT_DISABLE_NATIVE", "native library"),
        ("NUMBA_DISABLE_JIT", "compilation"),
        ("CATZILLA_JIT_DISABLE_JIT", "compilation"),
    ],
)
def test_what_is_switched_off_is_named(cli, variable, finding):
    result = cli("doctor", "--json", **{variable: "1"})
    found = findings(result)[finding]
    assert found["level"] in ("note", "warning")
    assert variable in found["value"]


def test_a_log_level_that_is_none_is_a_warning(cli):
    result = cli("doctor", "--json", CATZILLA_JIT_LOG_LEVEL="loud")
    assert "not 'loud'" in findings(result)["log level"]["value"]
    assert findings(result)["log level"]["level"] == "warning"


def test_a_cache_that_others_could_write_to_is_a_warning(cli, tmp_path):
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    result = cli("doctor", "--json", CATZILLA_JIT_CACHE_DIR=str(tmp_path / "open"))
    assert result.returncode == 0
    assert findings(result)["compile cache"]["level"] == "warning"


def test_a_check_that_fails_is_a_finding():
    def nonsense():
        raise OSError("bad \x1b[31m news")
        yield

    assert list(examine((nonsense,))) == [
        Finding(
            "nonsense",
            "OSError: bad \\x1b[31m news",
            "broken",
            "this is an error in catzilla_jit: report it",
        )
    ]
