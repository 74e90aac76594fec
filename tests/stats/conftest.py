"""Statistics are tested on the native pool; the pure-Python one keeps none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catzilla_jit import Runtime
from catzilla_jit.runtime import native


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    if why := native.unavailable():
        pytest.skip(why)
    runtime = Runtime(workers=2)
    yield runtime
    runtime.shutdown(timeout=30)
