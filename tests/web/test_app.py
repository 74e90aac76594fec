"""Catzilla: the names of the specification, on FastAPI."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

pytest.importorskip("fastapi")
from catzilla_jit import Runtime
from catzilla_jit.errors import CompileError
from catzilla_jit.jemalloc import find_library
from catzilla_jit.stats.allocator import has_jemalloc
from catzilla_jit.types import TaskStatus
from catzilla_jit.web import (
    BackgroundTasks,
    BaseModel,
    Catzilla,
    JSONResponse,
    Path,
    Query,
    TaskPriority,
    TaskRoutes,
)  # fmt: skip
from catzilla_jit.web import (
    app as web_app,
)


class Message(BaseModel):
    text: str


@pytest.fixture
def app():
    app = Catzilla(use_jemalloc=False)
    app.enable_background_tasks(workers=2)
    return app


def double(x: int) -> int:
    return 2 * x


def test_bare_request_is_the_request_and_the_rest_is_validated(app, talk):
    @app.post("/users/{user_id}/notify")
    def notify(request, user_id: int = Path(...), times: int = Query(1, le=3), *, message: Message):
        return {"path": request.url.path, "user": user_id, "times": times, "text": message.text}

    async def conversation(client):
        answer = await client.post("/users/7/notify?times=2", json={"text": "hi"})
        assert answer.json() == {
            "path": "/users/7/notify", "user": 7, "times": 2, "text": "hi",
        }  # fmt: skip
        assert (
            await client.post("/users/7/notify?times=4", json={"text": "hi"})
        ).status_code == 422
        assert (await client.post("/users/x/notify", json={"text": "hi"})).status_code == 422

    talk(app, conversation)
    assert "request" not in notify.__annotations__  # what the author wrote stays as it is


def test_coroutine_handler_with_a_bare_request_awaits_a_task(app, talk):
    doubled = app.task(double)

    @app.get("/double/{x}")
    async def handler(request, x: int):
        return JSONResponse({"value": await app.add_task(doubled, x)}, 201)

    async def conversation(client):
        answer = await client.get("/double/21")
        assert (answer.status_code, answer.json()) == (201, {"value": 42})

    talk(app, conversation)


def test_tasks_are_compiled_before_the_first_request(app, talk):
    doubled = app.task(double)
    assert not doubled._jit_function.forms

    async def conversation(_client):
        assert doubled._jit_function.forms

    talk(app, conversation)


def test_a_task_that_must_compile_and_cannot_stops_the_start(app, talk):
    @app.task(compile_to_c="require")
    def opens(path: str) -> int:
        with open(path) as file:
            return len(file.read())

    async def conversation(_client):
        pytest.fail("the app has started")

    with pytest.raises(CompileError, match="opens"):
        talk(app, conversation)


def test_own_route_goes_before_the_built_in_one(app, talk):
    @app.get("/tasks/stats")
    def statistics():
        return {"mine": app.get_task_stats().total_tasks_processed}

    async def conversation(client):
        assert (await client.get("/tasks/stats")).json() == {"mine": 0}
        assert (await client.get("/tasks/memory")).status_code == 200

    talk(app, conversation)


def test_app_can_be_started_again(app, talk):
    doubled = app.task(double)

    async def conversation(_client):
        assert await app.add_task(doubled, 4) == 8

    talk(app, conversation)
    assert app.runtime is app.runtime
    talk(app, conversation)


def test_end_of_the_app_finishes_what_was_submitted(app, talk):
    begun, results = threading.Event(), []

    def slow():
        begun.set()
        return 5

    async def conversation(_client):
        results.append(app.add_task(slow))
        await asyncio.to_thread(begun.wait)

    talk(app, conversation)
    assert results[0].status() is TaskStatus.COMPLETED


def test_enabling_again_leads_to_a_new_runtime(app):
    doubled = app.task(double)
    before = app.runtime
    first = doubled.submit(1)
    app.enable_background_tasks(workers=1)
    assert first.result() == 2
    assert doubled.submit(2).result() == 4
    assert before.closed
    assert app.runtime.workers == 1
    app.runtime.shutdown()


def test_submission_before_the_tasks_are_enabled_says_what_to_do():
    app = Catzilla(use_jemalloc=False)
    with pytest.raises(RuntimeError, match="enable_background_tasks"):
        app.add_task(double, 1)


def test_missing_jemalloc_is_said_once(caplog, monkeypatch):
    if has_jemalloc:
        pytest.skip("the process runs on jemalloc")
    monkeypatch.setattr(web_app, "_warned", False)
    with caplog.at_level(logging.WARNING, "catzilla_jit"):
        first, second = Catzilla(), Catzilla(use_jemalloc=True, memory_profiling=True)
    assert [record.getMessage().count("catzilla-jit run") for record in caplog.records] == [1]
    assert not first.has_jemalloc
    assert not second.memory_profiling
    assert not second.auto_memory_tuning


@pytest.mark.skipif(find_library() is None, reason="needs jemalloc")
def test_on_jemalloc_the_flags_are_in_effect(script):
    script(
        """
        import asyncio
        import httpx
        from catzilla_jit.web import Catzilla

        app = Catzilla(memory_profiling=True)
        app.enable_background_tasks(workers=1)
        assert (app.has_jemalloc, app.memory_profiling, app.auto_memory_tuning) == (True,) * 3

        @app.task(compile_to_c=False)
        def allocates(count):
            return len(bytes(count))

        async def talk():
            transport = httpx.ASGITransport(app=app)
            client = httpx.AsyncClient(transport=transport, base_url="http://test")
            async with app.router.lifespan_context(app), client:
                submitted = app.add_task(allocates, 5_000_000)
                assert await submitted == 5_000_000
                status = (await client.get(f"/tasks/{submitted.task_id}/status")).json()
                assert 5_000_000 <= status["memory_usage_mb"] * 2**20 < 5_500_000
                memory = (await client.get("/tasks/memory")).json()
                assert memory["allocator"] == "jemalloc"
                assert memory["optimization_status"] == {
                    "jemalloc_active": True, "memory_profiling": True, "auto_tuning": True,
                }
                stats = (await client.get("/tasks/stats?detailed=true")).json()
                assert stats["per_task"]["allocates"]["allocated_bytes"] >= 5_000_000
                workers = [each["worker_id"] for each in stats["per_worker"]]
                found = [(await client.get(f"/tasks/worker/{each}")).json() for each in workers]
                assert max(each["memory_usage_mb"] or 0 for each in found) > 4.0

        asyncio.run(talk())
        """,
        LD_PRELOAD=find_library(),
    )


def test_routes_of_another_runtime_are_refused():
    with Runtime(workers=1) as runtime, pytest.raises(ValueError, match="TaskRoutes"):
        Catzilla(use_jemalloc=False, task_routes=TaskRoutes(runtime))


def test_validation_cannot_be_switched_off():
    with pytest.raises(NotImplementedError, match="auto_validation"):
        Catzilla(auto_validation=False)


def test_background_tasks_have_ids_retries_and_statuses(app, talk):
    calls = []

    def flaky(x):
        calls.append(x)
        if len(calls) < 3:
            raise ValueError(x)
        return x

    @app.post("/flaky")
    def handler(background: BackgroundTasks):
        result = background.options(max_retries=5).add_task(flaky, 7)
        return {"id": result.task_id}

    async def conversation(client):
        task_id = (await client.post("/flaky")).json()["id"]
        result = app.task_routes.served.results.find(task_id)
        assert await result == 7
        shown = (await client.get(f"/tasks/{task_id}/status?include_result=true")).json()
        assert (shown["status"], shown["retries"], shown["result"]) == ("completed", 2, 7)

    talk(app, conversation)
    assert calls == [7, 7, 7]


def test_unknown_option_of_background_tasks_is_refused(app, talk):
    @app.post("/wrong")
    def handler(background: BackgroundTasks):
        with pytest.raises(TypeError, match="patience"):
            background.options(patience=5)

    async def conversation(client):
        assert (await client.post("/wrong")).status_code == 200

    talk(app, conversation)


def test_priority_goes_along(app, talk):
    doubled = app.task(priority=TaskPriority.LOW)(double)

    async def conversation(_client):
        result = app.add_task(doubled, 2, priority=TaskPriority.CRITICAL)
        assert await result == 4
        levels = {level.name: level.wait.count for level in app.get_task_stats().levels}
        assert levels["critical"] == 1

    talk(app, conversation)


def test_enabling_after_the_start_is_refused(talk):
    app = Catzilla(use_jemalloc=False)

    async def conversation(client):
        assert (await client.get("/")).status_code == 404
        with pytest.raises(RuntimeError, match="before the app is started"):
            app.enable_background_tasks()

    talk(app, conversation)


def test_documentation_names_the_routes(app, talk):
    async def conversation(client):
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/tasks", "/tasks/stats", "/tasks/live"} <= set(paths)
        assert "/tasks/dashboard" not in paths

    talk(app, conversation)


def test_without_fastapi_the_import_says_what_to_install(script):
    script("""
        import sys
        sys.modules["fastapi"] = sys.modules["starlette"] = None
        import catzilla_jit.web as web
        assert web.TaskPriority.HIGH == "high"
        try:
            web.Catzilla
        except ImportError as error:
            assert "pip install 'catzilla_jit[web]'" in str(error), error
        else:
            raise AssertionError
        assert "catzilla_jit.web.app" not in sys.modules
    """)


def test_importing_the_package_does_not_import_fastapi(script):
    script("""
        import sys
        import catzilla_jit, catzilla_jit.web, catzilla_jit.cli.main
        assert not {"fastapi", "starlette", "pydantic"} & set(sys.modules)
    """)
