"""The web example, driven in one event loop without a server."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from pathlib import Path

import pytest

from catzilla_jit.pools.native import library

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")

SCRIPT = Path(__file__).parents[2] / "examples" / "web" / "prices.py"
USER = {"X-User": "ada"}
OPTION = {"spot": 100.0, "strike": 100.0, "years": 1.0, "volatility": 0.2}
needs_native = pytest.mark.skipif(
    library.unavailable() is not None, reason="only native workers can be stopped"
)


@pytest.fixture
def serve():
    """serve(talk): run the coroutine function `talk` with a client of the program."""
    spec = importlib.util.spec_from_file_location("prices", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["prices"] = module  # where the models' annotations are looked up
    spec.loader.exec_module(module)

    async def run(talk):
        transport = httpx.ASGITransport(app=module.app)
        async with (
            module.app.router.lifespan_context(module.app),
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=USER) as client,
        ):
            await talk(client)

    yield lambda talk: asyncio.run(run(talk))
    del sys.modules["prices"]


async def finished(client, task_id):
    """Return a report once it has ended."""
    until = time.monotonic() + 30
    url = f"/tasks/{task_id}/status?include_result=true"
    while (shown := (await client.get(url)).json())["status"] in ("pending", "running"):
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    return shown


def test_price_is_awaited(serve):
    async def talk(client):
        answer = await client.post("/prices", json=OPTION)
        assert answer.status_code == 200
        assert answer.json()["price"] == pytest.approx(7.97, abs=0.5)

    serve(talk)


def test_report_goes_on_behind_its_answer(serve):
    async def talk(client):
        answer = await client.post("/reports", json=OPTION)
        assert answer.status_code == 202
        shown = await finished(client, answer.json()["id"])
        assert shown["status"] == "completed"
        assert list(shown["result"]) == ["80", "90", "100", "110", "120"]
        done = (await client.get("/tasks/stats?detailed=true")).json()["per_task"]
        assert {name: each["completed"] for name, each in done.items()} == {
            "report": 1, "simulate": 5,
        }  # fmt: skip
        assert 'outcome="completed"} 5' in (await client.get("/tasks/metrics")).text

    serve(talk)


@needs_native
def test_what_is_too_slow_is_stopped_while_other_requests_are_served(serve):
    async def talk(client):
        slow = asyncio.ensure_future(client.post("/prices", json={**OPTION, "paths": 10**9}))
        await asyncio.sleep(0)
        assert (await client.get("/tasks/stats")).status_code == 200
        assert not slow.done()
        assert (await slow).status_code == 504

    serve(talk)


async def stop(client, task_id, **headers):
    headers = {"X-Catzilla-Jit": "1", **headers}
    return await client.post(f"/tasks/{task_id}/cancel", json={}, headers=headers)


@needs_native
def test_report_can_be_stopped(serve):
    async def talk(client):
        answer = await client.post("/reports", json={**OPTION, "paths": 10**9})
        task_id = answer.json()["id"]
        assert (await stop(client, task_id)).json()["cancelled"] is True
        assert (await finished(client, task_id))["status"] == "cancelled"

    serve(talk)


def test_unknown_report_and_bad_input_are_refused(serve):
    async def talk(client):
        assert (await client.get("/tasks/nothing/status")).status_code == 404
        assert (await client.post("/prices", json={**OPTION, "years": -1})).status_code == 422

    serve(talk)


def test_everybody_sees_their_own_reports_alone(serve):
    async def talk(client):
        task_id = (await client.post("/reports", json=OPTION)).json()["id"]
        grace = {"X-User": "grace"}
        answer = await client.get(f"/tasks/{task_id}/status", headers=grace)
        assert answer.status_code == 404
        assert (await stop(client, task_id, **grace)).status_code == 404
        assert (await client.get("/tasks", headers=grace)).json()["tasks"] == []
        assert (await finished(client, task_id))["status"] == "completed"
        assert (await client.get("/tasks/stats", headers={"X-User": ""})).status_code == 401

    serve(talk)
