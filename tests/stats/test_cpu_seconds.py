"""The processor time of workers, from /proc."""

from __future__ import annotations

import os
import time

from catzilla_jit import Runtime
from catzilla_jit.stats.compute import cpu_seconds


def spin() -> None:
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        pass


def test_worker_that_computed_has_used_the_processor() -> None:
    with Runtime(workers=1, enable_auto_scaling=False) as runtime:
        runtime.task(spin, compile_to_c=False).submit().result()
        (worker,) = [worker for worker in runtime.stats().workers if worker.kind == "python"]
        assert worker.cpu_seconds is not None
        assert worker.cpu_seconds >= 0.07
        assert runtime.worker_stats(worker.worker_id).cpu_seconds is not None


def test_thread_that_is_not_there_has_none() -> None:
    assert cpu_seconds(os.getpid(), 2**22 + 1) is None  # beyond the kernel's largest number
    assert cpu_seconds(0, 1) is None
