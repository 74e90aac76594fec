"""`talk` runs a conversation with an app in one event loop; `serve` starts a real server."""

from __future__ import annotations

import asyncio
import os
import pathlib
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import pytest

import catzilla_jit

ROOT = pathlib.Path(catzilla_jit.__file__).parent.parent
PATIENCE = 30.0  # seconds that no step here takes


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


class Server(NamedTuple):
    """A uvicorn in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def stop(self) -> str:
        """Ask it to end as Ctrl-C does; return what it has written."""
        if self.process.poll() is None:
            self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE)
        return out


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, timeout: float = 10) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def until_up(server: Server) -> Server:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            get(server.url + "/nothing-is-here")
            return server
        except OSError:
            ended = server.process.poll() is not None
            if ended or time.monotonic() > until:
                raise AssertionError(server.stop()) from None
            time.sleep(0.05)


Serve = Callable[..., Server]


def start(folder: pathlib.Path, module: str, *options: str) -> Server:
    """Start uvicorn on module:app of a folder; return it once it answers."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(folder),
         "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return until_up(Server(process, f"http://127.0.0.1:{port}"))


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
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()
