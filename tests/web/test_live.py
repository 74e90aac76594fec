"""GET /tasks/live: snapshots as server-sent events, for a limited number of pages."""

from __future__ import annotations

import http.client
import json
import time

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
from support.web_server import PATIENCE, post

APP = """
    from catzilla_jit import Runtime
    from catzilla_jit.web import TaskRoutes
    from fastapi import FastAPI, Request

    app = FastAPI()
    runtime = Runtime(workers=1)

    def is_own(request: Request, result) -> bool:
        return result.task_name == request.headers.get("x-user")

    tasks = TaskRoutes(runtime, live_clients=2, visible=is_own)

    def fails(user):
        raise ValueError(user)

    @app.post("/fail/{user}")
    def fail(user: str):
        result = runtime.task(fails, name=user, compile_to_c=False).submit(user)
        tasks.note(result)
        result.exception()

    tasks.install(app)
"""


class Stream:
    """An open stream of events."""

    def __init__(self, server, **headers):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", int(server.url.rpartition(":")[2]), timeout=PATIENCE
        )
        self.connection.request("GET", "/tasks/live", headers=headers)
        self.answer = self.connection.getresponse()

    def events(self):
        name = None
        for line in self.answer:
            field, _, value = line.decode().strip().partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)

    def close(self):
        self.connection.close()
        self.answer.close()


def test_history_comes_first_and_snapshots_follow_each_second(serve):
    stream = Stream(serve(APP))
    events = stream.events()
    assert next(events) == ("history", [])
    first, second = next(events), next(events)
    assert first[0] == second[0] == "snapshot"
    assert 0.5 < second[1]["time"] - first[1]["time"] < 5.0
    assert first[1]["point"] is None  # nothing to compare with
    assert second[1]["point"]["rate"] == 0.0
    stream.close()


def test_more_pages_than_allowed_are_refused_until_one_is_gone(serve):
    server = serve(APP)
    streams = [Stream(server), Stream(server)]
    third = Stream(server)
    assert third.answer.status == 503
    assert third.answer.headers["retry-after"]
    third.close()
    streams[0].close()
    until = time.monotonic() + PATIENCE
    while (again := Stream(server)).answer.status == 503:
        again.close()
        assert time.monotonic() < until
        time.sleep(0.1)
    again.close()
    streams[1].close()


def test_failures_are_shown_to_who_may_see_them(serve):
    server = serve(APP)
    for user in ("ada", "grace"):
        assert post(f"{server.url}/fail/{user}")[0] == 200
    stream = Stream(server, **{"X-User": "ada"})
    name, snapshot = [event for event, _ in zip(stream.events(), range(2), strict=False)][1]
    assert name == "snapshot"
    assert [each["message"] for each in snapshot["failures"]] == ["ada"]
    assert "ValueError: ada" in snapshot["failures"][0]["traceback"]
    assert snapshot["totals"]["failed_tasks"] == 2  # counts are everybody's
    stream.close()


def test_stream_ends_when_the_server_is_told_to(serve):
    server = serve(APP)
    stream = Stream(server)
    events = stream.events()
    next(events), next(events)
    server.process.terminate()
    for _ in events:
        pass
    assert "Traceback" not in server.stop()
    stream.close()
