"""`catzilla-jit explain`: one line per function, then why, in words; exit codes for scripts."""

from __future__ import annotations

import json

import pytest

PRICES = """\
from catzilla_jit import task

print("the module speaks")

@task
def area(width: float, height: float) -> float:
    return width * height

@task(compile_to_c=False)
def never(x: int) -> int:
    return x

async def send(user: int) -> None: ...

def plain(x: int) -> int:
    return x + 1

def unannotated(x):
    return x

if __name__ == "__main__":
    raise SystemExit("it was run, not imported")
"""

INSISTS = """\
from catzilla_jit import task

@task(compile_to_c="require")
def insists(**values: float) -> float:
    return values[0]
"""

ROWS = """\
def same(function):
    return function

@same
def rows(n: int):
    yield from range(n)
"""

USES_ROWS = """\
from rows import rows

def first(n: int) -> int:
    return next(rows(n))
"""


LONG = """\
def value_of_the_portfolio_in_euros(prices: list[float], amounts: list[float], rate: float):
    return sum([p * a for p, a in zip(prices, amounts)]) / rate

def text(n: int):
    grid = []
    for i in range(n):
        grid.append([])
        grid[i].append(i)
    return grid
"""


@pytest.fixture(autouse=True)
def files(tmp_path):
    (tmp_path / "rows.py").write_text(ROWS)
    (tmp_path / "uses_rows.py").write_text(USES_ROWS)
    (tmp_path / "prices.py").write_text(PRICES)
    (tmp_path / "insists.py").write_text(INSISTS)
    (tmp_path / "broken.py").write_text("raise ValueError('no \\x1b[31m today')")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    (tmp_path / "long.py").write_text(LONG)
    (tmp_path / "empty.py").write_text("x = 1")


@pytest.mark.parametrize("target", ["prices.py", "prices"])
def test_one_line_per_function_in_order_of_the_source(cli, target):
    result = cli("explain", target)
    assert result.returncode == 0, result.stderr
    heads = [line.split()[:2] for line in result.stdout.partition("\n\n")[0].splitlines()]
    assert heads == [
        ["compiled", "area"], ["python", "never"], ["python", "send"], ["compiled", "plain"],
    ]  # fmt: skip
    assert "\x1b" not in result.stdout
    assert all(len(line) <= 80 and line == line.rstrip() for line in result.stdout.splitlines())


def test_a_long_signature_and_a_long_reason_are_said_whole(cli):
    head = cli("explain", "long.py").stdout.partition("\n\n")[0]
    assert all(len(line) <= 80 for line in head.splitlines())
    said = " ".join(head.split())
    assert (
        "compiled value_of_the_portfolio_in_euros "
        "(prices: list[float], amounts: list[float], rate: float) -> float" in said
    )
    reason = "such as an empty list inside a list or dict (CZ502)"
    assert said.endswith(reason)


def test_what_the_module_prints_is_not_in_the_output(cli):
    result = cli("explain", "prices.py")
    assert "speaks" not in result.stdout
    assert "speaks" in result.stderr


def test_details_of_a_compiled_function(cli):
    text = cli("explain", "prices.py:area").stdout
    assert "(width: float, height: float) -> float" in text
    assert "compiled now" in text or "loaded from the cache" in text
    assert "can be cancelled" in text


def test_details_of_a_refused_function_show_line_reason_and_change(cli):
    text = " ".join(cli("explain", "prices.py:send").stdout.split())
    assert "line 13 async def send(user: int) -> None: ..." in text
    assert "reason the function is a coroutine (async def) (CZ101)" in text
    assert "change " in text


def test_a_named_function_needs_no_hints(cli):
    result = cli("explain", "prices.py:unannotated")
    assert result.returncode == 0
    assert "unannotated" in result.stdout


def test_a_task_that_insists_and_is_refused_is_exit_code_1(cli):
    result = cli("explain", "insists.py")
    assert result.returncode == 1
    assert result.stdout.startswith("refused   insists  line 4: ")
    assert "line 4 " in " ".join(result.stdout.split()), "the def, not its decorator"


def test_the_line_of_a_reason_in_another_file_is_looked_up_there(cli):
    result = cli("explain", "uses_rows.py")
    assert result.stdout.startswith("python    first  line 5 of rows.py: "), (
        "the def, not its decorator"
    )
    assert "line 5 of rows.py def rows(n: int):" in " ".join(result.stdout.split())


def test_the_page_that_explains_the_codes_is_named_once(cli):
    result = cli("explain", "prices.py")
    assert result.stdout.count("docs/refusals.md") == 1
    assert "docs/refusals.md" not in cli("explain", "prices.py:area").stdout


def test_json_is_an_array_of_verdicts_with_reasons(cli):
    result = cli("explain", "insists.py", "--json")
    (function,) = json.loads(result.stdout)
    (reason,) = function.pop("reasons")
    assert result.returncode == 1
    assert function.pop("file") == reason.pop("file")
    assert function == {
        "name": "insists",
        "line": 3,
        "verdict": "refused",
        "compiled": False,
        "signature": None,
        "arrays": [],
        "parallel_lines": [],
    }
    assert (reason["code"], reason["line"]) == ("CZ104", 4)
    assert set(reason) == {"code", "line", "message", "advice"}


def test_json_of_a_compiled_function_has_its_signature_and_no_reasons(cli):
    (function,) = json.loads(cli("explain", "prices.py:area", "--json").stdout)
    assert (function["compiled"], function["verdict"], function["reasons"]) == (
        True,
        "compiled",
        [],
    )
    assert function["signature"] == "(width: float, height: float) -> float"


def test_json_of_nothing_is_an_empty_array(cli):
    assert json.loads(cli("explain", "empty.py", "--json").stdout) == []


def test_nothing_to_explain_is_said(cli):
    result = cli("explain", "empty.py")
    assert (result.returncode, result.stdout) == (0, "no tasks and no annotated functions\n")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere.py", "there is no file nowhere.py"),
        ("no_such_module", "ModuleNotFoundError"),
        ("prices.py:nothing", "there is no function nothing in prices.py"),
        ("broken.py", "ValueError: no \\x1b[31m today"),
        ("leaves.py", "SystemExit: 0"),
    ],
)
def test_what_cannot_be_read_is_exit_code_3_and_one_line(cli, target, words):
    result = cli("explain", target)
    assert result.returncode == 3
    assert result.stdout == ""
    said = [line for line in result.stderr.splitlines() if line != "the module speaks"]
    assert len(said) == 1
    assert words in said[0]


def test_verbose_shows_where_the_import_failed(cli):
    result = cli("explain", "broken.py", "--verbose")
    assert 'broken.py", line 1' in result.stderr
