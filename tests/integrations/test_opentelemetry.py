"""Spans, as the SDK's exporter in memory sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import Runtime

sdk = pytest.importorskip("opentelemetry.sdk.trace")
export = pytest.importorskip("opentelemetry.sdk.trace.export")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
instrument = pytest.importorskip("catzilla_jit.integrations.opentelemetry").instrument


def double(x: float) -> float:
    return x * 2.0


def fail(x: float) -> float:
    raise ValueError(f"{x} is bad")


@pytest.fixture
def provider() -> Any:
    return sdk.TracerProvider()


@pytest.fixture
def spans(runtime: Runtime, provider: Any) -> Callable[[], Any]:
    """Shuts the runtime down and returns its spans."""
    exporter = memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    instrument(runtime, provider)

    def finished() -> Any:
        runtime.shutdown()  # after which all callbacks have run
        return exporter.get_finished_spans()

    return finished


@pytest.mark.parametrize("mode", [None, False], ids=["compiled", "python"])
def test_span_is_a_child_of_the_submitters(
    runtime: Runtime, provider: Any, spans: Callable[[], Any], mode: Any
) -> None:
    task = runtime.task(double, compile_to_c=mode, priority="high")
    with provider.get_tracer("test").start_as_current_span("outer") as outer:
        result = task.submit(x=2.0)
    assert result.result() == 4.0
    (span,) = (each for each in spans() if each.name == "run double")
    assert span.parent.span_id == outer.get_span_context().span_id
    assert span.attributes["catzilla_jit.priority"] == "high"
    assert span.attributes["catzilla_jit.status"] == result.status().value
    assert span.attributes["code.function.name"].endswith("test_opentelemetry.double")
    assert span.start_time == pytest.approx(result.started_at * 1e9, abs=1e6)
    assert span.start_time <= span.end_time


def test_failure_is_recorded_with_its_retries(runtime: Runtime, spans: Callable[[], Any]) -> None:
    task = runtime.task(fail, compile_to_c=False, max_retries=1, retry_delay_ms=1)
    assert isinstance(task.submit(1.0).exception(), ValueError)
    (span,) = spans()
    assert span.status.description == "ValueError: 1.0 is bad"
    assert [event.name for event in span.events] == ["exception"]
    assert span.attributes["catzilla_jit.retries"] == 1


def test_map_is_one_span(runtime: Runtime, spans: Callable[[], Any]) -> None:
    assert runtime.task(double).map([1.0, 2.0, 3.0]).tolist() == [2.0, 4.0, 6.0]
    (span,) = spans()
    assert span.attributes["catzilla_jit.elements"] == 3


def test_tasks_that_were_submitted_before_are_observed_and_it_can_be_ended(
    runtime: Runtime, provider: Any
) -> None:
    exporter = memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    task = runtime.task(double, compile_to_c=False)
    task.submit(1.0).result()
    end = instrument(runtime, provider)
    with pytest.raises(RuntimeError, match="instrumented already"):
        instrument(runtime, provider)
    task.submit(1.0).result()
    end()
    task.submit(1.0).result()
    runtime.shutdown()
    assert len(exporter.get_finished_spans()) == 1
