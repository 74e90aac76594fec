"""The pool without the native library: Python threads for both kinds of task, the same API.

A compiled task is a call of its entry through ctypes, which lets go of the GIL, with a payload
packed by layout.py's table. Nothing here is quick: it is for platforms without the native
part, and to compare with. purelane.py has the queues and workers, pureresult.py the calls,
purebatch.py the maps.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import RuntimeClosed
from . import layout
from .backend import BatchCall, PoolSettings, Settle
from .layout import SCALARS, Compiled, SlotLike
from .purebatch import PureBatch
from .purelane import Lane
from .pureresult import Call, PureTaskResult, python_call

__all__ = ["PurePool", "PureTaskResult"]

_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))


class Code:
    """The compiled code of one task: packs arguments, calls the entry, settles failures."""

    def __init__(self, task: Compiled, settle: Settle) -> None:
        self._entry = _ENTRY(task.entry)
        self._task = task  # owns the code at that address
        self._settle = settle
        self._words = -(-task.payload_size // 8) or 1

    def pack(self, args: Sequence[Any]) -> ctypes.Array[ctypes.c_uint64]:
        """Return the payload for these arguments; Unfit if one does not fit exactly."""
        payload = (ctypes.c_uint64 * self._words)()
        for slot, value in zip(self._task.arguments, args, strict=True):
            exact = layout.exact(slot.code, value)
            if (view := _view(payload, slot)) is not None:
                view[0] = exact
        return payload

    def fits(self, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Return whether there is one positional argument for each parameter."""
        return not kwargs and len(args) == len(self._task.arguments)

    def run(self, payload: ctypes.Array[ctypes.c_uint64]) -> tuple[bool, Any]:
        """Call the entry: (False, its value) or (True, its exception)."""
        error = ctypes.c_void_p()
        status = self._entry(ctypes.addressof(payload), ctypes.byref(error))
        if status == 0:
            return False, _load(payload, self._task.result)
        arguments = tuple(_load(payload, slot) for slot in self._task.arguments)
        try:
            return self._settle(status, error.value or 0, arguments)
        except BaseException as failure:
            return True, failure


def _view(payload: Any, slot: SlotLike) -> np.ndarray[Any, Any] | None:
    dtype = SCALARS[slot.code].dtype
    return None if dtype is None else np.frombuffer(payload, dtype, 1, slot.offset)


def _load(payload: Any, slot: SlotLike) -> Any:
    view = _view(payload, slot)
    if view is None:
        return None
    return view[0] if slot.numpy else view[0].item()


def _no_slow_path(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise TypeError("this submitter takes positional arguments that fit exactly, nothing else")


class PureSubmitter:
    """Queues calls of one task at one level."""

    def __init__(
        self,
        pool: PurePool,
        name: str,
        code: Code | None,
        function: Callable[..., Any] | None,
        level: int = 2,
        slow: Callable[..., Any] = _no_slow_path,
    ) -> None:
        self._pool = pool
        self._name = name
        self._code = code
        self._function = function
        self._level = level
        self._slow = slow

    def at_level(self, level: int, slow: Callable[..., Any]) -> PureSubmitter:
        return PureSubmitter(self._pool, self._name, self._code, self._function, level, slow)

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        assert self._code is not None
        if not self._code.fits(args, kwargs):
            return self._slow(*args, **kwargs)
        try:
            payload = self._code.pack(args)
        except layout.Unfit:
            return self._slow(*args)
        call = functools.partial(self._code.run, payload)
        return self._pool.queue(self._pool.compiled_lane, self._name, call, self._level)

    def submit_python(self, *args: Any, **kwargs: Any) -> Any:
        assert self._function is not None
        call = python_call(self._function, args, kwargs)
        return self._pool.queue(self._pool.python_lane, self._name, call, self._level)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        assert self._code is not None
        if not self._code.fits(args, kwargs):
            return NotImplemented
        try:
            payload = self._code.pack(args)
        except layout.Unfit:
            return NotImplemented
        failed, value = self._code.run(payload)
        if failed:
            raise value
        return value


class PurePool:
    """Two lanes: one for compiled tasks, one for the others."""

    def __init__(self, settings: PoolSettings) -> None:
        size, policy = settings.queue_size, settings.when_full
        self.compiled_lane = Lane("compiled", settings.workers, size, policy)
        self.python_lane = Lane("python", settings.python_workers, size, policy)
        self._workers = settings.workers
        self._numbers = itertools.count(1)
        self._process = os.getpid()

    def _check_process(self, name: str) -> None:
        if os.getpid() != self._process:
            raise RuntimeClosed(
                f"task {name}: the runtime belongs to the process that this one was forked from"
            )

    def compiled(self, task: Compiled, settle: Settle, *, can_rerun: bool) -> PureSubmitter:
        return PureSubmitter(self, task.name, Code(task, settle), None)

    def python(self, name: str, function: Callable[..., Any]) -> PureSubmitter:
        return PureSubmitter(self, name, None, function)

    def queue(self, lane: Lane, name: str, call: Call, level: int) -> PureTaskResult:
        """Queue a call, or run it here when the queue is full and that is the policy."""
        self._check_process(name)
        result = PureTaskResult(name, next(self._numbers), call)
        if not lane.push(result, level):
            result.run()
        return result

    def batch(self, call: BatchCall) -> PureBatch:
        self._check_process(call.name)
        batch = PureBatch(call, self._workers)
        if call.length and not self.compiled_lane.push(batch, call.level):
            while (job := batch.next_job()) is not None:
                job()
        return batch

    def depths(self) -> tuple[int, int, int, int]:
        compiled, python = self.compiled_lane.depths(), self.python_lane.depths()
        return tuple(a + b for a, b in zip(compiled, python, strict=True))  # type: ignore[return-value]

    def stats_segment(self) -> memoryview | None:
        return None

    def close(self) -> None:
        self.compiled_lane.close()
        self.python_lane.close()

    def cancel_pending(self) -> int:
        return self.compiled_lane.cancel_pending() + self.python_lane.cancel_pending()

    def join(self, timeout: float | None) -> bool:
        until = None if timeout is None else time.monotonic() + timeout
        for lane in (self.python_lane, self.compiled_lane):
            for thread in lane.threads():
                if not _join(thread, until):
                    return False
        return True


def _join(thread: threading.Thread, until: float | None) -> bool:
    thread.join(None if until is None else max(0.0, until - time.monotonic()))
    return not thread.is_alive()
