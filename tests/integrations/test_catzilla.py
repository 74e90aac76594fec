"""The methods of an app of the catzilla package, on tasks that work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from catzilla_jit.integrations import catzilla as adapter
from catzilla_jit.types import TaskPriority, TaskStatus
from support.web_server import PATIENCE, ROOT, free_port, get

catzilla = pytest.importorskip(
    "catzilla", reason="needs the package catzilla (pip install catzilla==0.2.3)"
)


@pytest.fixture
def app():
    app = adapter.install(catzilla.Catzilla())
    app.enable_background_tasks(workers=1)
    yield app
    app.task_runtime().shutdown(timeout=PATIENCE)


def double(x: int) -> int:
    return 2 * x


def test_result_of_a_task_arrives(app):
    result = app.add_task(double, 21)
    assert result.wait(timeout=PATIENCE) == 42
    assert result.status() is TaskStatus.COMPLETED


def test_priorities_of_the_framework_are_taken_by_name(app):
    from catzilla.background_tasks import TaskPriority as Theirs

    task = app.task(priority=Theirs.HIGH, compile_to_c=True)(double)
    assert task.priority is TaskPriority.HIGH
    assert app.add_task(task, 4, priority=Theirs.CRITICAL).wait(PATIENCE) == 8
    levels = {level.name: level.wait.count for level in app.get_task_stats().levels}
    assert levels["critical"] == 1


def test_retries_and_callbacks_work(app):
    calls, told = [], threading.Event()

    def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return len(calls)

    result = app.add_task(flaky, max_retries=3)
    result.on_success(lambda value: told.set())
    assert result.wait(PATIENCE) == 3
    assert told.wait(PATIENCE)


def test_statistics_are_the_runtimes(app):
    app.add_task(double, 1).wait(PATIENCE)
    assert app.get_task_stats().total_tasks_processed == 1
    assert app.get_memory_stats()["resident_mb"] > 1


def test_installing_too_late_or_into_something_else_is_refused(app):
    other = catzilla.Catzilla()
    with pytest.raises(RuntimeError, match="enable_background_tasks"):
        adapter.install(other).add_task(double, 1)
    with pytest.raises(RuntimeError, match="enabled already"):
        app.enable_background_tasks()
    with pytest.raises(TypeError, match="add_task"):
        adapter.install(object())


SERVER = """
import sys
from catzilla import Catzilla, JSONResponse
from catzilla_jit.integrations import catzilla as adapter

app = adapter.install(Catzilla())
app.enable_background_tasks(workers=1)

@app.task(compile_to_c=False)
def double(x):
    return 2 * x

@app.get("/double")
def handler(request):
    return JSONResponse({"value": app.add_task(double, 21).wait(timeout=10)})

app.listen(int(sys.argv[1]), "127.0.0.1")
"""


def test_route_of_the_framework_answers_with_a_result(tmp_path):
    (tmp_path / "served.py").write_text(SERVER)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "served.py"), str(port)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                code, text = get(f"http://127.0.0.1:{port}/double")
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
        assert (code, json.loads(text)) == (200, {"value": 42})
    finally:
        process.kill()
        process.wait()
