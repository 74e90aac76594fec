"""The task that the calling code runs in."""

from __future__ import annotations

import dataclasses
import time

from ..pools.interrupt import call_here
from .python_batch import map_of


@dataclasses.dataclass(frozen=True, slots=True)
class CurrentTask:
    """What a task can know of its own run.

    id: the `task_id` of its result; of a map, that of the map, which its items share. name: of the
    task. try_number: 1 for the first run, 2 for the first retry. deadline: when timeout_ms stops
    this run, in seconds since the epoch; None without a limit, and for items of maps.
    """

    id: str
    name: str
    try_number: int
    deadline: float | None

    def remaining_s(self) -> float | None:
        """Return the seconds until the deadline, never below 0.0; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.time())


def current_task() -> CurrentTask | None:
    """Return the task that runs on this thread; None outside of tasks.

    In Python tasks, coroutine functions included; the innermost, if a task waits for another and
    runs it meanwhile. Threads that a task starts are outside. A function that calls this is not
    compiled: with `compile_to_c` unset it runs as Python.
    """
    call = call_here()
    if call is None:
        return None
    batch = map_of(call)
    if batch is not None:
        return CurrentTask(batch.task_id(), batch.name, 1, None)
    return CurrentTask(call.task_id, call.task_name, call.retries + 1, call._deadline)
