"""The route that probes ask: whether the runtime takes tasks."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from ..tasks.runtime import Runtime
from .served import Served


def add_health(router: APIRouter, served: Served) -> None:
    """Add the route to a router without dependencies: a probe has no name and no password."""

    @router.get("/healthz", summary="Whether the runtime takes tasks, for probes")
    async def health() -> JSONResponse:
        why = refusal(served.find_runtime())
        # A probe that was answered a minute ago says nothing of now.
        return JSONResponse(
            {"status": "unavailable" if why else "ok"},
            503 if why else 200,
            {"Cache-Control": "no-store"},
        )


def refusal(runtime: Runtime) -> str:
    """Return why a runtime takes no task any more, "" if it does.

    A full queue is none: it is overload, which a restart of the process would not cure.
    """
    if runtime.closed:
        return "the runtime has been shut down"
    return runtime._initializer.broken if runtime._initializer is not None else ""
