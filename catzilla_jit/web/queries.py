"""The routes that only tell: tasks, statistics, workers, memory, metrics."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from ..errors import StatsDisabled
from ..integrations import prometheus
from ..stats.snapshot import MB, TaskStats
from ..stats.thread_usage import thread_times
from ..types import TaskStatus
from . import described
from .served import Served

_MOST_LISTED = 1_000_000
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
Limit = Annotated[int, Query(ge=1, le=500, description="Most submissions of one answer")]


def add_queries(router: APIRouter, served: Served) -> None:
    """Add the routes to a router."""

    @router.get("", summary="Recent and running tasks, the newest first")
    async def list_tasks(
        request: Request,
        state: TaskStatus | None = None,
        name: str | None = None,
        limit: Limit = 50,
        cursor: Annotated[str | None, Query(description="next_cursor of before")] = None,
    ) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        newest = await served.newest(request, most=_MOST_LISTED)
        for task_id, result in newest[_behind(newest, cursor) :]:
            if name not in (None, result.task_name) or state not in (None, result.status()):
                continue
            if len(found) == limit:
                return {"tasks": found, "next_cursor": found[-1]["task_id"]}
            found.append(described.summary(task_id, result))
        return {"tasks": found, "next_cursor": None}

    @router.get("/stats", response_model=None, summary="Statistics of the runtime")
    def statistics(
        detailed: bool = False, format: Literal["json", "prometheus"] = "json"
    ) -> Response | dict[str, Any]:
        stats = served.stats()
        if format == "prometheus":
            return PlainTextResponse(prometheus.text(stats), media_type=_EXPOSITION)
        return of_stats(stats) | (_details(stats, served) if detailed else {})

    @router.get("/metrics", summary="Statistics for Prometheus")
    def metrics() -> Response:
        return PlainTextResponse(prometheus.text(served.stats()), media_type=_EXPOSITION)

    @router.get("/memory", summary="Memory of the process and of the tasks")
    def memory(include_global: bool = True) -> dict[str, Any]:
        return _memory(served, include_global)

    @router.get("/worker/{worker_id}", summary="What one worker does")
    def worker(worker_id: Annotated[int, Path(ge=0)]) -> dict[str, Any]:
        return _worker(served, worker_id)

    @router.get("/{task_id:path}/status", summary="Where a submission stands")
    async def task_status(
        request: Request, task_id: str, include_result: bool = False, include_logs: bool = False
    ) -> dict[str, Any]:
        result = await served.found(request, task_id)
        return described.status(task_id, result, with_result=include_result, with_logs=include_logs)


def _behind(newest: list[tuple[str, Any]], cursor: str | None) -> int:
    """Return where the list goes on: behind the submission of this id."""
    if cursor is None:
        return 0
    for at, (task_id, _) in enumerate(newest):
        if task_id == cursor:
            return at + 1
    raise HTTPException(410, "the submission of this cursor is not kept any more: begin anew")


def of_stats(stats: TaskStats) -> dict[str, Any]:
    """Return the statistics in the shape of the specification."""
    return {
        "throughput": {
            "tasks_per_second": stats.tasks_per_second,
            "avg_execution_time_ms": stats.avg_execution_time_ms,
            "p50_execution_time_ms": stats.p50_execution_time_ms,
            "p95_execution_time_ms": stats.p95_execution_time_ms,
            "p99_execution_time_ms": stats.p99_execution_time_ms,
        },
        "queues": {
            "critical": stats.critical_queue_size,
            "high": stats.high_queue_size,
            "normal": stats.normal_queue_size,
            "low": stats.low_queue_size,
            "pressure": stats.queue_pressure,
        },
        "workers": {
            "active": stats.active_workers,
            "idle": stats.idle_workers,
            "total": stats.total_workers,
            "utilization": stats.avg_worker_utilization,
        },
        "memory": {"usage_mb": stats.memory_usage_mb, "efficiency": stats.memory_efficiency},
        "totals": {
            "processed": stats.total_tasks_processed,
            "failed": stats.failed_tasks,
            "cancelled": stats.cancelled_tasks,
            "timed_out": stats.timeout_count,
            "retries": stats.retry_count,
            "error_rate": stats.error_rate,
            "compiled": stats.compiled_tasks,
            "python": stats.python_tasks,
            "uptime_seconds": stats.uptime_seconds,
        },
    }


def _details(stats: TaskStats, served: Served) -> dict[str, Any]:
    document = stats.to_dict()
    return {
        "detailed_metrics": served.flags,
        "pid": stats.pid,
        "runtime": stats.runtime,
        "queue_size": stats.queue_size,
        "per_task": document["tasks"],
        "per_level": document["levels"],
        "per_worker": document["workers"],
    }


def _memory(served: Served, include_global: bool) -> dict[str, Any]:
    stats = served.stats()
    memory = served.find_runtime().memory_stats()
    found: dict[str, Any] = {
        "task_memory": {
            "usage_mb": stats.memory_usage_mb,
            "efficiency": stats.memory_efficiency,
            "record_mb": stats.record_memory_mb,
            "arenas": memory["task_arenas"],
        }
    }
    if not include_global:
        return found
    flags = served.flags
    return found | {
        "jemalloc_enabled": memory["allocator"] == "jemalloc",
        # What malloc would have taken for the same work is not known here.
        "efficiency_gain": None,
        "fragmentation": memory.get("fragmentation_percent"),
        "allocator": memory["allocator"],
        "resident_mb": memory["resident_mb"],
        "peak_resident_mb": memory["peak_resident_mb"],
        "allocated_mb": memory.get("allocated_mb"),
        "active_mb": memory.get("active_mb"),
        "optimization_status": {
            "jemalloc_active": memory["allocator"] == "jemalloc",
            "memory_profiling": flags.get("memory_profiling"),
            "auto_tuning": flags.get("auto_memory_tuning"),
        },
    }


def _worker(served: Served, worker_id: int) -> dict[str, Any]:
    try:
        worker = served.find_runtime().worker_stats(worker_id)
    except (LookupError, StatsDisabled) as error:
        raise HTTPException(404, str(error.args[0])) from None
    times = thread_times(served.usage.pid, worker.thread_id)
    allocated = getattr(worker, "allocated_bytes", None)
    return {
        "worker_id": worker.worker_id,
        "name": worker.name,
        "kind": worker.kind,
        "status": "active" if worker.state == "running" else "idle",
        "task": worker.task,
        "running_seconds": worker.running_seconds,
        "tasks_processed": worker.tasks,
        "avg_task_time_ms": worker.busy_seconds * 1e3 / worker.tasks if worker.tasks else None,
        "utilization": worker.utilization,
        "cpu_usage_percent": served.usage.percent(worker.thread_id),
        "memory_usage_mb": None if allocated is None else allocated / MB,
        "uptime_seconds": None if times is None else times.age_seconds,
    }
