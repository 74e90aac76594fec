"""A real server for tests: uvicorn in a process of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import NamedTuple

import catzilla_jit

ROOT = pathlib.Path(catzilla_jit.__file__).parent.parent
PATIENCE = 90.0  # seconds that no step here takes


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


def kill(server: Server) -> None:
    """End the server and its worker processes without asking them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(PATIENCE)
    if server.process.stdout is not None:
        server.process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str | urllib.request.Request, timeout: float = 10) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def post(url: str, timeout: float = 30) -> tuple[int, bytes]:
    return get(urllib.request.Request(url, data=b"{}", method="POST"), timeout)


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


def start(folder: pathlib.Path, module: str, *options: str, port: int | None = None) -> Server:
    """Start uvicorn on module:app of a folder; return it once it answers."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(folder),
         "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,  # so that its worker processes are ended with it
    )  # fmt: skip
    return until_up(Server(process, f"http://127.0.0.1:{port}"))
