"""Fixtures of the suites that run for compiled and for Python tasks alike.

A folder's conftest imports those that its tests ask for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime, Task
from support.gates import Gate, Notes
from support.kernels import PATIENCE, base_task


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
def make_on(kind: str) -> Callable[..., Task[..., Any]]:
    """Return make_on(runtime, function, **options): the task of this kind there."""

    def make_on(runtime: Runtime, function: Callable[..., Any], **options: Any) -> Task[..., Any]:
        return runtime.task(base_task(function, kind), **options)  # type: ignore[no-any-return]

    return make_on


@pytest.fixture
def make(runtime: Runtime, make_on: Callable[..., Task[..., Any]]) -> Callable[..., Task[..., Any]]:
    """Return make(function, **options): the task of this kind on `runtime`."""
    return functools.partial(make_on, runtime)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


@pytest.fixture
def notes() -> Iterator[Notes]:
    notes = Notes()
    yield notes
    notes.close()
