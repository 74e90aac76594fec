"""docs/command-line.md says what is so: the fields of --json, metrics, variables, commands."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

import catzilla_jit
from catzilla_jit import Runtime
from catzilla_jit.cli.main import COMMANDS
from catzilla_jit.integrations import prometheus
from catzilla_jit.stats.roster import PYTHON, Document, Entry
from catzilla_jit.stats.views import json_document

ROOT = pathlib.Path(catzilla_jit.__file__).parent
PAGE = ROOT.parent / "docs" / "command-line.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="needs the source tree")


def section(title: str) -> str:
    """Return the page from a heading to the next one."""
    found = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    assert found, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def words(text: str) -> list[str]:
    """Return what stands in backticks, without what stands in parentheses after it."""
    return re.findall(r"`([^`]+)`", re.sub(r" \([^)]*\)", "", text))


def names(cell: str) -> list[str]:
    """Return the field names of a cell; `a_`, `b_x` stand for a_x and b_x."""
    found: list[str] = []
    prefixes: list[str] = []
    for word in words(cell):
        if word.endswith("_"):
            prefixes.append(word)
            continue
        rest = word.split("_", 1)[-1]
        found += [prefix + rest for prefix in prefixes] + [word]
        prefixes = []
    return found


def times(*what: str) -> set[str]:
    return {f"{p}_{w}_time_ms" for w in what for p in ("avg", "p50", "p95", "p99")}


def fields() -> dict[str, list[str]]:
    """Return the documented fields: the cells of their row."""
    return {name: row for row in rows("--json") for name in names(row[0])}


@pytest.fixture(scope="module")
def stats():
    def fails(n):
        if n == 3:
            raise ValueError(n)
        return n

    with Runtime(workers=1) as runtime:
        task = runtime.task(fails, compile_to_c=False)
        for result in [task.submit(n) for n in range(10)]:
            result.exception()
        yield runtime.stats()


def test_json_has_the_documented_fields_and_no_others(stats):
    assert set(json_document.of_stats(stats)) == set(fields())


def test_json_has_the_documented_types(stats):
    found = json_document.of_stats(stats)
    kinds = {"object": dict, "array": list, "integers": int, "integer": int}
    for name, row in fields().items():
        value = found[name]
        kind = row[1].split(",")[0]
        if kind in kinds and not name.endswith(("_rate", "_pressure")):
            assert isinstance(value, kinds[kind]), name
        elif not isinstance(value, (dict, list)):
            assert isinstance(value, (int, float)), name
        if name.endswith(("_rate", "_pressure", "_utilization", "_efficiency")):
            assert 0 <= value <= 1
            assert "0 to 1" in row[1]


def test_tasks_levels_and_workers_have_the_documented_fields(stats):
    found = json_document.of_stats(stats)
    said = {name: set(words(row[2])) for name, row in fields().items()}
    calls = said["tasks"] - {"lanes", "compiled", "python"} | times("execution", "wait")
    (task,) = found["tasks"].values()
    assert set(task) == calls | {"lanes"}
    assert [set(lane) for lane in task["lanes"].values()] == [calls]
    assert {*found["levels"][0]} == said["levels"] | times("wait")
    assert {*found["workers"][0]} == said["workers"]
    about = next(row[2] for row in rows("--json") if "`workers`" in row[0])
    kinds = {"native", "python", "critical", "running", "idle"}
    assert kinds <= set(re.findall(r"`(\w+)`", about))
    assert {worker["kind"] for worker in found["workers"]} <= kinds


def test_metrics_are_the_documented_ones(stats):
    said = {}
    for metrics, kind, *_ in rows("--prometheus"):
        for metric in words(metrics):
            said[metric.partition("{")[0]] = kind.split(";")[0].split(",")[0].rstrip("s")
    found = dict(re.findall(r"^# TYPE (\S+) (\S+)$", prometheus.text(stats), re.MULTILINE))
    assert found == said
    for metrics, *_ in rows("--prometheus"):
        for name, labels in re.findall(r"`(\w+)\{([^}]*)\}`", metrics):
            sample = re.search(
                rf"^{name}(?:_bucket)?\{{([^}}]*)\}}", prometheus.text(stats), re.MULTILINE
            )
            assert sample, name
            used = [label for label in re.findall(r"(\w+)=", sample[1]) if label != "le"]
            assert used == labels.split(",")


def test_every_variable_that_is_read_is_documented():
    said = {word.partition("=")[0] for row in rows("Environment") for word in words(row[0])}
    read = {
        name
        for path in ROOT.rglob("*.py")
        for name in re.findall(r"\bCATZILLA_JIT_[A-Z_]+\b", path.read_text())
    }
    assert read == {word for word in said if word.startswith("CATZILLA_JIT_")}


def test_every_command_is_in_the_table():
    text = PAGE.read_text()
    listed = [name.split()[0] for name in re.findall(r"^\| \[`([a-z ]+)`\]\(#", text, re.MULTILINE)]
    assert listed == [command.NAME for command in COMMANDS]


def test_doctor_bench_and_tasks_print_the_documented_objects(cli):
    doctor = json.loads(cli("doctor", "--json").stdout)
    assert set(doctor) == {"ok", "findings"}
    assert set(doctor["findings"][0]) == {"name", "value", "level", "advice"}
    for field in ("ok", "findings", "name", "value", "level", "advice"):
        assert f'"{field}"' in section("doctor")
    bench = json.loads(cli("bench", "--json", "--seconds", "0.1").stdout)
    assert set(bench) == {"seconds", "workers", "rates"}
    for field in bench:
        assert f'"{field}"' in section("bench")


def test_explain_prints_the_documented_objects(cli, tmp_path):
    (tmp_path / "code.py").write_text("async def send(user: int) -> None: ...\n")
    (function,) = json.loads(cli("explain", "code.py", "--json").stdout)
    for field in (*function, *function["reasons"][0]):
        assert f'"{field}"' in section("explain")


def test_tasks_prints_the_documented_object():
    entry = Entry("a", PYTHON, reason="b")
    (registered,) = json_document.of_roster(Document(1, 1, 1, 0, (entry,)))
    for field in ("pid", "runtime", "tasks", "registered", *registered):
        assert f'"{field}"' in section("tasks")
