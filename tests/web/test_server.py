"""A real server with real processes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pathlib
import urllib.request

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
from support.web_server import PATIENCE, get, kill, start

SPECIFICATION = pathlib.Path(__file__).parents[2] / "examples" / "web" / "specification"

WORKERS = """
    import os
    from catzilla_jit.web import Catzilla

    app = Catzilla(use_jemalloc=False)
    app.enable_background_tasks(workers=1)

    @app.task(compile_to_c=False)
    def double(x: int) -> int:
        return 2 * x

    @app.post("/double/{x}")
    async def submit(x: int):
        result = app.add_task(double, x)
        await result
        return {"id": result.task_id, "pid": os.getpid()}
"""


def ask(url):
    code, text = get(url)
    return code, json.loads(text)


def test_each_of_two_processes_answers_for_its_own_ids(serve):
    server = serve(WORKERS, "--workers", "2")
    made = {}  # by the process that its connection leads to

    def asked(connection, method, path):
        connection.request(method, path, b"{}" if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    with contextlib.ExitStack() as stack:
        for number in range(2000):  # until both have taken a connection
            connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
            stack.callback(connection.close)
            found = asked(connection, "POST", f"/double/{number}")[1]
            made.setdefault(found["pid"], (connection, found["id"], number))
            if len(made) == 2:
                break
        (one, (first, *of_one)), (other, (second, *of_other)) = made.items()
        for connection, own, foreign, pid in (
            (first, of_one, of_other, other), (second, of_other, of_one, one),
        ):  # fmt: skip
            task_id, number = own
            path = f"/tasks/{task_id}/status?include_result=true"
            code, found = asked(connection, "GET", path)
            assert (code, found["result"]) == (200, 2 * number)
            code, found = asked(connection, "GET", f"/tasks/{foreign[0]}/status")
            assert code == 404
            assert "no runtime of this process has made this id" in found["detail"]
            assert str(pid) not in found["detail"].partition("(")[2].partition(")")[0]
            assert foreign[0] != task_id


EMAIL = {"recipient": "a@b.example", "subject": "s", "body": "b"}
ANALYSIS = {"dataset_id": "d", "analysis_type": "trend", "parameters": {"a": 1, "b": "x"}}
USER = {"name": "Ada", "email": "a@b.example", "friends": ["Grace"]}
HI = {"message": "hi"}

#: Program, request, body, and what stands in the answer.
REQUESTS = [
    ("basic", "POST /users/3/notify?message=hi", None, {"status": "queued"}),
    ("basic", "POST /users/3/recommendations", None, {"recommendations_sent": {"called": "send"}}),
    ("basic", "GET /tasks/stats", None, {"queues": {"high": 0}, "memory": {}}),
    ("basic", "GET /tasks/memory", None, {"efficiency_gain": "0%", "allocator": "malloc"}),
    ("notifications", "POST /users/3/notify", HI, {"status": "queued", "urgency": "normal"}),
    ("notifications", "POST /users/process", USER, {"status": "processing", "user_name": "Ada"}),
    (
        "notifications", "POST /users/3/recommendations?priority=high&max_recommendations=5", None,
        {"workflow_completed": True, "recommendations_sent": 5, "engagement_score": 8.5},
    ),
    (
        "notifications", "POST /users/3/notify-with-callback", HI,
        {"status": "queued_with_callbacks"},
    ),
    ("notifications", "GET /tasks/stats?detailed=true", None, {"detailed_metrics": {}}),
    ("notifications", "GET /tasks/worker/0", None, {"tasks_processed": 1250}),
    (
        "notifications", "POST /tasks/benchmark?iterations=100", None,
        {"benchmark_results": {"successful_tasks": 100}},
    ),
    ("notifications", "GET /tasks/memory?include_global=false", None, {"task_memory": {}}),
    (
        "notifications", "POST /users/3/process-with-callbacks", USER,
        {"status": "queued_with_callbacks"},
    ),
    (
        "notifications", "POST /users/3/complex-workflow", None,
        {"status": "completed", "recommendations_sent": 6},
    ),
    ("validated", "POST /tasks/email", EMAIL, {"status": "queued", "recipient": "a@b.example"}),
    ("validated", "POST /tasks/analysis", ANALYSIS, {"status": "queued", "dataset_id": "d"}),
    (
        "validated", "POST /tasks/batch", {"task_type": "all", "tasks": [EMAIL, ANALYSIS]},
        {"task_count": 2},
    ),
    ("validated", "GET /tasks/abc/status?include_result=true", None, {"status": "completed"}),
    ("migrated", "GET /tasks/stats", None, {"totals": {}}),
]  # fmt: skip


@pytest.fixture(scope="module")
def programs():
    """programs(name): a server of the program, started once."""
    started = {}

    def find(name):
        if name not in started:
            os.environ.pop("LD_PRELOAD", None)
            started[name] = start(SPECIFICATION, name)
        return started[name]

    yield find
    for server in started.values():
        kill(server)


def holds(answer, expected):
    return all(
        holds(answer[key], value) if isinstance(value, dict) else answer[key] == value
        for key, value in expected.items()
    )


@pytest.mark.parametrize(
    ("name", "request_", "body", "expected"), REQUESTS, ids=[f"{r[0]} {r[1]}" for r in REQUESTS]
)
def test_program_of_the_specification_answers(programs, name, request_, body, expected):
    method, path = request_.split(" ")
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        programs(name).url + path, data=data, method=method,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    code, text = get(request, timeout=PATIENCE)
    assert code == 200, text
    assert holds(json.loads(text), expected), text
