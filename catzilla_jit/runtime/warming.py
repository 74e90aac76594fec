"""Compiling registered tasks in the background, once a runtime has started.

The first submission starts a runtime; while its own task is compiled by the submitter, the
others that will be needed are compiled by a thread here, one after the other. It ends
with the list, with the runtime, or with the interpreter, whichever comes first.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Iterable
from typing import Any

_log = logging.getLogger("catzilla_jit")


class Registry:
    """The tasks that may be submitted to one runtime, as long as they live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, task: Any) -> None:
        with self._lock:
            self._tasks.add(task)

    def tasks(self) -> list[Any]:
        """Return all of them."""
        with self._lock:
            return list(self._tasks)

    def uncompiled(self) -> list[Any]:
        """Return the tasks that nobody has tried to compile yet."""
        with self._lock:
            return [task for task in self._tasks if task.wants_warming]


class Warming:
    """One pass over some tasks."""

    def __init__(self, tasks: Iterable[Any]) -> None:
        self._tasks = list(tasks)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cz-warming", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for task in self._tasks:
            if self._stopping.is_set():
                return
            try:
                task.prepare()
            except Exception:
                # The submission of this task will meet the same and raise it.
                _log.debug("compiling %s in the background failed", task.name, exc_info=True)

    def stop(self) -> None:
        """End after the task at hand, and wait for that: a compiler must not be cut short."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
