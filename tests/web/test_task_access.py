"""TaskRoutes: who may see the tasks, and who may control them."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("fastapi")
from fastapi import Depends, FastAPI, Header, HTTPException
from starlette.applications import Starlette

from support.route_tasks import CONTROL, double, ended, fails

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
