"""TaskRoutes: what the routes answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time

import numpy as np
import pytest

pytest.importorskip("fastapi")
from fastapi import Depends, FastAPI, HTTPException
from starlette.applications import Starlette

from catzilla_jit import Runtime
from catzilla_jit.errors import RuntimeClosed
from catzilla_jit.web import Submissions, TaskRoutes
from support.route_tasks import double, ended, fails


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("half \ud800"), "ValueError", "half ?"),
        (SystemExit(3), "SystemExit", "3"),
        (ValueError("x" * 5000), "ValueError", "x" * 1999 + "…"),
    ],
    ids=["surrogate", "exit", "long"],
)
def test_any_exception_can_be_told(made, talk, error, kind, message):
    app, routes = made()

    def raises():
        raise error

    async def conversation(client):
        result = routes.add_task(raises)
        group = routes.note(Submissions([result, routes.add_task(double, 1)]))
        while (await client.get(f"/tasks/{group}/status")).json()["progress"] < 1.0:
            await asyncio.sleep(0.01)
        for task_id in (result.task_id, group):
            answer = await client.get(f"/tasks/{task_id}/status?include_result=true")
            assert answer.json()["error"] == {"type": kind, "message": message}

    talk(app, conversation)


def test_cancelled_submission_has_an_error(made, talk):
    app, routes = made()

    async def conversation(client):
        result = routes.add_task(double, 1, delay_ms=60_000)
        group = routes.note(Submissions([result]))
        assert result.cancel()
        for task_id in (result.task_id, group):
            found = (await client.get(f"/tasks/{task_id}/status")).json()
            assert (found["status"], found["error"]["type"]) == ("cancelled", "TaskCancelled")

    talk(app, conversation)


def test_status_shows_the_result_only_where_asked_for(made, talk):
    app, routes = made()

    async def conversation(client):
        task_id = routes.note(routes.add_task(double, 4))
        await routes.served.results.find(task_id)
        bare = (await client.get(f"/tasks/{task_id}/status")).json()
        assert (bare["status"], bare["result"]) == ("completed", None)
        assert bare["created_at"] <= bare["started_at"] <= bare["completed_at"]
        full = (await client.get(f"/tasks/{task_id}/status?include_result=true")).json()
        assert full["result"] == 8

    talk(app, conversation)


def test_message_of_an_error_is_shown_only_where_asked_for(made, talk):
    app, routes = made()

    async def conversation(client):
        result = routes.add_task(fails, "secret")
        await ended(result)
        url = f"/tasks/{result.task_id}/status"
        bare = (await client.get(url)).json()["error"]
        assert bare == {"type": "ValueError", "message": None}
        full = (await client.get(url + "?include_result=true")).json()["error"]
        assert full["message"] == "secret"

    talk(app, conversation)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.arange(3), [0, 1, 2]),
        (np.float64(0.5), 0.5),
        ({"a": (1, float("nan")), 2: {"x"}}, {"a": [1, "nan"], "2": ["x"]}),
        ("\ud800", "?"),
        (b"bytes", None),
        (object(), None),
        (list(range(60_000)), None),
        (1 << 20_000, None),
    ],
    ids=["array", "number", "dict", "surrogate", "bytes", "object", "long", "integer"],
)
def test_result_is_json_where_it_can_be(made, talk, value, shown):
    app, routes = made()

    async def conversation(client):
        result = routes.add_task(lambda: value)
        await result
        answer = await client.get(f"/tasks/{result.task_id}/status?include_result=true")
        found = answer.json()
        assert found["result"] == shown
        assert ("result_omitted" in found) == (shown is None)

    talk(app, conversation)


def test_list_is_filtered_and_goes_on_at_its_cursor(made, talk):
    app, routes = made()

    async def conversation(client):
        results = [routes.add_task(double, number) for number in range(5)]
        bad = routes.add_task(fails, "x")
        for result in [*results, bad]:
            await ended(result)
        failed = (await client.get("/tasks?state=failed")).json()["tasks"]
        assert [each["task_id"] for each in failed] == [bad.task_id]
        seen, cursor = [], ""
        while cursor is not None:
            page = (await client.get(f"/tasks?name=double&limit=2{cursor}")).json()
            seen += [each["task_id"] for each in page["tasks"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert seen == [result.task_id for result in reversed(results)]
        assert (await client.get("/tasks?limit=100000")).status_code == 422
        assert (await client.get("/tasks?state=lost")).status_code == 422

    talk(app, conversation)


def test_statistics_are_those_of_the_runtime(made, talk):
    app, routes = made()

    async def conversation(client):
        for number in range(20):
            await routes.add_task(double, number)
        stats = (await client.get("/tasks/stats?detailed=true")).json()
        assert stats["totals"]["processed"] == routes.runtime.stats().total_tasks_processed == 20
        assert stats["per_task"]["double"]["completed"] == 20
        assert stats["workers"]["total"] == routes.runtime.stats().total_workers
        exposed = await client.get("/tasks/metrics")
        assert 'task="double",lane="compiled",outcome="completed"} 20' in exposed.text
        assert (await client.get("/tasks/stats?format=prometheus")).text.startswith("# HELP")
        assert (await client.get("/tasks/stats?format=xml")).status_code == 422

    talk(app, conversation)


def test_worker_is_measured(made, talk):
    app, routes = made()
    begun, go = threading.Event(), threading.Event()

    def holds():
        begun.set()
        go.wait()

    async def conversation(client):
        result = routes.add_task(holds)
        await asyncio.to_thread(begun.wait)
        try:
            workers = (await client.get("/tasks/stats?detailed=true")).json()["per_worker"]
            found = [
                (await client.get(f"/tasks/worker/{each['worker_id']}")).json() for each in workers
            ]
        finally:
            go.set()
        (active,) = [each for each in found if each["status"] == "active"]
        assert (active["kind"], active["task"]) == ("python", "holds")
        assert 0.0 <= active["cpu_usage_percent"] <= 400.0
        assert 0.0 <= active["uptime_seconds"] < 3600.0
        assert active["tasks_processed"] == 0
        assert active["avg_task_time_ms"] is None  # nothing has been measured
        await result
        assert (await client.get("/tasks/worker/999")).status_code == 404

    talk(app, conversation)


def test_memory_is_real_or_null(made, talk):
    app, _ = made()

    async def conversation(client):
        found = (await client.get("/tasks/memory")).json()
        assert found["efficiency_gain"] is None
        assert found["allocator"] in ("malloc", "jemalloc")
        assert found["resident_mb"] > 1.0
        short = (await client.get("/tasks/memory?include_global=false")).json()
        assert list(short) == ["task_memory"]

    talk(app, conversation)


def test_unknown_id_is_404_with_the_reason(made, talk):
    app, routes = made(keep_results=1)

    async def conversation(client):
        answer = await client.get("/tasks/nothing/status")
        assert answer.status_code == 404
        assert f"in this process ({os.getpid()})" in answer.json()["detail"]
        first = routes.add_task(double, 1)
        await first
        second = routes.add_task(double, 2)
        gone, kept = str(first.task_id), str(second.task_id)
        await second
        del first
        until = time.monotonic() + 30
        while routes.runtime.get(gone) is not None:  # the dispatcher has yet to let it go
            assert time.monotonic() < until
            await asyncio.sleep(0.01)
        answer = await client.get(f"/tasks/{gone}/status")
        assert "keeps the last 1" in answer.json()["detail"]
        assert (await client.get(f"/tasks/{kept}/status")).status_code == 200

    talk(app, conversation)


def test_results_are_let_go_after_their_time(made, talk):
    app, routes = made(result_ttl_s=0.001)

    async def conversation(client):
        task_id = routes.note(routes.add_task(double, 1))
        for _ in range(1000):
            answer = await client.get(f"/tasks/{task_id}/status")
            if answer.status_code == 404:
                break
            await asyncio.sleep(0.01)
        assert answer.status_code == 404
        assert (await client.get("/tasks")).json()["tasks"] == []

    talk(app, conversation)


def test_names_with_slashes_have_statuses(made, talk):
    app, routes = made()

    async def conversation(client):
        odd = routes.runtime.task(double, name="a/b c?<i>")
        task_id = routes.note(odd.submit(3))
        quoted = task_id.replace("?", "%3F").replace(" ", "%20").replace("<", "%3C")
        assert (await client.get(f"/tasks/{quoted}/status")).json()["name"] == "a/b c?<i>"

    talk(app, conversation)


def test_group_of_submissions_has_a_status(made, talk):
    app, routes = made()
    go = threading.Event()

    async def conversation(client):
        parts = [routes.add_task(double, 3), routes.add_task(go.wait)]
        group_id = routes.note(Submissions(parts))
        await parts[0]
        url = f"/tasks/{group_id}/status?include_result=true"
        half = (await client.get(url)).json()
        assert (half["status"], half["progress"], half["completed_at"]) == ("running", 0.5, None)
        go.set()
        await parts[1]
        whole = (await client.get(url)).json()
        assert (whole["status"], whole["progress"]) == ("completed", 1.0)
        assert whole["result"] == [6, True]
        assert whole["counts"] == {"completed": 2}

    talk(app, conversation)


def test_logs_are_shown_where_asked_for(made, talk, runtime):
    @runtime.task(capture_logs=True)
    def says(text):
        print("heard", text)

    app, _ = made()

    async def conversation(client):
        result = says.submit("hi")
        url = f"/tasks/{result.task_id}/status"
        await result
        assert (await client.get(url)).json()["logs"] is None
        (line,) = (await client.get(url + "?include_logs=true")).json()["logs"]
        assert (line["source"], line["text"]) == ("stdout", "heard hi")

    talk(app, conversation)


def test_submissions_of_tasks_are_known_once_their_id_was_read(made, talk, runtime):
    doubled = runtime.task(double)
    early = doubled.submit(1)  # the runtime is started, and keeps nothing
    early_id = early.task_id
    app, _ = made()

    async def conversation(client):
        task_id = doubled.submit(2).task_id
        doubled.submit(3)
        listed = (await client.get("/tasks")).json()["tasks"]
        assert [each["task_id"] for each in listed] == [task_id, early_id]

    talk(app, conversation)


def test_cursor_of_what_is_gone_says_to_begin_anew(made, talk):
    app, _ = made()

    async def conversation(client):
        assert (await client.get("/tasks?cursor=gone-1")).status_code == 410

    talk(app, conversation)


@pytest.mark.parametrize("kind", [FastAPI, Starlette])
def test_health_is_told_to_everybody_until_the_runtime_is_shut_down(made, talk, runtime, kind):
    def nobody():
        raise HTTPException(401, "who are you?")

    app, _ = made(kind, dependencies=[Depends(nobody)])

    async def conversation(client):
        answer = await client.get("/tasks/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert (await client.get("/tasks")).status_code == 401
        runtime.shutdown()
        answer = await client.get("/tasks/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})

    talk(app, conversation, client=("192.0.2.7", 4711))


def test_failed_initializer_is_bad_health(talk):
    def initializer():
        raise OSError("no connection")

    with Runtime(workers=1, initializer=initializer) as runtime:
        app = FastAPI()
        TaskRoutes(runtime).install(app)

        async def conversation(client):
            with contextlib.suppress(RuntimeClosed):  # a worker may have failed before already
                await ended(runtime.add_task(os.getpid))
            assert (await client.get("/tasks/healthz")).status_code == 503

        talk(app, conversation)
