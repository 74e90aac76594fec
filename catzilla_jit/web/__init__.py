"""A web app with tasks, and routes that show the tasks of any FastAPI or Starlette app.

    from catzilla_jit.web import Catzilla, BaseModel, Path, Query, JSONResponse, TaskPriority

FastAPI is not a dependency of catzilla_jit: `pip install 'catzilla_jit[web]'` brings it. The guide
is docs/web.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import Depends, Header, HTTPException, Path, Query, Request
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, Field

    from ..types import TaskPriority, TaskStatus
    from .app import Catzilla
    from .background import BackgroundTasks
    from .submissions import Submissions
    from .task_routes import TaskRoutes

__all__ = [
    "BackgroundTasks",
    "BaseModel",
    "Catzilla",
    "Depends",
    "Field",
    "HTTPException",
    "Header",
    "JSONResponse",
    "Path",
    "Query",
    "Request",
    "Submissions",
    "TaskPriority",
    "TaskRoutes",
    "TaskStatus",
]

_OWN = "catzilla_jit.web"
_HOMES = {
    "BackgroundTasks": f"{_OWN}.background",
    "BaseModel": "pydantic",
    "Catzilla": f"{_OWN}.app",
    "Depends": "fastapi",
    "Field": "pydantic",
    "HTTPException": "fastapi",
    "Header": "fastapi",
    "JSONResponse": "fastapi.responses",
    "Path": "fastapi",
    "Query": "fastapi",
    "Request": "fastapi",
    "Submissions": f"{_OWN}.submissions",
    "TaskPriority": "catzilla_jit.types",
    "TaskRoutes": f"{_OWN}.task_routes",
    "TaskStatus": "catzilla_jit.types",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "pydantic"):
            raise
        raise ImportError(
            f"catzilla_jit.web.{name} needs FastAPI: pip install 'catzilla_jit[web]' ({error})"
        ) from error
    value = globals()[name] = getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
