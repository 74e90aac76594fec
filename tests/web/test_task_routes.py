"""TaskRoutes: what the routes answer, and to whom."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time

import numpy as np
import pytest

pytest.importorskip("fastapi")
from fastapi import Depends, FastAPI, Header, HTTPException
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from catzilla_jit import Runtime
from catzilla_jit.errors import QueueFull, RuntimeClosed, TaskTimeout
from catzilla_jit.web import Submissions, TaskRoutes

CONTROL = {"x-catzilla-jit": "1"}


@pytest.fixture
def runtime():
    runtime = Runtime(workers=2)
    yield runtime
    runtime.shutdown(cancel_running=True, timeout=30)


@pytest.fixture
def made(runtime):
    """made(**options): an app, and its TaskRoutes on the runtime."""

    def make(kind=FastAPI, **options):
        app = kind()
        routes = TaskRoutes(runtime, **options)
        routes.install(app)
        return app, routes

    return make


def double(x: int) -> int:
    return 2 * x


def fails(text):
    raise ValueError(text)


async def ended(result):
    with contextlib.suppress(Exception):
        await result


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


# --- who may ------------------------------------------------------------------------------------

PATHS = [
    "/tasks", "/tasks/stats", "/tasks/metrics", "/tasks/memory", "/tasks/worker/0",
    "/tasks/x/status", "/tasks/live", "/tasks/dashboard", "/tasks/dashboard/page.js",
]  # fmt: skip


@pytest.mark.parametrize("kind", [FastAPI, Starlette])
@pytest.mark.parametrize("path", PATHS)
def test_dependencies_guard_every_route(made, talk, kind, path):
    def key(x_key: str = Header("")):
        if x_key != "right":
            raise HTTPException(401, "who are you?")

    app, _ = made(kind, dependencies=[Depends(key)])

    async def conversation(client):
        assert (await client.get(path)).status_code == 401

    talk(app, conversation)


@pytest.mark.parametrize("path", PATHS)
def test_other_machines_are_refused_while_nobody_says_who_may_see(made, talk, path):
    app, _ = made()

    async def conversation(client):
        assert (await client.get(path)).status_code == 403

    talk(app, conversation, client=("192.0.2.7", 4711))


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("evil.example", 403), ("127.0.0.1.evil.example:80", 403), ("192.0.2.7", 403),
        ("localhost:8000", 200), ("127.0.0.1:8000", 200), ("[::1]:8000", 200), ("web", 200),
    ],
)  # fmt: skip
def test_names_of_other_sites_for_this_machine_are_refused(made, talk, host, code):
    app, _ = made()

    async def conversation(client):
        answer = await client.get("/tasks/stats", headers={"host": host})
        assert answer.status_code == code

    talk(app, conversation)


def test_empty_dependencies_open_the_routes(made, talk):
    app, _ = made(dependencies=[])

    async def conversation(client):
        assert (await client.get("/tasks/stats")).status_code == 200

    talk(app, conversation, client=("192.0.2.7", 4711))


def test_control_is_absent_unless_asked_for(made, talk):
    app, routes = made()

    async def conversation(client):
        task_id = routes.note(routes.add_task(double, 1))
        for path in (f"/tasks/{task_id}/cancel", "/tasks/benchmark", "/tasks/batch"):
            answer = await client.post(path, json={}, headers=CONTROL)
            assert answer.status_code in (404, 405)

    talk(app, conversation)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "application/json"}, 403),
        ({"content-type": "text/plain", **CONTROL}, 415),
        ({"content-type": "application/x-www-form-urlencoded", **CONTROL}, 415),
        ({"content-type": "application/json", **CONTROL, "sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "application/json", **CONTROL, "sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_forged_requests_cancel_nothing(made, talk, headers, code):
    app, routes = made(control=True)
    go = threading.Event()

    async def conversation(client):
        blocker = [routes.add_task(go.wait, priority="critical") for _ in range(60)]
        waiting = routes.add_task(go.wait, delay_ms=60_000)
        url = f"/tasks/{waiting.task_id}/cancel"
        answer = await client.post(url, content="{}", headers=headers)
        assert answer.status_code == code
        assert waiting.cancelled() == (code == 200)
        go.set()
        waiting.cancel()
        for each in blocker:
            await each

    talk(app, conversation)


def test_submissions_of_others_are_not_there(made, talk):
    owners = {}

    async def visible(request, result):
        return owners[result.task_id] == request.headers["x-user"]

    app, routes = made(control=True, visible=visible)

    async def conversation(client):
        for user in ("ada", "grace"):
            result = routes.add_task(fails, user)
            await ended(result)
            owners[result.task_id] = user
        ada = {"x-user": "ada"}
        listed = (await client.get("/tasks", headers=ada)).json()["tasks"]
        assert [owners[each["task_id"]] for each in listed] == ["ada"]
        (other,) = [task_id for task_id, user in owners.items() if user == "grace"]
        unknown = await client.get("/tasks/unknown/status", headers=ada)
        hidden = await client.get(f"/tasks/{other}/status", headers=ada)
        assert unknown.status_code == hidden.status_code == 404
        detail = unknown.json()["detail"].replace("'unknown'", repr(other))
        assert hidden.json()["detail"] == detail  # it is not told that there is one
        cancel = await client.post(f"/tasks/{other}/cancel", json={}, headers={**ada, **CONTROL})
        assert cancel.status_code == 404

    talk(app, conversation)


# --- control ------------------------------------------------------------------------------------


def test_benchmark_measures_what_it_has_waited_for(made, talk):
    app, routes = made(control=True)

    async def conversation(client):
        answer = await client.post(
            "/tasks/benchmark?iterations=200&task_type=python&priority=high", json={},
            headers=CONTROL,
        )  # fmt: skip
        found = answer.json()["benchmark_results"]
        assert (found["iterations"], found["successful_tasks"]) == (200, 200)
        assert found["tasks_per_second"] == pytest.approx(200 / found["total_time_ms"] * 1e3)
        done = routes.runtime.stats().tasks["benchmark_python"].total.completed
        assert done == 201  # one to warm up
        bad = await client.post("/tasks/benchmark?iterations=5", json={}, headers=CONTROL)
        assert bad.status_code == 422

    talk(app, conversation)


def test_batch_is_submitted_by_name_and_is_a_group(made, talk, runtime):
    doubled = runtime.task(double)
    app, _ = made(control=True)

    async def post(client, tasks, **more):
        body = {"task_type": "double", "tasks": tasks, **more}
        return await client.post("/tasks/batch", json=body, headers=CONTROL)

    async def conversation(client):
        answer = (await post(client, [{"x": 1}, {"x": 2}], batch_priority="high")).json()
        assert (answer["task_count"], answer["batch_priority"]) == (2, "high")
        url = f"/tasks/{answer['batch_id']}/status?include_result=true"
        while (found := (await client.get(url)).json())["status"] != "completed":
            await asyncio.sleep(0.01)
        assert found["result"] == [2, 4]
        assert (await post(client, [{"y": 1}])).status_code == 422
        too_many = await post(client, [{"x": 1}] * 3, concurrent_limit=2)
        assert (too_many.status_code, "concurrent_limit" in too_many.text) == (422, True)
        unknown = {"task_type": "nothing", "tasks": []}
        answer = await client.post("/tasks/batch", json=unknown, headers=CONTROL)
        assert answer.status_code == 404

    talk(app, conversation)
    assert doubled.name == "double"


# --- into an app --------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "code"), [(QueueFull("full"), 503), (TaskTimeout("late"), 504)])
@pytest.mark.parametrize("kind", [FastAPI, Starlette])
def test_errors_of_tasks_have_answers(made, talk, kind, error, code):
    app, _ = made(kind)

    async def raises(request):
        raise error

    app.router.routes.append(Route("/raises", raises))

    async def conversation(client):
        answer = await client.get("/raises")
        assert (answer.status_code, answer.json()) == (code, {"detail": str(error)})
        assert ("retry-after" in answer.headers) == (code == 503)

    talk(app, conversation)


def test_answers_that_the_app_has_for_errors_stay(runtime, talk):
    app = FastAPI()

    @app.exception_handler(QueueFull)
    async def own(_request, _error):
        return PlainTextResponse("come again", 429)

    @app.get("/raises")
    async def raises():
        raise QueueFull("full")

    TaskRoutes(runtime).install(app)

    async def conversation(client):
        assert (await client.get("/raises")).status_code == 429

    talk(app, conversation)


def test_runtime_lives_around_the_life_of_the_app(runtime, talk):
    steps = []

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        assert await runtime.add_task(double, 2) == 4
        steps.append("up")
        yield {"from": "the app"}
        assert await runtime.add_task(double, 3) == 6
        steps.append("down")

    app = FastAPI(lifespan=lifespan)
    TaskRoutes(runtime).install(app)

    async def conversation(_client):
        steps.append("talk")

    talk(app, conversation)
    assert steps == ["up", "talk", "down"]
    assert runtime.closed


def test_starlette_app_has_the_routes(made, talk):
    app, routes = made(Starlette, prefix="/work")

    async def conversation(client):
        task_id = routes.note(routes.add_task(double, 5))
        await routes.served.results.find(task_id)
        answer = await client.get(f"/work/{task_id}/status?include_result=true")
        assert answer.json()["result"] == 10
        assert (await client.get("/work/dashboard/page.css")).status_code == 200
        assert (await client.get("/work")).status_code == 200
        assert (await client.get("/elsewhere")).status_code == 404

    talk(app, conversation)


def test_installing_twice_is_refused(made, runtime):
    app, _ = made()
    with pytest.raises(RuntimeError, match="already"):
        TaskRoutes(runtime).install(app)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"prefix": "tasks"}, "prefix"),
        ({"keep_results": 0}, "keep_results"),
        ({"live_clients": True}, "live_clients"),
    ],
)
def test_wrong_options_are_named(options, match):
    with pytest.raises(ValueError, match=match):
        TaskRoutes(**options)


def test_runtime_without_statistics_says_so(talk):
    runtime = Runtime(workers=1, enable_profiling=False)
    app = FastAPI()
    TaskRoutes(runtime).install(app)

    async def conversation(client):
        for path in ("/tasks/stats", "/tasks/memory", "/tasks/worker/0", "/tasks/live"):
            answer = await client.get(path)
            assert (answer.status_code, "no statistics" in answer.text) == (404, True)

    talk(app, conversation)
