"""The Prometheus exposition, read back by Prometheus' own parser."""

from __future__ import annotations

import pytest

from catzilla_jit.integrations import prometheus
from support import stats_sample

parser = pytest.importorskip("prometheus_client.parser")

NAME = 'odd "name"\\ with\nlines {x="y"}'


@pytest.fixture
def families():
    run = stats_sample.histogram((2e-9, 1), (2e-6, 90), (3e-3, 9), (500.0, 2))
    counts = {"completed": 2**50, "failed": 1, "cancelled": 2, "timed_out": 3, "retried": 4}
    stats = stats_sample.runtime(
        tasks=[
            stats_sample.named(
                NAME,
                compiled=stats_sample.calls(**counts, execution=run),
                python=stats_sample.calls(completed=5),
            )
        ],
        levels=tuple(
            stats_sample.snapshot.LevelStats(name, i, stats_sample.histogram())
            for i, name in enumerate(stats_sample.snapshot.LEVELS)
        ),
        active_workers=3,
        idle_workers=4,
        memory_usage_mb=2.0,
    )
    text = prometheus.text(stats)
    assert text.endswith("\n")
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def values(family):
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_outcomes_are_counted_by_task_and_lane(families):
    family = families["catzilla_jit_tasks"]
    assert family.type == "counter"
    assert {sample.name for sample in family.samples} == {"catzilla_jit_tasks_total"}
    assert list(family.samples[0].labels) == ["task", "lane", "outcome"]
    found = values(family)
    assert found[NAME, "compiled", "completed"] == 2**50
    assert found[NAME, "compiled", "failed"] == 1
    assert found[NAME, "compiled", "cancelled"] == 2
    assert found[NAME, "compiled", "timed_out"] == 3
    assert found[NAME, "python", "completed"] == 5


def test_histograms_are_cumulative_and_end_with_all_calls(families):
    family = families["catzilla_jit_task_run_seconds"]
    assert family.type == "histogram"
    compiled = [s for s in family.samples if s.labels["lane"] == "compiled"]
    below = {float(s.labels["le"]): s.value for s in compiled if s.name.endswith("_bucket")}
    assert list(below) == sorted(below)
    assert list(below.values()) == sorted(below.values())
    assert [below[bound] for bound in (1e-7, 1e-6, 2.5e-6, 2.5e-3, 5e-3)] == [1, 1, 91, 91, 100]
    assert below[float("inf")] == 102
    rest = {s.name.rpartition("_")[2]: s.value for s in compiled if "le" not in s.labels}
    assert rest == {"count": 102, "sum": pytest.approx(1000.02718, rel=1e-6)}


def test_wait_times_have_a_histogram_of_their_own(families):
    assert families["catzilla_jit_task_wait_seconds"].type == "histogram"


def test_gauges(families):
    assert values(families["catzilla_jit_queue_depth"]) == {
        ("critical",): 0, ("high",): 1, ("normal",): 2, ("low",): 3,
    }  # fmt: skip
    assert values(families["catzilla_jit_workers"]) == {("active",): 3, ("idle",): 4}
    assert values(families["catzilla_jit_memory_resident_bytes"]) == {(): 2 * 1024 * 1024}
