"""Compiling registered tasks in the background, once a runtime has started.

The first submission starts a runtime; once its own task is compiled by the submitter, the
others that will be needed are compiled by a thread here, one after the other. Whoever submits
goes first: only one thread compiles at a time, and between two tasks this one waits until
nobody else wants to. It ends with the list, with the runtime, or with the interpreter,
whichever comes first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from .interrupt import join_thread, shielded

_log = logging.getLogger("catzilla_jit")


class _Submitters:
    """How many threads want to compile a task that is to be submitted."""

    def __init__(self) -> None:
        self.number = 0
        self.changed = threading.Condition()


_submitters = _Submitters()


@contextlib.contextmanager
def before_others() -> Iterator[None]:
    """Go before what is compiled in the background; on that thread itself it does nothing."""
    if isinstance(threading.current_thread(), _Thread):
        yield
        return
    waiting = _submitters
    with waiting.changed:
        waiting.number += 1
    try:
        yield
    finally:
        with waiting.changed:
            waiting.number -= 1
            waiting.changed.notify_all()


def _after_fork_in_child() -> None:
    global _submitters
    _submitters = _Submitters()  # the threads that were counted do not exist here


os.register_at_fork(after_in_child=_after_fork_in_child)


class Registry:
    """The tasks that may be submitted to one runtime, as long as they live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def add(self, task: Any) -> None:
        with self._lock:
            self._tasks[id(task)] = task

    def tasks(self) -> list[Any]:
        """Return all of them, in the order of their registration."""
        with self._lock:
            return list(self._tasks.values())

    def uncompiled(self) -> list[Any]:
        """Return the tasks that nobody has tried to compile yet."""
        return [task for task in self.tasks() if task.wants_warming]


class _Thread(threading.Thread):
    """The thread that compiles in the background."""


class Warming:
    """One pass over some tasks."""

    def __init__(self, tasks: Iterable[Any]) -> None:
        self._tasks = list(tasks)
        self._stopping = threading.Event()
        self._thread = _Thread(target=self._run, name="cz-warming", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for task in self._tasks:
            with _submitters.changed:
                _submitters.changed.wait_for(self._may_go_on)
            if self._stopping.is_set():
                return
            try:
                task.prepare()
            except Exception:
                # The submission of this task will meet the same and raise it.
                _log.debug("compiling %s in the background failed", task.name, exc_info=True)

    def _may_go_on(self) -> bool:
        return _submitters.number == 0 or self._stopping.is_set()

    def stop(self) -> None:
        """End after the task at hand, and wait for that: a compiler must not be cut short."""
        self._give_up()
        if self._thread is not threading.current_thread():
            join_thread(self._thread, None)

    @shielded
    def _give_up(self) -> None:
        self._stopping.set()
        with _submitters.changed:
            _submitters.changed.notify_all()
