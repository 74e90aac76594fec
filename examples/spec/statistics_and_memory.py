"""Reading statistics and memory while tasks run."""

from __future__ import annotations

from typing import Any

from catzilla_jit import gather, get_memory_stats, get_task_stats, has_jemalloc, task


@task
def work(n: int) -> float:
    total = 0.0
    for i in range(n):
        total += i * 0.5
    return total


def get_performance_stats() -> dict[str, Any]:
    stats = get_task_stats()
    return {
        "throughput": {
            "tasks_per_second": stats.tasks_per_second,
            "avg_execution_time_ms": stats.avg_execution_time_ms,
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
        "total": stats.total_tasks_processed,
    }


def get_memory_efficiency() -> dict[str, Any]:
    memory = get_memory_stats()
    return {
        "jemalloc_enabled": has_jemalloc,
        "memory_usage_mb": get_task_stats().memory_usage_mb,
        "fragmentation": memory.get("fragmentation_percent", 0),
        "allocator": memory.get("allocator", "malloc"),
    }


def main() -> None:
    gather(*[work.submit(1000) for _ in range(1000)])
    for name, value in get_performance_stats().items():
        print(name, value)
    print(get_memory_efficiency())


if __name__ == "__main__":
    main()
