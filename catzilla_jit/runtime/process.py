"""All engines of the process: what is told to each, and their end with the interpreter."""

from __future__ import annotations

import atexit
import contextlib
import functools
import threading
import time
import weakref
from typing import Any, Protocol

from ..pools import selection
from ..pools.interrupt import call_finalizer
from ..pools.living import Living
from ..pools.open_pool import let_go
from ..pools.protocol import Backend
from ..posix import at_fork
from . import exit
from .warmup import Registry

_runtimes: Living[Registered] = Living()
_watched: dict[int, weakref.ref[Any]] = {}  # of engines, by their pools
_abandoned: list[Backend] = []  # pools of dropped runtimes that may not have ended


_exiting = False


class Registered(Protocol):
    """An engine, as far as this module knows it."""

    _submitters: Any
    _tasks: Any
    registry: Registry
    _backend: Backend | None
    _given_up: bool

    def _end_warming(self) -> None: ...
    def refresh_roster(self) -> None: ...
    def shutdown(self, wait: bool = True) -> None: ...
    def _after_fork_in_child(self) -> None: ...


def engines() -> list[Any]:
    """Return the engines of this process that are alive."""
    return _runtimes.all()


def register(engine: Registered) -> None:
    """Let an engine be told what happens in the process, as long as it lives."""
    _runtimes.add(engine)


def is_exiting() -> bool:
    """Return whether the interpreter is leaving: no pool can be started any more."""
    return _exiting


def note_compilation(name: str, began_ns: int, *, refused: bool, from_cache: bool) -> None:
    """Tell whoever traces a runtime of this process that a compilation has ended.

    began_ns: of time.monotonic_ns(). refused: the task stays Python.
    """
    ended_ns = time.monotonic_ns()
    for runtime in _runtimes.all():
        backend = runtime._backend
        if backend is not None:
            backend.note_compilation(name, began_ns, ended_ns, refused, from_cache)


def refresh_rosters(registry: Registry | None = None) -> None:
    """Tell readers in other processes that a task was registered or its compilation has ended.

    registry: where, if it is known; only runtimes whose it is list the task.
    """
    for runtime in _runtimes.all():
        if registry is None or runtime.registry is registry:
            runtime.refresh_roster()


def watch(engine: Registered, backend: Backend) -> None:
    """Let an engine that is dropped without a shutdown finish its work, and its threads end."""
    # A weak reference that calls C: in `weakref.finalize`, Python code, a Ctrl-C would be lost.
    gone = functools.partial(call_finalizer, _abandon, backend)
    _watched[id(backend)] = weakref.ref(engine, gone)


def unwatch(backend: Backend) -> None:
    _watched.pop(id(backend), None)


def _abandon(backend: Backend, _engine: object) -> None:
    unwatch(backend)
    backend.close()
    _abandoned.append(backend)


def reap() -> None:
    """Free the pools of dropped runtimes that have ended."""
    for backend in list(_abandoned):
        if backend.join(0):
            with contextlib.suppress(ValueError):  # another thread has seen it end as well
                _abandoned.remove(backend)


def _finish_at_exit() -> None:
    """Finish what was submitted (exit.py)."""
    global _exiting
    _exiting = True
    pools = []
    for runtime in _runtimes.all():
        backend = runtime._backend
        if backend is None:
            runtime.shutdown()
        else:
            close = functools.partial(runtime.shutdown, wait=False)
            pools.append(exit.Pool(backend, close, runtime._given_up))
    pools += [exit.Pool(backend, backend.close, False) for backend in _abandoned]
    exit.finish(pools)
    # At last: who finished its tasks may have had to compile, and goes first.
    for runtime in _runtimes.all():
        runtime._end_warming()


def _after_fork_in_child() -> None:
    _watched.clear()
    _abandoned.clear()
    selection.after_fork_in_child()
    for runtime in _runtimes.all():
        runtime._after_fork_in_child()


def _let_go_at_exit() -> None:
    """Refer to no task any more.

    Functions of ours are called after a fork, so the interpreter knows them to the very end, and
    through them what they refer to. A program's modules would outlive the clearing of modules, and
    finalizers of what they hold would run when nothing is there any more.
    """
    for runtime in _runtimes.all():
        runtime._submitters = {}
        runtime._tasks = {}
    _runtimes.clear()
    _watched.clear()
    let_go()


# Before threading joins its threads, while new ones may still be started; atexit would
# come after that, when a drained task could start none. Private, and stable since 3.9.
_register = getattr(threading, "_register_atexit", None)

if _register is None:
    _register = atexit.register

_register(_finish_at_exit)

at_fork(after_in_child=_after_fork_in_child)
