"""Statistics are tested on the pool that this process has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catzilla_jit import Runtime
from support.fixtures import gate

__all__ = ["gate", "runtime"]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime(workers=2)
    yield runtime
    runtime.shutdown(timeout=30)
