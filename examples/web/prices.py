"""A web program with background work: FastAPI in front, tasks behind, one process.

    pip install 'catzilla_jit[web]'
    uvicorn prices:app --app-dir examples/web

The event loop never computes: routes await the result of a task, or answer at once with its id.
What is too slow is stopped by its time limit, machine code or not (504); what is too much is
turned away while the queue is full (503). No broker, no further process; what is queued when the
process dies is lost, so use this for work that may be asked for again.

    POST /prices                     simulate, and answer with the price
    POST /reports                    begin a report, answer 202 with its id
    GET  /tasks/{id}/status          where it stands; with ?include_result=true the report itself
    POST /tasks/{id}/cancel          stop it
    GET  /tasks/dashboard            watch
    GET  /tasks/stats, /tasks/metrics    for programs; for Prometheus

Who asks is told by the header X-User, which a proxy in front of this program would set; everybody
sees their own reports alone.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field

from catzilla_jit import Runtime, gather
from catzilla_jit.web import TaskRoutes

runtime = Runtime(queue_size=100, when_full="raise")
owners: dict[str, str] = {}  # of reports, by id

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


def user(x_user: Annotated[str | None, Header()] = None) -> str:
    if not x_user:
        raise HTTPException(401, "who are you?")
    return x_user


def is_own(request: Request, result: Any) -> bool:
    return owners.get(result.task_id) == request.headers.get("x-user")


app = FastAPI()


@app.post("/prices")
async def price(option: Option) -> dict[str, float]:
    return {"price": await simulate.submit(**option.model_dump())}


@app.post("/reports", status_code=202)
async def begin_report(option: Option, name: Annotated[str, Depends(user)]) -> dict[str, str]:
    task_id = tasks.note(report.submit(option.model_dump()))
    owners[task_id] = name
    return {"id": task_id}


tasks = TaskRoutes(runtime, dependencies=[Depends(user)], control=True, visible=is_own)
tasks.install(app)
