"""A web program with background work: FastAPI in front, tasks behind, one process.

    pip install fastapi uvicorn
    uvicorn web:app --app-dir examples

The event loop never computes: routes await the result of a task, or answer at once with its id.
What is too slow is stopped by its time limit, machine code or not; what is too much is turned
away with 503 while the queue is full. No broker, no further process; what is queued when the
process dies is lost, so use this for work that may be asked for again.

    POST   /prices           simulate, and answer with the price
    POST   /reports          begin a report, answer 202 with its id
    GET    /reports/{id}     where it stands, and the report itself
    DELETE /reports/{id}     stop it
    GET    /stats, /metrics  for people; for Prometheus
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from catzilla_jit import Runtime, TaskResult, TaskStatus, gather
from catzilla_jit.errors import QueueFull, TaskTimeout
from catzilla_jit.integrations import prometheus

KEPT = 1000  # reports that can be asked for, the last ones

runtime = Runtime(queue_size=100, when_full="raise")
reports: dict[str, TaskResult[Any]] = {}  # by id, oldest first

Positive = Annotated[float, Field(gt=0, le=1e6)]


class Option(BaseModel):
    spot: Positive
    strike: Positive
    years: Annotated[float, Field(gt=0, le=30)]
    volatility: Annotated[float, Field(gt=0, le=5)]
    paths: Annotated[int, Field(gt=0, le=10**9)] = 100_000


@runtime.task(priority="high", timeout_ms=2000, compile_to_c="require")
def simulate(spot: float, strike: float, years: float, volatility: float, paths: int) -> float:
    """Return the mean payoff of a European call over so many random prices."""
    spread = volatility * math.sqrt(years)
    total = 0.0
    for _ in range(paths):
        price = spot * math.exp(spread * np.random.standard_normal() - spread * spread / 2)
        total += max(price - strike, 0.0)
    return total / paths


@runtime.task(priority="low", timeout_ms=60_000)
def report(option: dict[str, Any]) -> dict[str, float]:
    """Run as Python, and use machine code for what computes."""
    strikes = [option["strike"] * (0.8 + 0.1 * step) for step in range(5)]
    prices = gather(*[simulate.submit(**{**option, "strike": strike}) for strike in strikes])
    return {f"{strike:g}": price for strike, price in zip(strikes, prices, strict=True)}


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    simulate.warm_up()  # before the first request, not during it
    yield
    runtime.shutdown(timeout=10, cancel_pending=True)


app = FastAPI(lifespan=lifespan)


@app.post("/prices")
async def price(option: Option) -> dict[str, float]:
    try:
        return {"price": await simulate.submit(**option.model_dump())}
    except QueueFull:
        raise HTTPException(503, "too much to do", {"Retry-After": "1"}) from None
    except TaskTimeout:
        raise HTTPException(504, "too many paths for two seconds") from None


@app.post("/reports", status_code=202)
async def begin_report(option: Option) -> dict[str, str]:
    try:
        result = report.submit(option.model_dump())
    except QueueFull:
        raise HTTPException(503, "too much to do", {"Retry-After": "1"}) from None
    reports[result.task_id] = result
    while len(reports) > KEPT:
        del reports[next(iter(reports))]
    return {"id": result.task_id}


def find(task_id: str) -> TaskResult[Any]:
    result = reports.get(task_id)
    if result is None:
        raise HTTPException(404, "no such report")
    return result


@app.get("/reports/{task_id}")
async def show_report(task_id: str) -> dict[str, Any]:
    result = find(task_id)
    status = result.status()
    shown: dict[str, Any] = {"status": status.value}
    if status is TaskStatus.COMPLETED:
        shown["report"] = result.result()
    elif status is TaskStatus.FAILED:
        shown["error"] = str(result.exception())
    return shown


@app.delete("/reports/{task_id}")
async def stop_report(task_id: str) -> dict[str, bool]:
    return {"stopped": find(task_id).cancel()}


@app.get("/stats")
async def stats() -> dict[str, Any]:
    now = runtime.stats()
    return {
        "tasks_per_second": now.tasks_per_second,
        "p99_execution_time_ms": now.p99_execution_time_ms,
        "queued": now.total_queued,
        "workers": {"active": now.active_workers, "total": now.total_workers},
        "done": {name: each.total.completed for name, each in now.tasks.items()},
    }


@app.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> str:
    return prometheus.text(runtime.stats())
