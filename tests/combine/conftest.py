"""Several results at once, chains and groups: for compiled and for Python tasks."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime, Task

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "behaviour"))

from gates import Gate
from kernels import PATIENCE, base_task


@pytest.fixture(params=["compiled", "python"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A runtime with two workers of each kind."""
    runtime = Runtime(workers=2)
    yield runtime
    runtime.shutdown(timeout=PATIENCE)


@pytest.fixture
def single() -> Iterator[Runtime]:
    """A runtime with one worker of each kind (and the one for CRITICAL), and no more."""
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    yield runtime
    runtime.shutdown(timeout=PATIENCE)


@pytest.fixture
def make(runtime: Runtime, kind: str) -> Callable[..., Task[..., Any]]:
    """Return make(function, **options): the task of this kind on `runtime`."""

    def make(function: Callable[..., Any], **options: Any) -> Task[..., Any]:
        return runtime.task(base_task(function, kind), **options)  # type: ignore[no-any-return]

    return make


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()
