"""Several results at once, chains and groups: for compiled and for Python tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catzilla_jit import Runtime
from support.fixtures import gate, kind, make, make_on, runtime
from support.kernels import PATIENCE

__all__ = ["gate", "kind", "make", "make_on", "runtime"]


@pytest.fixture
def single() -> Iterator[Runtime]:
    """A runtime with one worker of each kind (and the one for CRITICAL), and no more."""
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    yield runtime
    runtime.shutdown(timeout=PATIENCE)
