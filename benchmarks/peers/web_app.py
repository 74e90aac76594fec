"""What bench_web.py serves: one route per way to do the same small work."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor

from fastapi import BackgroundTasks as FastapiBackgroundTasks
from fastapi import FastAPI

from catzilla_jit.web import Catzilla, TaskRoutes

app: FastAPI = Catzilla(use_jemalloc=False, task_routes=TaskRoutes(control=True))
assert isinstance(app, Catzilla)
app.enable_background_tasks()
tasks = app
pool = ThreadPoolExecutor(4)


def work(x: float) -> float:
    total = 0.0
    for k in range(200):
        total += math.sin(x + k)
    return total


compiled = tasks.task(compile_to_c="require", name="compiled")(work)
python = tasks.task(compile_to_c=False, name="python")(work)


@app.get("/plain/{x}")
async def plain(x: float) -> dict[str, float]:
    return {"value": x}


@app.get("/compiled/{x}")
async def compiled_route(x: float) -> dict[str, float]:
    return {"value": await compiled.submit(x)}


@app.get("/added/{x}")
async def added(x: float) -> dict[str, object]:
    result = tasks.add_task(compiled, x)
    return {"value": await result, "id": result.task_id}


@app.get("/python/{x}")
async def python_route(x: float) -> dict[str, float]:
    return {"value": await python.submit(x)}


@app.get("/executor/{x}")
async def executor(x: float) -> dict[str, float]:
    return {"value": await asyncio.get_running_loop().run_in_executor(pool, work, x)}


@app.get("/background/{x}")
async def background(x: float, later: FastapiBackgroundTasks) -> dict[str, str]:
    later.add_task(work, x)
    return {"status": "accepted"}
