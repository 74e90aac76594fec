"""The Prometheus exposition, read back by Prometheus' own parser."""

from __future__ import annotations

import urllib.request

import pytest

from catzilla_jit import Runtime
from catzilla_jit.integrations import prometheus
from catzilla_jit.stats.snapshot import TaskStats
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


def test_registry_is_scraped_over_http_with_a_label_for_each_runtime(runtime):
    client = pytest.importorskip("prometheus_client")
    registry = client.CollectorRegistry()
    with Runtime(workers=1) as other:
        for each, calls in ((runtime, 2), (other, 3)):
            for _ in range(calls):
                each.submit(abs, -1).result()
        registry.register(prometheus.Collector(runtime, other))
        server, thread = client.start_http_server(0, "127.0.0.1", registry)
        try:
            where = f"http://127.0.0.1:{server.server_port}/metrics"
            with urllib.request.urlopen(where) as answer:
                found = answer.read().decode()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
    counts = {
        sample.labels["runtime"]: sample.value
        for family in parser.text_string_to_metric_families(found)
        for sample in family.samples
        if sample.name == "catzilla_jit_tasks_total" and sample.labels["outcome"] == "completed"
    }
    assert counts == {str(runtime.stats().runtime): 2, str(other.stats().runtime): 3}


def test_server_is_the_sum_over_its_processes(script):
    pytest.importorskip("prometheus_client")
    done = script("""
        import os, sys
        from catzilla_jit import Runtime
        from catzilla_jit.integrations.prometheus import Collector

        pipes = [(os.pipe(), os.pipe()) for _ in range(2)]
        for ready, leave in pipes:  # two workers of a server, which forks them
            if os.fork() == 0:
                runtime = Runtime(workers=1)
                for _ in range(3):
                    runtime.submit(abs, -1).result()
                if (ready, leave) == pipes[0]:
                    os.write(ready[1], b"x")
                    os.read(leave[0], 1)
                else:
                    os.read(pipes[0][0][0], 1)
                    families = {f.name: f for f in Collector(processes="server").collect()}
                    print([
                        (s.labels, s.value) for s in families["catzilla_jit_tasks"].samples
                        if s.labels["outcome"] == "completed"
                    ])
                    os.write(pipes[0][1][1], b"x")
                runtime.shutdown()
                sys.exit()
        for _ in pipes:
            os.wait()
    """)
    labels = {"task": "abs", "lane": "python", "outcome": "completed"}
    assert done.stdout == f"{[(labels, 6)]}\n"


def test_merged_statistics_are_those_of_all_calls():
    one, two = (
        stats_sample.runtime(
            tasks=[stats_sample.named("f", python=stats_sample.calls(completed=n, execution=run))],
            active_workers=1, idle_workers=1, total_workers=2,
            memory_usage_mb=100.0, python_tasks=n,
        )
        for n, run in (
            (90, stats_sample.histogram((1e-3, 90))),
            (10, stats_sample.histogram((1e-1, 10))),
        )
    )  # fmt: skip
    both = TaskStats.merged(one, two)
    assert (both.total_workers, both.python_tasks) == (4, 100)
    assert both.tasks["f"].total.completed == 100
    assert both.p50_execution_time_ms == pytest.approx(1.0, rel=0.02)
    assert both.p95_execution_time_ms == pytest.approx(100.0, rel=0.02)
    assert both.memory_usage_mb == 100.0  # of one process
    assert TaskStats.merged(one).tasks == one.tasks
    with pytest.raises(ValueError, match="no statistics"):
        TaskStats.merged()
