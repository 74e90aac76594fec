"""What bench_spec.py compares: one function per system, each run in a process of its own.

A subject is a context that yields submit(function, a, b) -> handle and read(handles) -> values.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

WORKERS = len(os.sched_getaffinity(0))
STEPS = 1000  # of a CPU task

#: run(function, numbers) submits function(number, 0.5) for each and returns the values.
Run = Callable[[Callable[[float, float], float], list[float]], list[float]]


def simple(a: float, b: float) -> float:
    return a + b


def heavy(a: float, b: float) -> float:
    total = 0.0
    for i in range(STEPS):
        total += (i * 0.5 + a) % 7.0
    return total + b


@contextlib.contextmanager
def ours(mode: Any) -> Iterator[Run]:
    from catzilla_jit import Runtime

    with Runtime(workers=WORKERS) as runtime:
        tasks: dict[Any, Any] = {}

        def run(function: Callable[[float, float], float], numbers: list[float]) -> list[float]:
            if function not in tasks:
                tasks[function] = runtime.task(function, compile_to_c=mode)
            submit = tasks[function].submit
            results = [submit(number, 0.5) for number in numbers]
            return [result.result() for result in results]

        yield run


@contextlib.contextmanager
def executor(kind: type[ThreadPoolExecutor] | type[ProcessPoolExecutor]) -> Iterator[Run]:
    with kind(WORKERS) as pool:

        def run(function: Callable[[float, float], float], numbers: list[float]) -> list[float]:
            futures = [pool.submit(function, number, 0.5) for number in numbers]
            return [future.result() for future in futures]

        yield run


@contextlib.contextmanager
def in_asyncio() -> Iterator[Run]:
    def run(function: Callable[[float, float], float], numbers: list[float]) -> list[float]:
        async def call(number: float) -> float:
            return function(number, 0.5)

        async def main() -> list[float]:
            return await asyncio.gather(*(asyncio.create_task(call(n)) for n in numbers))

        return asyncio.run(main())

    yield run


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Yield the URL of a Redis server that listens on a socket in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="spec-") as directory:
        socket = Path(directory, "redis.sock")
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""]
        server = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL)
        try:
            while not socket.exists():
                time.sleep(0.01)
            yield f"unix://{socket}"
        finally:
            server.terminate()
            server.wait()


@contextlib.contextmanager
def worker(url: str, *command: str) -> Iterator[None]:
    """Run a worker process of a task queue, in this directory, until it is left."""
    environ = os.environ | {"SPEC_REDIS": url}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=Path(__file__).parent, env=environ,
        stdout=quiet, stderr=quiet,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def celery() -> Iterator[Run]:
    with redis() as url:
        os.environ["SPEC_REDIS"] = url
        import spec_celery

        names: dict[Any, Any] = {simple: spec_celery.simple, heavy: spec_celery.heavy}
        options = ("-A", "spec_celery", "worker", "-c", str(WORKERS), "-l", "error")
        with worker(url, "celery", *options):

            def run(function: Callable[[float, float], float], numbers: list[float]) -> list[float]:
                results = [names[function].delay(number, 0.5) for number in numbers]
                return [result.get(timeout=120) for result in results]

            yield run


@contextlib.contextmanager
def rq() -> Iterator[Run]:
    with redis() as url:
        connection = importlib.import_module("redis").Redis.from_url(url)
        queue = importlib.import_module("rq").Queue(connection=connection)
        with contextlib.ExitStack() as workers:
            for _ in range(WORKERS):
                workers.enter_context(worker(url, "rq.cli", "worker", "-q", "-u", url))

            def run(function: Callable[[float, float], float], numbers: list[float]) -> list[float]:
                jobs = [queue.enqueue(function, number, 0.5) for number in numbers]
                for job in reversed(jobs):  # one before the last may be the last to end
                    while not job.is_finished:
                        time.sleep(0.005)
                return [job.return_value(refresh=True) for job in jobs]

            yield run


def missing(*modules: str) -> str | None:
    """Return what is not installed of a program and modules, None if all are."""
    if shutil.which("redis-server") is None:
        return "there is no redis-server"
    lacking = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} is not installed" if lacking else None


#: Each with the numbers of tasks, simple and CPU ones, and what keeps it from running.
SUBJECTS: dict[str, tuple[Callable[[], Any], int, int, Callable[[], str | None]]] = {
    "compiled task": (lambda: ours("require"), 200_000, 100_000, lambda: None),
    "Python task": (lambda: ours(False), 100_000, 5_000, lambda: None),
    "ThreadPoolExecutor": (lambda: executor(ThreadPoolExecutor), 20_000, 5_000, lambda: None),
    "ProcessPoolExecutor": (lambda: executor(ProcessPoolExecutor), 5_000, 5_000, lambda: None),
    "asyncio": (in_asyncio, 50_000, 5_000, lambda: None),
    "Celery": (celery, 500, 500, lambda: missing("celery", "redis")),
    "RQ": (rq, 100, 100, lambda: missing("rq", "redis")),
}
