"""The long document up to its chapter on integration, and its last one, in their order.

    uvicorn notifications:app --app-dir examples/web/specification

Only import lines differ from the document, and a `*` stands before the parameters without a
default that follow some with one, which Python does not take otherwise.
"""

import logging
import time
from typing import Any, List, Optional

from catzilla_jit.web import BaseModel, Catzilla, JSONResponse, Path, Query, TaskPriority

security_logger = logging.getLogger("security")


class Service:
    """Stands in for a service: every call of it answers with its name and arguments."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: {"called": name, "arguments": list(arguments)}


email_service = report_generator = file_cleaner = Service()
arg1, arg2 = 1, 2


def process(data):
    return data


def my_function(one, other):
    return one + other


# Create Catzilla app with memory optimization and auto-validation
app = Catzilla(
    use_jemalloc=True,           # 35% memory efficiency improvement
    memory_profiling=True,       # Real-time memory monitoring
    auto_validation=True         # Enable FastAPI-style auto-validation
)

# Enable background task system
app.enable_background_tasks(
    workers=16,                  # Auto-detected if None
    min_workers=2,               # Minimum workers for auto-scaling
    max_workers=32,              # Maximum workers for auto-scaling
    enable_auto_scaling=True,    # Intelligent scaling
    memory_pool_mb=1000,         # 1GB pool with jemalloc
    enable_c_compilation=True,   # Automatic C compilation
    enable_profiling=True        # Real-time performance monitoring
)

# Models for auto-validation
class NotificationMessage(BaseModel):
    message: str
    urgency: Optional[str] = "normal"

class UserData(BaseModel):
    name: str
    email: str
    age: Optional[int] = None
    friends: Optional[List[str]] = []

# Simple task - automatically compiled to C
@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_notification(user_id: int, message: str) -> dict:
    """Fast notification - compiled to C automatically"""
    print(f"📧 Sending to user {user_id}: {message}")
    return {"status": "sent", "user_id": user_id, "timestamp": time.time()}

# Complex task - Python with memory optimization
@app.task(priority=TaskPriority.NORMAL)
def process_user_data(data: dict) -> dict:
    """Complex processing - Python with jemalloc optimization"""
    # Complex operations use optimized memory allocation
    result = {"processed_at": time.time(), "user_count": len(data.get("friends", []))}
    return {"processed": True, "result": result}

# Route handlers with proper auto-validation
@app.post("/users/{user_id}/notify")
def notify_user(
    request,
    user_id: int = Path(..., description="User ID to send notification to"),
    *,
    notification: NotificationMessage
):
    """Send notification via background task system"""
    # Schedule high-priority task (executed at C-speed if compiled)
    result = app.add_task(
        send_notification,
        user_id,
        notification.message,
        priority=TaskPriority.HIGH
    )

    return JSONResponse({
        "task_id": result.task_id,
        "status": "queued",
        "urgency": notification.urgency,
        "validation_time": "~2.3μs (auto-validated)"
    })

@app.post("/users/process")
def process_user(request, user_data: UserData):
    """Process user data in background"""
    # Schedule normal priority task with retry logic
    result = app.add_task(
        process_user_data,
        user_data.model_dump(),
        priority=TaskPriority.NORMAL,
        max_retries=3,
        timeout_ms=10000  # 10 second timeout
    )

    return JSONResponse({
        "task_id": result.task_id,
        "status": "processing",
        "user_name": user_data.name,
        "estimated_completion": "5-10 seconds",
        "validation_time": "~3.1μs (complex model)"
    })


# Define workflow steps with proper error handling
@app.task(priority=TaskPriority.NORMAL)
def fetch_user_data(user_id: int) -> dict:
    """Step 1: Fetch user data"""
    print(f"📊 Fetching data for user {user_id}")
    return {
        "user_id": user_id,
        "name": f"User{user_id}",
        "email": f"user{user_id}@example.com",
        "friends": list(range(user_id % 10))
    }

@app.task(priority=TaskPriority.NORMAL)
def analyze_behavior(user_data: dict) -> dict:
    """Step 2: Analyze user behavior"""
    print(f"🔍 Analyzing behavior for {user_data['name']}")
    return {
        "user_id": user_data["user_id"],
        "engagement_score": 8.5,
        "recommendation_count": len(user_data["friends"]) * 2
    }

@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_recommendations(analysis: dict) -> dict:
    """Step 3: Send recommendations (C-compiled for speed)"""
    print(f"📨 Sending {analysis['recommendation_count']} recommendations")
    return {"status": "recommendations_sent", "count": analysis["recommendation_count"]}

# Execute workflow with proper auto-validation
@app.post("/users/{user_id}/recommendations")
def generate_recommendations(
    request,
    user_id: int = Path(..., description="User ID for recommendations"),
    priority: Optional[str] = Query("normal", description="Processing priority"),
    max_recommendations: int = Query(10, ge=1, le=100, description="Max recommendations")
):
    """Complex workflow: fetch → analyze → send recommendations"""

    # Determine priority level
    task_priority = TaskPriority.NORMAL
    if priority == "high":
        task_priority = TaskPriority.HIGH
    elif priority == "critical":
        task_priority = TaskPriority.CRITICAL
    elif priority == "low":
        task_priority = TaskPriority.LOW

    try:
        # Chain tasks with proper error handling and timeouts
        user_data_result = app.add_task(fetch_user_data, user_id, priority=task_priority)
        user_data = user_data_result.wait(timeout=5.0)  # Wait with timeout

        analysis_result = app.add_task(analyze_behavior, user_data, priority=task_priority)
        analysis = analysis_result.wait(timeout=10.0)

        send_result = app.add_task(
            send_recommendations,
            analysis,
            priority=TaskPriority.HIGH  # High priority for final step
        )
        recommendations = send_result.wait(timeout=2.0)

        return JSONResponse({
            "user_id": user_id,
            "workflow_completed": True,
            "recommendations_sent": min(recommendations["count"], max_recommendations),
            "engagement_score": analysis["engagement_score"],
            "processing_priority": priority,
            "validation_time": "~0.7μs (path param) + ~1.2μs (query params)"
        })

    except TimeoutError as e:
        return JSONResponse({"error": "Workflow timeout", "detail": str(e)}, 408)
    except Exception as e:
        return JSONResponse({"error": "Workflow failed", "detail": str(e)}, 500)

# Advanced callback handling
@app.post("/users/{user_id}/notify-with-callback")
def notify_with_callback(
    request,
    user_id: int = Path(..., description="User ID"),
    *,
    notification: NotificationMessage
):
    """Notification with success/error callbacks"""
    result = app.add_task(
        send_notification,
        user_id,
        notification.message,
        priority=TaskPriority.HIGH
    )

    # Add success callback
    def on_success(task_result):
        print(f"✅ Notification sent successfully: {task_result}")
        # Could log to database, send webhook, etc.

    # Add error callback
    def on_error(error):
        print(f"❌ Notification failed: {error}")
        # Could retry, send alert, etc.

    result.on_success(on_success)
    result.on_error(on_error)

    return JSONResponse({
        "task_id": result.task_id,
        "status": "queued_with_callbacks",
        "message": "Notification queued with success/error handling"
    })


@app.get("/tasks/stats")
def get_performance_stats(
    request,
    detailed: bool = Query(False, description="Include detailed metrics"),
    format: Optional[str] = Query("json", description="Response format")
):
    """Get real-time task system performance statistics"""
    stats = app.get_task_stats()

    base_stats = {
        "throughput": {
            "tasks_per_second": stats.tasks_per_second,
            "avg_execution_time_ms": stats.avg_execution_time_ms,
            "p95_execution_time_ms": stats.p95_execution_time_ms,
            "p99_execution_time_ms": stats.p99_execution_time_ms
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

    if detailed:
        base_stats["detailed_metrics"] = {
            "c_compilation_enabled": True,
            "auto_scaling_active": True,
            "jemalloc_optimized": True,
            "validation_time": "~1.2μs (query params)"
        }

    return JSONResponse(base_stats)

@app.get("/tasks/worker/{worker_id}")
def get_worker_stats(
    request,
    worker_id: int = Path(..., ge=0, description="Worker ID to get stats for")
):
    """Get statistics for a specific worker"""
    # In real implementation, this would query specific worker stats
    return JSONResponse({
        "worker_id": worker_id,
        "status": "active",
        "tasks_processed": 1250,
        "avg_task_time_ms": 2.3,
        "cpu_usage_percent": 45.2,
        "memory_usage_mb": 128.5,
        "uptime_seconds": 3600,
        "validation_time": "~0.7μs (path param)"
    })

@app.post("/tasks/benchmark")
def run_task_benchmark(
    request,
    iterations: int = Query(1000, ge=100, le=100000, description="Number of iterations"),
    task_type: str = Query("notification", description="Type of task to benchmark"),
    priority: str = Query("normal", description="Task priority for benchmark")
):
    """Run a performance benchmark of the task system"""

    # Convert priority string to enum
    task_priority = TaskPriority.NORMAL
    if priority == "high":
        task_priority = TaskPriority.HIGH
    elif priority == "critical":
        task_priority = TaskPriority.CRITICAL
    elif priority == "low":
        task_priority = TaskPriority.LOW

    start_time = time.time()
    successful_tasks = 0

    # Run benchmark based on task type
    for i in range(iterations):
        try:
            if task_type == "notification":
                result = app.add_task(
                    send_notification,
                    i,
                    f"Benchmark message {i}",
                    priority=task_priority
                )
            else:
                result = app.add_task(
                    send_notification,
                    i,
                    f"Default benchmark {i}",
                    priority=task_priority
                )

            if result:
                successful_tasks += 1
        except Exception:
            pass

    end_time = time.time()
    total_time_ms = (end_time - start_time) * 1000
    tasks_per_second = successful_tasks / (total_time_ms / 1000) if total_time_ms > 0 else 0
    avg_time_ms = total_time_ms / successful_tasks if successful_tasks > 0 else 0

    return JSONResponse({
        "benchmark_results": {
            "iterations": iterations,
            "successful_tasks": successful_tasks,
            "total_time_ms": round(total_time_ms, 3),
            "tasks_per_second": round(tasks_per_second, 0),
            "avg_task_time_ms": round(avg_time_ms, 3),
            "task_type": task_type,
            "priority": priority
        },
        "system_performance": {
            "c_compilation": "enabled",
            "jemalloc_optimization": "active",
            "auto_scaling": "enabled"
        },
        "validation_time": "~1.2μs (query params)"
    })


@app.get("/tasks/memory")
def get_memory_efficiency(
    request,
    include_global: bool = Query(True, description="Include global memory stats")
):
    """Get memory statistics for task system"""
    memory_stats = app.get_memory_stats()
    task_stats = app.get_task_stats()

    result = {
        "task_memory": {
            "usage_mb": task_stats.memory_usage_mb,
            "efficiency": task_stats.memory_efficiency
        }
    }

    if include_global:
        result.update({
            "jemalloc_enabled": app.has_jemalloc,
            "efficiency_gain": "35%" if app.has_jemalloc else "0%",
            "fragmentation": memory_stats.get("fragmentation_percent", 0),
            "allocator": memory_stats.get("allocator", "malloc"),
            "optimization_status": {
                "jemalloc_active": app.has_jemalloc,
                "memory_profiling": app.memory_profiling,
                "auto_tuning": app.auto_memory_tuning
            }
        })

    result["validation_time"] = "~1.2μs (query params)"
    return JSONResponse(result)


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

# Or using add_task method
result = app.add_task(
    my_function,
    arg1, arg2,
    priority=TaskPriority.HIGH,
    delay_ms=1000,                 # 1 second delay
    max_retries=5,
    timeout_ms=60000,              # 1 minute timeout
    compile_to_c=True              # Force C compilation
)


@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_notification(user_id: int, message: str) -> dict:
    """Fast notification - compiled to C automatically"""
    print(f"📧 Sending to user {user_id}: {message}")
    return {"status": "sent", "user_id": user_id, "timestamp": time.time()}

# Complex task - Python with memory optimization
@app.task(priority=TaskPriority.NORMAL)
def process_user_data(data: dict) -> dict:
    """Complex processing - Python with jemalloc optimization"""
    # Complex operations use optimized memory allocation
    result = {"processed_at": time.time(), "user_count": len(data.get("friends", []))}
    return {"processed": True, "result": result}

# Route handlers with proper auto-validation
@app.post("/users/{user_id}/notify")
def notify_user(
    request,
    user_id: int = Path(..., description="User ID to send notification to"),
    *,
    notification: NotificationMessage
):
    """Send notification via background task system"""
    # Schedule high-priority task (executed at C-speed if compiled)
    result = app.add_task(
        send_notification,
        user_id,
        notification.message,
        priority=TaskPriority.HIGH
    )

    return JSONResponse({
        "task_id": result.task_id,
        "status": "queued",
        "urgency": notification.urgency,
        "validation_time": "~2.3μs (auto-validated)"
    })

@app.post("/users/process")
def process_user(request, user_data: UserData):
    """Process user data in background"""
    # Schedule normal priority task with retry logic
    result = app.add_task(
        process_user_data,
        user_data.model_dump(),
        priority=TaskPriority.NORMAL,
        max_retries=3,
        timeout_ms=10000  # 10 second timeout
    )

    return JSONResponse({
        "task_id": result.task_id,
        "status": "processing",
        "user_name": user_data.name,
        "estimated_completion": "5-10 seconds",
        "validation_time": "~3.1μs (complex model)"
    })


# Define workflow steps with proper error handling
@app.task(priority=TaskPriority.NORMAL)
def fetch_user_data(user_id: int) -> dict:
    """Step 1: Fetch user data"""
    print(f"📊 Fetching data for user {user_id}")
    return {
        "user_id": user_id,
        "name": f"User{user_id}",
        "email": f"user{user_id}@example.com",
        "friends": list(range(user_id % 10))
    }

@app.task(priority=TaskPriority.NORMAL)
def analyze_behavior(user_data: dict) -> dict:
    """Step 2: Analyze user behavior"""
    print(f"🔍 Analyzing behavior for {user_data['name']}")
    return {
        "user_id": user_data["user_id"],
        "engagement_score": 8.5,
        "recommendation_count": len(user_data["friends"]) * 2
    }

@app.task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_recommendations(analysis: dict) -> dict:
    """Step 3: Send recommendations (C-compiled for speed)"""
    print(f"📨 Sending {analysis['recommendation_count']} recommendations")
    return {"status": "recommendations_sent", "count": analysis["recommendation_count"]}

# Execute workflow with proper auto-validation
@app.post("/users/{user_id}/recommendations")
def generate_recommendations(
    request,
    user_id: int = Path(..., description="User ID for recommendations"),
    priority: Optional[str] = Query("normal", description="Processing priority"),
    max_recommendations: int = Query(10, ge=1, le=100, description="Max recommendations")
):
    """Complex workflow: fetch → analyze → send recommendations"""

    # Determine priority level
    task_priority = TaskPriority.NORMAL
    if priority == "high":
        task_priority = TaskPriority.HIGH
    elif priority == "critical":
        task_priority = TaskPriority.CRITICAL
    elif priority == "low":
        task_priority = TaskPriority.LOW

    try:
        # Chain tasks with proper error handling and timeouts
        user_data_result = app.add_task(fetch_user_data, user_id, priority=task_priority)
        user_data = user_data_result.wait(timeout=5.0)  # Wait with timeout

        analysis_result = app.add_task(analyze_behavior, user_data, priority=task_priority)
        analysis = analysis_result.wait(timeout=10.0)

        send_result = app.add_task(
            send_recommendations,
            analysis,
            priority=TaskPriority.HIGH  # High priority for final step
        )
        recommendations = send_result.wait(timeout=2.0)

        return JSONResponse({
            "user_id": user_id,
            "workflow_completed": True,
            "recommendations_sent": min(recommendations["count"], max_recommendations),
            "engagement_score": analysis["engagement_score"],
            "processing_priority": priority,
            "validation_time": "~0.7μs (path param) + ~1.2μs (query params)"
        })

    except TimeoutError as e:
        return JSONResponse({"error": "Workflow timeout", "detail": str(e)}, 408)
    except Exception as e:
        return JSONResponse({"error": "Workflow failed", "detail": str(e)}, 500)

# Advanced callback handling
@app.post("/users/{user_id}/notify-with-callback")
def notify_with_callback(
    request,
    user_id: int = Path(..., description="User ID"),
    *,
    notification: NotificationMessage
):
    """Notification with success/error callbacks"""
    result = app.add_task(
        send_notification,
        user_id,
        notification.message,
        priority=TaskPriority.HIGH
    )

    # Add success callback
    def on_success(task_result):
        print(f"✅ Notification sent successfully: {task_result}")
        # Could log to database, send webhook, etc.

    # Add error callback
    def on_error(error):
        print(f"❌ Notification failed: {error}")
        # Could retry, send alert, etc.

    result.on_success(on_success)
    result.on_error(on_error)

    return JSONResponse({
        "task_id": result.task_id,
        "status": "queued_with_callbacks",
        "message": "Notification queued with success/error handling"
    })


@app.get("/tasks/stats")
def get_performance_stats(
    request,
    detailed: bool = Query(False, description="Include detailed metrics"),
    format: Optional[str] = Query("json", description="Response format")
):
    """Get real-time task system performance statistics"""
    stats = app.get_task_stats()

    base_stats = {
        "throughput": {
            "tasks_per_second": stats.tasks_per_second,
            "avg_execution_time_ms": stats.avg_execution_time_ms,
            "p95_execution_time_ms": stats.p95_execution_time_ms,
            "p99_execution_time_ms": stats.p99_execution_time_ms
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

    if detailed:
        base_stats["detailed_metrics"] = {
            "c_compilation_enabled": True,
            "auto_scaling_active": True,
            "jemalloc_optimized": True,
            "validation_time": "~1.2μs (query params)"
        }

    return JSONResponse(base_stats)

@app.get("/tasks/worker/{worker_id}")
def get_worker_stats(
    request,
    worker_id: int = Path(..., ge=0, description="Worker ID to get stats for")
):
    """Get statistics for a specific worker"""
    # In real implementation, this would query specific worker stats
    return JSONResponse({
        "worker_id": worker_id,
        "status": "active",
        "tasks_processed": 1250,
        "avg_task_time_ms": 2.3,
        "cpu_usage_percent": 45.2,
        "memory_usage_mb": 128.5,
        "uptime_seconds": 3600,
        "validation_time": "~0.7μs (path param)"
    })

@app.post("/tasks/benchmark")
def run_task_benchmark(
    request,
    iterations: int = Query(1000, ge=100, le=100000, description="Number of iterations"),
    task_type: str = Query("notification", description="Type of task to benchmark"),
    priority: str = Query("normal", description="Task priority for benchmark")
):
    """Run a performance benchmark of the task system"""

    # Convert priority string to enum
    task_priority = TaskPriority.NORMAL
    if priority == "high":
        task_priority = TaskPriority.HIGH
    elif priority == "critical":
        task_priority = TaskPriority.CRITICAL
    elif priority == "low":
        task_priority = TaskPriority.LOW

    start_time = time.time()
    successful_tasks = 0

    # Run benchmark based on task type
    for i in range(iterations):
        try:
            if task_type == "notification":
                result = app.add_task(
                    send_notification,
                    i,
                    f"Benchmark message {i}",
                    priority=task_priority
                )
            else:
                result = app.add_task(
                    send_notification,
                    i,
                    f"Default benchmark {i}",
                    priority=task_priority
                )

            if result:
                successful_tasks += 1
        except Exception:
            pass

    end_time = time.time()
    total_time_ms = (end_time - start_time) * 1000
    tasks_per_second = successful_tasks / (total_time_ms / 1000) if total_time_ms > 0 else 0
    avg_time_ms = total_time_ms / successful_tasks if successful_tasks > 0 else 0

    return JSONResponse({
        "benchmark_results": {
            "iterations": iterations,
            "successful_tasks": successful_tasks,
            "total_time_ms": round(total_time_ms, 3),
            "tasks_per_second": round(tasks_per_second, 0),
            "avg_task_time_ms": round(avg_time_ms, 3),
            "task_type": task_type,
            "priority": priority
        },
        "system_performance": {
            "c_compilation": "enabled",
            "jemalloc_optimization": "active",
            "auto_scaling": "enabled"
        },
        "validation_time": "~1.2μs (query params)"
    })


@app.get("/tasks/memory")
def get_memory_efficiency(
    request,
    include_global: bool = Query(True, description="Include global memory stats")
):
    """Get memory statistics for task system"""
    memory_stats = app.get_memory_stats()
    task_stats = app.get_task_stats()

    result = {
        "task_memory": {
            "usage_mb": task_stats.memory_usage_mb,
            "efficiency": task_stats.memory_efficiency
        }
    }

    if include_global:
        result.update({
            "jemalloc_enabled": app.has_jemalloc,
            "efficiency_gain": "35%" if app.has_jemalloc else "0%",
            "fragmentation": memory_stats.get("fragmentation_percent", 0),
            "allocator": memory_stats.get("allocator", "malloc"),
            "optimization_status": {
                "jemalloc_active": app.has_jemalloc,
                "memory_profiling": app.memory_profiling,
                "auto_tuning": app.auto_memory_tuning
            }
        })

    result["validation_time"] = "~1.2μs (query params)"
    return JSONResponse(result)


# Add a task and get TaskResult
result = app.add_task(my_function, arg1, arg2)

# Wait for completion with timeout
try:
    task_result = result.wait(timeout=10.0)  # Wait up to 10 seconds
    print(f"Task completed: {task_result}")
except TimeoutError:
    print("Task timed out")

# Check if task is done (non-blocking)
if result.done():
    print(f"Task completed with result: {result.result()}")

# Get task ID for tracking
task_id = result.task_id
print(f"Task ID: {task_id}")

# Get task status
status = result.status()  # PENDING, RUNNING, COMPLETED, FAILED, CANCELLED
print(f"Task status: {status}")


@app.post("/users/{user_id}/process-with-callbacks")
def process_with_callbacks(
    request,
    user_id: int = Path(..., description="User ID"),
    *,
    user_data: UserData
):
    """Process user data with success/error callbacks"""

    def on_success(task_result):
        """Called when task completes successfully"""
        print(f"✅ User {user_id} processed successfully")
        print(f"Result: {task_result}")

        # Could send notification, update database, etc.
        app.add_task(
            send_notification,
            user_id,
            f"Your data has been processed successfully!",
            priority=TaskPriority.HIGH
        )

    def on_error(error):
        """Called when task fails"""
        print(f"❌ Failed to process user {user_id}: {error}")

        # Could log error, retry, send alert, etc.
        app.add_task(
            log_security_event,
            f"user_processing_failed",
            5,  # severity
            priority=TaskPriority.CRITICAL
        )

    # Add task with callbacks
    result = app.add_task(
        process_user_data,
        user_data.model_dump(),
        priority=TaskPriority.NORMAL,
        max_retries=3
    )

    # Register callbacks
    result.on_success(on_success)
    result.on_error(on_error)

    return JSONResponse({
        "task_id": result.task_id,
        "status": "queued_with_callbacks",
        "user_name": user_data.name,
        "message": "Processing started with success/error handling"
    })


@app.post("/users/{user_id}/complex-workflow")
def complex_workflow(
    request,
    user_id: int = Path(..., description="User ID"),
    workflow_type: str = Query("standard", description="Type of workflow")
):
    """Execute complex workflow with proper error handling"""

    workflow_results = []

    try:
        # Step 1: Fetch user data
        print(f"🔄 Starting workflow for user {user_id}")
        fetch_result = app.add_task(
            fetch_user_data,
            user_id,
            priority=TaskPriority.NORMAL,
            timeout_ms=5000
        )
        user_data = fetch_result.wait(timeout=10.0)
        workflow_results.append({"step": "fetch", "status": "completed"})

        # Step 2: Analyze data
        analysis_result = app.add_task(
            analyze_behavior,
            user_data,
            priority=TaskPriority.NORMAL,
            timeout_ms=10000
        )
        analysis = analysis_result.wait(timeout=15.0)
        workflow_results.append({"step": "analysis", "status": "completed"})

        # Step 3: Send recommendations (high priority for user experience)
        send_result = app.add_task(
            send_recommendations,
            analysis,
            priority=TaskPriority.HIGH,
            timeout_ms=3000
        )
        recommendations = send_result.wait(timeout=5.0)
        workflow_results.append({"step": "recommendations", "status": "completed"})

        return JSONResponse({
            "user_id": user_id,
            "workflow_type": workflow_type,
            "status": "completed",
            "steps": workflow_results,
            "recommendations_sent": recommendations.get("count", 0),
            "engagement_score": analysis.get("engagement_score", 0.0),
            "total_time": sum(step.get("duration", 0) for step in workflow_results)
        })

    except TimeoutError as e:
        return JSONResponse({
            "error": "Workflow timeout",
            "user_id": user_id,
            "failed_at": len(workflow_results),
            "completed_steps": workflow_results,
            "detail": str(e)
        }, 408)

    except Exception as e:
        return JSONResponse({
            "error": "Workflow failed",
            "user_id": user_id,
            "failed_at": len(workflow_results),
            "completed_steps": workflow_results,
            "detail": str(e)
        }, 500)
