"""Programs of Celery and RQ give the same answers with other import lines; the first run is real.

Both run against a Redis of the test's own.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

HERE = pathlib.Path(__file__).parent
SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    SERVER is None, reason="redis-server is not installed (Debian: apt-get install redis-server)"
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert SERVER is not None
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with started([SERVER, *options], tmp_path_factory.mktemp("redis")):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield port


@contextlib.contextmanager
def started(command: list[str], folder: pathlib.Path, **environ: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environ},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def run(path: pathlib.Path, *arguments: str, **environ: str) -> tuple[str, float]:
    """Return what a program printed, and the rate that it told."""
    done = subprocess.run(
        [sys.executable, str(path), *arguments], env={**os.environ, **environ},
        capture_output=True, text=True, timeout=120, cwd=path.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rate = re.search(r"rate (\d+)", done.stderr)
    assert rate, done.stderr
    return done.stdout, float(rate[1])


def moved(name: str, folder: pathlib.Path, lines: dict[str, str]) -> pathlib.Path:
    """Return the program with other import lines."""
    source = (HERE / name).read_text()
    for before, after in lines.items():
        assert before in source
        source = source.replace(before, after)
    path = folder / f"ours_{name}"
    path.write_text(source)
    return path


@needs_redis
def test_program_for_celery(port: int, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("celery")
    pytest.importorskip("redis")
    broker = f"redis://127.0.0.1:{port}/0"
    theirs = tmp_path / "migrating_celery.py"
    shutil.copy(HERE / "migrating_celery.py", theirs)
    worker = [sys.executable, "-m", "celery", "-A", "migrating_celery", "worker", "-P", "threads"]
    with started([*worker, "-c", "2", "-l", "ERROR"], tmp_path, BROKER=broker):
        expected, slow = run(theirs, str(tmp_path / "tries"), BROKER=broker)
    ours = moved(
        "migrating_celery.py", tmp_path,
        {"from celery import": "from catzilla_jit.integrations.celery import"},
    )  # fmt: skip
    found, fast = run(ours, str(tmp_path / "our_tries"), BROKER=broker)
    assert found == expected
    assert fast > 2 * slow


@needs_redis
def test_program_for_rq(port: int, tmp_path: pathlib.Path) -> None:
    pytest.importorskip("rq")
    worker = ["rq", "worker", "--with-scheduler", "--url", f"redis://127.0.0.1:{port}", "migrating"]
    rq = str(pathlib.Path(sys.executable).with_name(worker[0]))
    kinds = ["-w", "rq.SimpleWorker"]  # without a process per job
    with started([rq, worker[1], *kinds, *worker[2:]], tmp_path):
        expected, slow = run(HERE / "migrating_rq.py", str(port))
    ours = moved(
        "migrating_rq.py", tmp_path,
        {"from rq import": "from catzilla_jit.integrations.rq import"},
    )  # fmt: skip
    found, fast = run(ours, str(port))
    assert found == expected
    assert fast > 2 * slow


def test_what_has_no_counterpart_is_refused() -> None:
    from catzilla_jit.integrations.celery import AsyncResult, Celery
    from catzilla_jit.integrations.rq import Job, Queue

    with pytest.raises(TypeError, match=r"task f: .*rate_limit.* have no counterpart"):
        Celery().task(name="f", rate_limit="10/m")(len)
    with pytest.raises(LookupError, match="no result of the id"):
        AsyncResult("nobody's")
    with pytest.raises(LookupError, match="no job of the id"):
        Job.fetch("nobody's")
    with pytest.raises(ValueError, match=r"no function 'nowhere\.f'"):
        Queue().enqueue("nowhere.f")
