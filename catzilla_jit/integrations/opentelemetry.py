"""A span of OpenTelemetry for each task.

    from catzilla_jit.integrations import opentelemetry

    opentelemetry.instrument()

A submission, wherever it is made, gives one INTERNAL span `run NAME`, a child of the span that is
current where it was submitted, from the start to the end of its run; a map gives one. A task that
is not instrumented pays nothing. Only opentelemetry-api is needed; without an SDK there are no
spans, and nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..pools.watch import outcome
from ..runtime.batch import BatchResult
from ..tasks.default import get_runtime
from .extras import library

if TYPE_CHECKING:
    from ..runtime.engine import Engine
    from ..tasks.options import Settings

trace = library("opentelemetry.trace", "opentelemetry")
contexts = library("opentelemetry.context", "opentelemetry")


def instrument(runtime: Engine | None = None, tracer_provider: Any = None) -> Callable[[], None]:
    """Have each submission to a runtime make a span; return what ends that.

    runtime: by default the default one. tracer_provider: by default the global one. Attributes:
    code.function.name, and with the prefix catzilla_jit: task, priority, status, retries,
    queue_seconds, elements of maps. An exception is recorded, and is the span's status.
    `submit_each` makes no spans.
    """
    runtime = runtime if runtime is not None else get_runtime()
    if runtime.observer is not None:
        raise RuntimeError("opentelemetry: this runtime is instrumented already")
    tracer = trace.get_tracer("catzilla_jit", __version__, tracer_provider)

    def submitted(result: Any, function: Callable[..., Any], settings: Settings) -> None:
        watched = _Watched(tracer, contexts.get_current(), function, settings)
        result.add_done_callback(watched.ended)

    runtime.observe(submitted)
    engine = runtime
    return lambda: engine.observe(None)


class _Watched:
    """One submission, until its end makes the span."""

    def __init__(
        self, tracer: Any, context: Any, function: Callable[..., Any], settings: Settings
    ) -> None:
        self._tracer = tracer
        self._context = context
        self._function = function
        self._settings = settings

    def ended(self, result: Any) -> None:
        """Make the span, and end it."""
        # What never ran has been queued, and no more.
        end = result.finished_at or time.time()
        start = result.started_at or result.queued_at or end
        span = self._tracer.start_span(
            f"run {self._settings.name}", context=self._context, kind=trace.SpanKind.INTERNAL,
            start_time=round(start * 1e9), attributes=self._attributes(result, start),
        )  # fmt: skip
        failed, value = outcome(result)
        if failed:
            span.record_exception(value, timestamp=round(end * 1e9))
            text = f"{type(value).__name__}: {value}"
            span.set_status(trace.Status(trace.StatusCode.ERROR, text))
        span.end(end_time=round(end * 1e9))

    def _attributes(self, result: Any, start: float) -> dict[str, Any]:
        function = self._function
        name = getattr(function, "__qualname__", type(function).__qualname__)
        module = getattr(function, "__module__", None)
        found = {
            "code.function.name": f"{module}.{name}" if module else name,
            "catzilla_jit.task": self._settings.name,
            "catzilla_jit.priority": self._settings.priority.value,
            "catzilla_jit.status": result.status().value,
            "catzilla_jit.queue_seconds": max(0.0, start - (result.queued_at or start)),
        }
        if isinstance(result, BatchResult):
            return {**found, "catzilla_jit.elements": len(result)}
        return {**found, "catzilla_jit.retries": result.retries}
