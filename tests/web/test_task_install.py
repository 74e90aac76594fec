"""TaskRoutes in an app: its life, its errors, and what is refused."""

from __future__ import annotations

import contextlib

import pytest

pytest.importorskip("fastapi")
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from catzilla_jit import Runtime
from catzilla_jit.errors import QueueFull, TaskTimeout
from catzilla_jit.web import TaskRoutes
from support.route_tasks import double


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
