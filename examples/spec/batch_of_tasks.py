"""Many tasks of several kinds at once, each with its own options; their status by id."""

from __future__ import annotations

import dataclasses
from typing import Any

from catzilla_jit import TaskPriority, TaskResult, add_task, as_completed, task


@dataclasses.dataclass(frozen=True)
class EmailTask:
    recipient: str
    subject: str
    template: str | None = None
    priority: str = "normal"
    delay_seconds: float = 0
    max_retries: int = 3


@dataclasses.dataclass(frozen=True)
class AnalysisTask:
    dataset_id: str
    analysis_type: str


@task(priority=TaskPriority.HIGH)
def send_email(recipient: str, subject: str, template: str | None = None) -> dict[str, Any]:
    return {"status": "sent", "recipient": recipient, "template": template or "default"}


@task
def analyze_data(dataset_id: str, analysis_type: str) -> dict[str, Any]:
    return {"dataset_id": dataset_id, "type": analysis_type, "score": 0.85}


def submit(request: EmailTask | AnalysisTask, priority: str) -> TaskResult[Any]:
    if isinstance(request, EmailTask):
        return add_task(
            send_email,
            request.recipient,
            request.subject,
            request.template,
            priority=request.priority if request.priority != "normal" else priority,
            delay_ms=int(request.delay_seconds * 1000),
            max_retries=request.max_retries,
        )
    return add_task(analyze_data, request.dataset_id, request.analysis_type, priority=priority)


submitted: dict[str, TaskResult[Any]] = {}


def get_task_status(task_id: str) -> dict[str, Any]:
    result = submitted[task_id]
    return {
        "task_id": task_id,
        "status": result.status().value,
        "execution_time_ms": result.execution_time_ms,
    }


def main() -> None:
    requests: list[EmailTask | AnalysisTask] = [
        EmailTask("ada@example.com", "engine", priority="critical"),
        AnalysisTask("sales", "trend"),
        EmailTask("grace@example.com", "compiler", "short", delay_seconds=0.02),
    ]
    results = [submit(request, "low") for request in requests]
    submitted.update((result.task_id, result) for result in results)
    for result in as_completed(results, timeout=10.0):
        print(result.task_name, result.result(), get_task_status(result.task_id)["status"])


if __name__ == "__main__":
    main()
