"""A real server with real processes."""

from __future__ import annotations

import json
import os
import pathlib
import urllib.request

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
from support.web_server import PATIENCE, get, kill, post, start

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
    made = {}
    for number in range(200):
        answer = json.loads(post(f"{server.url}/double/{number}")[1])
        assert answer["id"] not in made
        made[answer["id"]] = (2 * number, answer["pid"])
        if number >= 40 and len({pid for _, pid in made.values()}) == 2:
            break
    assert len({pid for _, pid in made.values()}) == 2
    answered = 0
    for task_id, (value, pid) in made.items():
        code, found = ask(f"{server.url}/tasks/{task_id}/status?include_result=true")
        if code == 200:
            assert found["result"] == value
            answered += 1
        else:
            assert code == 404
            assert "no runtime of this process has made this id" in found["detail"]
            assert str(pid) not in found["detail"].partition("(")[2].partition(")")[0]
    assert answered > 0


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
