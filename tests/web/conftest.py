"""`talk` runs a conversation with an app in one event loop; `serve` starts a real server.

`made` is an app that has the routes, on `runtime`.
"""

from __future__ import annotations

import asyncio
import pathlib
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime
from support.web_server import Server, kill, start

Serve = Callable[..., Server]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime(workers=2)
    yield runtime
    runtime.shutdown(cancel_running=True, timeout=30)


@pytest.fixture
def made(runtime: Runtime) -> Callable[..., tuple[Any, Any]]:
    """made(kind=FastAPI, **options): an app, and its TaskRoutes on the runtime."""
    fastapi = pytest.importorskip("fastapi")
    from catzilla_jit.web import TaskRoutes

    def make(kind: Any = fastapi.FastAPI, **options: Any) -> tuple[Any, Any]:
        app = kind()
        routes = TaskRoutes(runtime, **options)
        routes.install(app)
        return app, routes

    return make


@pytest.fixture
def talk() -> Callable[..., None]:
    """talk(app, conversation): run `await conversation(client)` while the app lives."""

    def run(app: Any, conversation: Callable[[Any], Awaitable[None]], **options: Any) -> None:
        httpx = pytest.importorskip("httpx")

        async def live() -> None:
            transport = httpx.ASGITransport(app=app, **options)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            ):
                await conversation(client)

        asyncio.run(live())

    return run


@pytest.fixture
def serve(tmp_path: pathlib.Path) -> Iterator[Serve]:
    """serve(source, *options): a server whose module has this source."""
    servers = []

    def run(source: str, *options: str) -> Server:
        (tmp_path / "served_app.py").write_text(textwrap.dedent(source))
        servers.append(start(tmp_path, "served_app", *options))
        return servers[-1]

    yield run
    for server in servers:
        kill(server)
