"""The command line as a whole: help, usage errors, exit codes, and how soon it answers."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

import pytest

from catzilla_jit.cli.main import COMMANDS

NAMES = [command.NAME for command in COMMANDS]


def assert_plain(text: str) -> None:
    assert "\x1b" not in text
    assert max(map(len, text.splitlines()), default=0) <= 80


def test_help_lists_every_command(cli):
    result = cli("--help")
    assert result.returncode == 0
    assert_plain(result.stdout)
    for command in COMMANDS:
        assert command.SUMMARY in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_command_has_an_example(cli, name):
    result = cli(name, "--help")
    assert result.returncode == 0
    assert_plain(result.stdout)
    assert f"\n  catzilla-jit {name}" in result.stdout


def test_version(cli):
    import catzilla_jit

    assert cli("--version").stdout == f"catzilla_jit {catzilla_jit.__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("--nonsense",)])
def test_wrong_usage_leaves_with_2_and_says_why(cli, arguments):
    result = cli(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "catzilla-jit: error:" in result.stderr


def test_help_answers_at_once(cli):
    cli("--help")  # writes the bytecode
    seconds = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        cli("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    # Processor time: the machine may have more to do. bench_import has the time on the clock.
    assert statistics.median(seconds) < 0.2


def test_a_reader_that_goes_away_is_no_traceback(environ):
    process = subprocess.Popen(
        [sys.executable, "-m", "catzilla_jit.cli", "--version"],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141
