"""The programs behind `make docs-pictures`: the benchmarks' chart, and a terminal as SVG."""

from __future__ import annotations

import importlib.util
import json
import xml.etree.ElementTree
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
BENCHMARKS = {
    "bench_submit": {
        "compiled task / ThreadPoolExecutor": {
            "compiled task": [4e6, 5e6, 6e6],
            "ThreadPoolExecutor": [4e4, 5e4, 6e4],
        },
        "something else": {"another": [1.0]},
    },
    "bench_map": {
        "uniform cost, map / prange": {"map": [4e7], "prange": [4.1e7]},
        "cost rising with the index, map / prange": {"map": [1.5e4], "prange": [1e4]},
    },
    "bench_memory": {
        "compiled task / ThreadPoolExecutor": {
            "compiled task": [160.2],
            "ThreadPoolExecutor": [1965.0],
        },
    },
}


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def chart(tmp_path, monkeypatch):
    """The chart program, with figures of every benchmark it draws."""
    pytest.importorskip("matplotlib")
    chart = load("chart")
    monkeypatch.setattr(chart, "RESULTS", tmp_path)
    monkeypatch.setattr(chart, "PICTURE", tmp_path / "benchmarks.svg")
    machine = {"cores": 2, "cpu": "a processor", "system": "Linux 6.18.44-x"}
    for name, findings in BENCHMARKS.items():
        document = {
            "machine": machine,
            "versions": {"python": "3.11.7", "numba": "0.68.1", "go": "go version go1.19.8 l"},
            "findings": [{"claim": c, "rounds": rounds} for c, rounds in findings.items()],
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return chart


def test_chart_is_drawn_the_same_each_time(chart):
    chart.main()
    first = chart.PICTURE.read_text()
    assert xml.etree.ElementTree.fromstring(first).tag.endswith("svg")
    chart.main()
    assert chart.PICTURE.read_text() == first


def test_chart_stays_where_figures_are_missing(chart, capsys):
    (chart.RESULTS / "bench_map.json").unlink()
    chart.main()
    assert not chart.PICTURE.exists()
    assert "no figures of bench_map" in capsys.readouterr().out


def test_chart_takes_the_findings_it_names_and_sorts_them(chart):
    document = json.loads((chart.RESULTS / "bench_submit.json").read_text())
    rounds = chart.rounds_of(document, ["compiled task / ThreadPoolExecutor"])
    assert list(rounds) == ["compiled task", "ThreadPoolExecutor"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(160.2, "160"), (1965, "1,965"), (41_420, "41.4 k"), (8.61e6, "8.61 M"), (4.5e7, "45 M")],
)
def test_figures_have_three_digits(chart, value, text):
    assert chart.shown(value) == text


def test_text_of_a_terminal_begins_where_its_first_character_was():
    pictures = load("pictures")
    blank = "&#160;"
    inside = f"{blank * 2}a{blank}&lt;{blank}"
    svg = f'<text class="a" x="10" y="20" textLength="60" clip-path="b">{inside}</text>'
    assert pictures._TEXT.sub(pictures._without_blanks, svg) == (
        f'<text class="a" x="30" y="20" textLength="30" clip-path="b">a{blank}&lt;</text>'
    )


def test_text_of_blanks_alone_is_left_out():
    pictures = load("pictures")
    svg = '<text x="10" y="20" textLength="12.2" clip-path="b">&#160;</text>'
    assert pictures._TEXT.sub(pictures._without_blanks, svg) == ""


def test_speed_ups_are_drawn_from_the_figures_of_the_examples(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    speedup = load("speedup")
    monkeypatch.setattr(speedup, "RESULTS", tmp_path)
    monkeypatch.setattr(speedup, "PICTURE", tmp_path / "speedup.svg")
    speedup.main()
    assert not speedup.PICTURE.exists()
    rounds = {"kd_tree, one worker": [2.0, 2.5, 1.0], "kd_tree, all": [4.0, 3.0, 3.5]}
    document = {
        "machine": {"cores": 2, "cpu": "a processor"},
        "findings": [{"claim": "kd_tree, all / one", "rounds": rounds}],
    }
    (tmp_path / "bench_examples.json").write_text(json.dumps(document))
    assert speedup.panels_of(document) == {"kd-tree": [[1.0, 1.25, 0.5], [2.0, 1.5, 1.75]]}
    speedup.main()
    assert "<svg" in speedup.PICTURE.read_text()
