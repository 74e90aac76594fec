"""The short document: its blocks in their order, under the names that this app answers to.

    uvicorn basic:app --app-dir examples/web/specification

The services that the document names (a database, a mailer, ...) are stood in for at the top.
Only import lines differ from the document.
"""

import logging
from typing import Any

from catzilla_jit.web import Catzilla, TaskPriority

security_logger = logging.getLogger("security")


class Service:
    """Stands in for a service: every call of it answers with its name and arguments."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: {"called": name, "arguments": list(arguments)}


database = ml_model = notification_service = Service()
email_service = report_generator = file_cleaner = Service()


def analyze_user_behavior(data):
    return {"keys": sorted(data)}


def process(data):
    return data


# Create Catzilla app with memory optimization
app = Catzilla(use_jemalloc=True, memory_profiling=True)

# Enable background task system
app.enable_background_tasks(
    workers=16,                  # Auto-detected if None
    enable_auto_scaling=True,    # Intelligent scaling
    memory_pool_mb=1000,         # 1GB pool with jemalloc
    enable_c_compilation=True    # Automatic C compilation
)

# Simple task - automatically compiled to C
@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_notification(user_id: int, message: str) -> dict:
    """Fast notification - compiled to C automatically"""
    print(f"📧 Sending to user {user_id}: {message}")
    return {"status": "sent", "user_id": user_id}

# Complex task - Python with memory optimization
@app.task(priority=TaskPriority.NORMAL)
def process_data(data: dict) -> dict:
    """Complex processing - Python with jemalloc optimization"""
    # Complex operations use optimized memory allocation
    result = analyze_user_behavior(data)
    return {"processed": True, "result": result}

# Use in route handlers
@app.post("/users/{user_id}/notify")
def notify_user(user_id: int, message: str):
    # Schedule high-priority task
    result = app.add_task(
        send_notification,
        user_id,
        message,
        priority=TaskPriority.HIGH
    )
    return {"task_id": result.task_id, "status": "queued"}


# Define workflow steps
@app.task(priority=TaskPriority.NORMAL)
def fetch_user_data(user_id: int) -> dict:
    return database.get_user(user_id)

@app.task(priority=TaskPriority.NORMAL)
def analyze_behavior(user_data: dict) -> dict:
    return ml_model.analyze(user_data)

@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_recommendations(analysis: dict) -> dict:
    # Fast C execution for sending
    return notification_service.send(analysis)

# Execute workflow
@app.post("/users/{user_id}/recommendations")
async def generate_recommendations(user_id: int):
    # Chain tasks with automatic optimization
    user_data_result = app.add_task(fetch_user_data, user_id)
    user_data = user_data_result.wait(timeout=5.0)

    analysis_result = app.add_task(analyze_behavior, user_data)
    analysis = analysis_result.wait(timeout=10.0)

    send_result = app.add_task(
        send_recommendations,
        analysis,
        priority=TaskPriority.HIGH
    )

    return {"recommendations_sent": send_result.wait(timeout=2.0)}


@app.get("/tasks/stats")
def get_performance_stats():
    stats = app.get_task_stats()
    return {
        "throughput": {
            "tasks_per_second": stats.tasks_per_second,
            "avg_execution_time_ms": stats.avg_execution_time_ms,
            "p95_execution_time_ms": stats.p95_execution_time_ms
        },
        "queues": {
            "critical": stats.critical_queue_size,
            "high": stats.high_queue_size,
            "normal": stats.normal_queue_size,
            "low": stats.low_queue_size,
            "pressure": stats.queue_pressure
        },
        "workers": {
            "active": stats.active_workers,
            "idle": stats.idle_workers,
            "total": stats.total_workers,
            "utilization": stats.avg_worker_utilization
        },
        "memory": {
            "usage_mb": stats.memory_usage_mb,
            "efficiency": stats.memory_efficiency
        }
    }


@app.get("/tasks/memory")
def get_memory_efficiency():
    memory_stats = app.get_memory_stats()
    task_stats = app.get_task_stats()

    return {
        "jemalloc_enabled": app.has_jemalloc,
        "memory_usage_mb": task_stats.memory_usage_mb,
        "efficiency_gain": "35%" if app.has_jemalloc else "0%",
        "fragmentation": memory_stats.get("fragmentation_percent", 0),
        "allocator": memory_stats.get("allocator", "malloc")
    }


# ✅ Good: Critical for immediate response
@app.task(priority=TaskPriority.CRITICAL, compile_to_c=True)
def log_security_event(event: str) -> bool:
    security_logger.critical(event)
    return True

# ✅ Good: High priority for user experience
@app.task(priority=TaskPriority.HIGH)
def send_email_notification(user_id: int, email: str) -> dict:
    return email_service.send(user_id, email)

# ✅ Good: Normal for background work
@app.task(priority=TaskPriority.NORMAL)
def generate_monthly_report(month: int) -> dict:
    return report_generator.create_report(month)

# ✅ Good: Low for maintenance
@app.task(priority=TaskPriority.LOW)
def cleanup_temp_files(directory: str) -> int:
    return file_cleaner.cleanup(directory)


app.enable_background_tasks(
    workers=16,                    # Worker thread count (auto-detected if None)
    min_workers=2,                 # Minimum workers for auto-scaling
    max_workers=32,                # Maximum workers for auto-scaling
    queue_size=10000,              # Maximum queue size per priority
    enable_auto_scaling=True,      # Intelligent worker scaling
    memory_pool_mb=1000,           # Memory pool size with jemalloc
    enable_c_compilation=True,     # Automatic C compilation
    enable_profiling=True          # Real-time performance monitoring
)


@app.task(
    priority=TaskPriority.HIGH,    # Task priority level
    compile_to_c=True,             # Force/disable C compilation
    max_retries=3,                 # Retry attempts on failure
    timeout_ms=30000,              # Execution timeout
    delay_ms=0                     # Delay before execution
)
def my_task(data):
    return process(data)
