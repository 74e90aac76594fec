"""The routes that change something: only there with control=True, and only for meant requests."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field

from ..runtime.combine import wait
from ..tasks.runtime import Runtime
from ..types import TaskPriority, TaskStatus
from .access import only_meant
from .served import Served
from .submissions import Submissions

_BENCHMARK_SECONDS = 60.0
#: Submissions that wait at once: the results of a benchmark are not kept for it.
_WINDOW = 1000


class BatchRequest(BaseModel):
    """Calls of one registered task; each of `tasks` are the arguments of one, by name."""

    task_type: str
    tasks: Annotated[list[dict[str, Any]], Field(max_length=10_000)]
    batch_priority: TaskPriority | None = None
    concurrent_limit: Annotated[int, Field(ge=1, le=10_000)] = 10


def add_control(router: APIRouter, served: Served) -> None:
    """Add the routes to a router."""
    meant = [Depends(only_meant)]

    @router.post("/batch", dependencies=meant, summary="Submit several calls of a task")
    def submit_batch(request: Request, batch: BatchRequest) -> dict[str, Any]:
        if len(batch.tasks) > batch.concurrent_limit:
            raise HTTPException(
                422, f"{len(batch.tasks)} tasks are more than concurrent_limit allows, "
                f"{batch.concurrent_limit}"
            )  # fmt: skip
        return _submit(served, batch)

    @router.post("/benchmark", dependencies=meant, summary="Measure tasks per second here")
    def benchmark(
        iterations: Annotated[int, Query(ge=100, le=100_000)] = 1000,
        task_type: Literal["notification", "compiled", "python"] = "notification",
        priority: TaskPriority = TaskPriority.NORMAL,
    ) -> dict[str, Any]:
        return _measure(served, iterations, task_type, priority)

    @router.post("/{task_id:path}/cancel", dependencies=meant, summary="Cancel a submission")
    async def cancel(request: Request, task_id: str) -> dict[str, Any]:
        result = await served.found(request, task_id)
        cancelled = result.cancel()
        return {"task_id": task_id, "cancelled": cancelled, "status": result.status().value}


def _submit(served: Served, batch: BatchRequest) -> dict[str, Any]:
    runtime = served.find_runtime()
    named = [task for task in runtime.registry.tasks() if task.name == batch.task_type]
    if not named:
        raise HTTPException(404, f"no task {batch.task_type!r} is registered")
    task = named[-1]
    if batch.batch_priority is not None:
        task = task.options(priority=batch.batch_priority)
    results: list[Any] = []
    try:
        for arguments in batch.tasks:
            results.append(task.submit(**arguments))
    except TypeError as error:
        for result in results:
            result.cancel()
        raise HTTPException(422, f"tasks[{len(results)}]: {error}") from None
    except BaseException:
        for result in results:
            result.cancel()
        raise
    for result in results:
        served.results.note(result)
    submitted = Submissions(results)
    served.results.note(submitted)
    return {
        "batch_id": submitted.task_id,
        "task_count": len(submitted),
        "tasks": [
            {
                "task_id": result.task_id,
                "task_type": batch.task_type,
                "status": result.status().value,
            }
            for result in results
        ],
        "batch_priority": task.priority.value,
        "concurrent_limit": batch.concurrent_limit,
    }


# --- the benchmark ------------------------------------------------------------------------------


def _notification(user_id: int, message: str) -> dict[str, Any]:
    return {"status": "sent", "user_id": user_id, "timestamp": time.time(), "message": message}


def _square(number: int, message: str) -> int:
    return number * number + len(message)


_BENCHMARKS: dict[str, tuple[Any, bool | None]] = {
    "notification": (_notification, None),
    "compiled": (_square, None),
    "python": (_square, False),
}


def _measure(
    served: Served, iterations: int, task_type: str, priority: TaskPriority
) -> dict[str, Any]:
    """Submit so many tasks, wait for all of them, and tell how long that took."""
    runtime = served.find_runtime()
    function, compiles = _BENCHMARKS[task_type]
    task = runtime.known_task(
        ("web benchmark", task_type),
        lambda: runtime.task(function, name=f"benchmark_{task_type}", compile_to_c=compiles),
    ).options(priority=priority)
    task.submit(0, "warm-up").result()  # compilation is not what is measured
    started = time.perf_counter()
    successful = 0
    for first in range(0, iterations, _WINDOW):
        numbers = range(first, min(first + _WINDOW, iterations))
        results = [task.submit(number, "benchmark message") for number in numbers]
        _, left = wait(results, _BENCHMARK_SECONDS - (time.perf_counter() - started))
        if left:
            for result in left:
                result.cancel()
            raise HTTPException(504, f"it was not over within {_BENCHMARK_SECONDS:g} seconds")
        successful += sum(result.status() is TaskStatus.COMPLETED for result in results)
    seconds = time.perf_counter() - started
    return {
        "benchmark_results": {
            "iterations": iterations,
            "successful_tasks": successful,
            "total_time_ms": seconds * 1e3,
            "tasks_per_second": successful / seconds,
            "avg_task_time_ms": seconds * 1e3 / iterations,
            "task_type": task_type,
            "priority": priority.value,
        },
        "system_performance": _performance(served, runtime, task),
    }


def _performance(served: Served, runtime: Runtime, task: Any) -> dict[str, Any]:
    settings = runtime.settings
    scaling = settings.python_workers_most > settings.python_workers
    return {
        "compiled": task.compiled and runtime.enable_c_compilation,
        "jemalloc": runtime.memory_stats()["allocator"] == "jemalloc",
        "auto_scaling": scaling,
    }
