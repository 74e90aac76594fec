"""TaskRoutes with control: measuring, and batches by name."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("fastapi")

from support.route_tasks import CONTROL, double


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
