"""Compiling registered tasks in the background, once a runtime has started.

The first submission starts a runtime; once its own task is compiled by the submitter, the
others that will be needed are compiled by a thread here, one after the other. Whoever submits
goes first: only one thread compiles at a time, and between two tasks this one waits until
nobody else wants to, and no module is being imported: the compiler looks modules up, and would
wait for an import whose own submission waits for the compiler. It ends with the list, with the
runtime, or with the program, whichever comes first: the compilation at hand, which nobody has
asked for, is then given up. The compiler asks now and then (`is_wanted`), and what it is about
to begin may take a moment.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..pools.ended import Ended
from ..pools.interrupt import join_thread, shielded
from ..posix import at_fork

_log = logging.getLogger("catzilla_jit")
_IMPORT_SECONDS = 0.02


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


at_fork(after_in_child=_after_fork_in_child)


_registrations = itertools.count()


class Registry:
    """The tasks that may be submitted to one runtime, as long as they live."""

    # Without a lock: a signal's handler may register a task while its thread does, and a child of
    # a fork while a thread of the parent did. Each line that changes or reads the dictionary is
    # one step under the GIL.

    def __init__(self) -> None:
        self._tasks: dict[int, weakref.ref[Any]] = {}  # by the number of the registration

    def add(self, task: Any) -> None:
        number = next(_registrations)
        # In C: a Ctrl-C that hit Python code called by the collector would be lost.
        gone = functools.partial(self._tasks.pop, number)
        self._tasks[number] = weakref.ref(task, gone)

    def tasks(self) -> list[Any]:
        """Return all of them, in the order of their registration."""
        found = (reference() for reference in list(self._tasks.values()))
        return [task for task in found if task is not None]

    def uncompiled(self) -> list[Any]:
        """Return the tasks that nobody has tried to compile yet."""
        return [task for task in self.tasks() if task.wants_warming]


def is_importing() -> bool:
    """Tell whether a module is being imported at this moment."""
    return any(
        getattr(getattr(module, "__spec__", None), "_initializing", False)
        for module in list(sys.modules.values())
    )


class _Thread(threading.Thread):
    """The thread that compiles in the background."""

    def __init__(self, target: Callable[[], None]) -> None:
        super().__init__(target=target, name="cz-warming", daemon=True)
        self.stopping = Ended()


def is_wanted() -> bool:
    """Tell whether what the calling thread compiles is still wanted."""
    thread = threading.current_thread()
    return not (isinstance(thread, _Thread) and thread.stopping.is_set())


class Warming:
    """One pass over some tasks."""

    def __init__(self, tasks: Iterable[Any]) -> None:
        # Without the tasks themselves: the runtime that they lead to holds this.
        self._tasks = deque(weakref.ref(task) for task in tasks)
        self._thread = _Thread(self._run)
        self._stopping = self._thread.stopping
        self._thread.start()

    def _run(self) -> None:
        while self._tasks:
            task = self._tasks.popleft()()
            if task is None:
                continue
            self._wait_turn()
            if self._stopping.is_set():
                return
            try:
                task.prepare()
            except Exception:
                # The submission of this task will meet the same and raise it.
                _log.debug("compiling %s in the background failed", task.name, exc_info=True)
            except BaseException:
                if not self._stopping.is_set():
                    raise
                _log.debug("compiling %s in the background is given up", task.name)

    def _wait_turn(self) -> None:
        while True:
            with _submitters.changed:
                _submitters.changed.wait_for(self._may_go_on)
                # Nobody tells of the end of an import.
                if self._stopping.is_set() or not is_importing():
                    return
                _submitters.changed.wait(_IMPORT_SECONDS)

    def _may_go_on(self) -> bool:
        return _submitters.number == 0 or self._stopping.is_set()

    @shielded
    def give_up(self) -> None:
        """Let it end soon, and do not wait for that."""
        self._stopping.set()
        with _submitters.changed:
            _submitters.changed.notify_all()

    def stop(self) -> None:
        """Let it end, and wait for that: a compiler must not be cut short."""
        self.give_up()
        if self._thread is not threading.current_thread():
            join_thread(self._thread, None)
