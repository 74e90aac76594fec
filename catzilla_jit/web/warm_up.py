"""What an app does before its first request: compile its tasks, start its workers."""

from __future__ import annotations

import warnings

from ..errors import CompileWarning
from ..tasks.runtime import Runtime


def warm_up(runtime: Runtime) -> None:
    """Compile what is registered, and start the runtime; CompileError where a task insists.

    A task whose hints leave types to the arguments is compiled by its first submission.
    """
    if runtime.enable_c_compilation:
        for task in runtime.registry.tasks():
            if task.wants_warming:
                task.warm_up()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)  # they have been given
        runtime.start()
