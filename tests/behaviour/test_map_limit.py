"""timeout_ms on a map: it limits the whole map, and what was done stays."""

from __future__ import annotations

import numpy as np
import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.errors import TaskTimeout
from catzilla_jit.runtime import native


def spin_from_1000(i: int) -> int:
    while i >= 1000:
        i = i | 1
    return i + 1


def test_map_that_runs_into_its_limit_keeps_what_it_has(make, kind):
    if kind == "compiled" and native.unavailable() is not None:
        pytest.skip("compiled code cannot be stopped on this pool")
    out = np.full(5000, -1, np.int64)
    task = make(spin_from_1000).options(timeout_ms=300)
    batch = task.submit_map(np.arange(5000), out=out, chunk_size=100)
    with pytest.raises(TaskTimeout, match="time limit of 300 ms"):
        batch.wait(60)
    assert batch.status() is TaskStatus.FAILED
    begin, end = batch.completed_range
    assert (begin, end) <= (0, 1000)
    assert out[:end].tolist() == list(range(1, end + 1))


def test_map_within_its_limit_is_not_touched(make):
    task = make(spin_from_1000).options(timeout_ms=60_000)
    assert task.map(np.arange(1000)).tolist() == list(range(1, 1001))
