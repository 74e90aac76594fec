"""`cli`: the command line in a process of its own, as from a shell; `pid`: a process to look at."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import catzilla_jit

ROOT = pathlib.Path(catzilla_jit.__file__).parent.parent
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environ(tmp_path: pathlib.Path) -> dict[str, str]:
    """An environment without a terminal's settings, in which the package is found."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "LINES", "LD_PRELOAD", "NO_COLOR", "FORCE_COLOR")
    }
    return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}


@pytest.fixture
def cli(environ: dict[str, str], tmp_path: pathlib.Path) -> Cli:
    def run(*arguments: str, timeout: float = 60, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "catzilla_jit.cli", *arguments],
            env={**environ, **extra},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture(scope="module")
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    """The module's PROGRAM, which has said "ready" and ends with a line on its stdin."""
    script = tmp_path_factory.mktemp("program") / "program.py"
    script.write_text(request.module.PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate("\n", timeout=30)
    assert process.returncode == 0


@pytest.fixture
def pid(program: subprocess.Popen[str]) -> str:
    return str(program.pid)
