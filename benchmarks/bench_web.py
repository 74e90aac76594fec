"""How many requests a second does a route serve that submits a task, awaits it and answers?

One uvicorn process with one worker serves; this process loads it over 16 connections on
loopback, each with its next request as soon as the last one is answered. Beside the route with a
compiled task (200 sines): the same with `app.add_task` and the id in the answer, with a Python
task, with `loop.run_in_executor`, with FastAPI's BackgroundTasks, which does not wait for its work,
and a route that does nothing. The goal is 2,000 requests a second with a p99 under 20 ms.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import measure

CONNECTIONS = 16
PATHS = ("plain", "compiled", "added", "python", "executor", "background")
PEERS = Path(__file__).parent / "peers"


Judged = tuple[
    str, dict[str, list[float]], str, float | None, Literal["at least", "at most"]
]  # claim, figures by path, unit, goal, direction


class Client(asyncio.Protocol):
    """One connection that asks again and again; notes how long each answer took."""

    def __init__(self, path: str, until: float, times: list[float]) -> None:
        self._request = f"GET /{path}/1.5 HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        self._until = until
        self._times = times
        self._buffer = b""
        self._began = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.ended.set_exception(AssertionError(self._buffer.decode()))
            self._transport.close()
            return
        self._buffer = b""
        now = time.perf_counter()
        self._times.append(now - self._began)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()
            self.ended.set_result(None)


async def load(port: int, path: str, seconds: float) -> list[float]:
    """Return how long each request of a route took."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    until = time.perf_counter() + seconds
    clients = [
        (await loop.create_connection(lambda: Client(path, until, times), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*[client.ended for client in clients])
    return times


def serve(port: int) -> subprocess.Popen[bytes]:
    """Start the server; return once it answers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "web_app:app", "--app-dir", str(PEERS), "--port",
         str(port), "--no-access-log", "--log-level", "warning"],
        env={**os.environ, "PYTHONPATH": str(measure.ROOT)},
    )  # fmt: skip
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                server.kill()
                raise SystemExit("the server does not start") from None
            time.sleep(0.05)


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=5)
    report = measure.Report("bench_web", options)
    try:
        import uvicorn  # noqa: F401
    except ImportError:
        report.skip("requests per second", "catzilla_jit[web] is not installed")
        report.finish()
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    seconds = 0.2 if options.smoke else 2.0
    p99: dict[str, list[float]] = {path: [] for path in PATHS}
    cpu: dict[str, list[float]] = {path: [] for path in PATHS}
    server = serve(port)

    def subject(path: str) -> float:
        before = cpu_seconds(server.pid)
        times = asyncio.run(load(port, path, seconds))
        p99[path].append(1e3 * measure.percentile(times, 99))
        cpu[path].append(1e6 * (cpu_seconds(server.pid) - before) / len(times))
        return len(times) / seconds

    try:
        subjects = {path: (lambda path=path: subject(path)) for path in PATHS}
        measure.in_turn(1, subjects)
        for figures in (*p99.values(), *cpu.values()):
            figures.clear()
        rates = measure.in_turn(options.rounds, subjects)
    finally:
        server.terminate()
        server.wait(30)
    judge(report, rates, p99, cpu)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process: what it takes does not depend on its neighbours."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def judge(
    report: measure.Report,
    rates: dict[str, list[float]],
    p99: dict[str, list[float]],
    cpu: dict[str, list[float]],
) -> None:
    """Report what was found."""
    route = "a route that awaits a compiled task"
    judged: tuple[Judged, ...] = (
        (f"requests a second of {route}", rates, "/s", 2000.0, "at least"),
        ("its p99", p99, " ms", 20.0, "at most"),
        ("processor time of the server per request", cpu, " us", None, "at most"),
    )
    for claim, figures, unit, goal, direction in judged:
        value = statistics.median(figures["compiled"])
        finding = measure.Finding(claim, value, unit, goal, direction, figures, unit.strip())
        report.add(finding)
    for other in ("executor", "background", "plain"):
        report.ratio(f"compiled task / {other}", rates, "compiled", other, "requests/s", None)
    report.finish()


if __name__ == "__main__":
    main()
