"""Results of what cannot be submitted yet: it waits for other results first.

A promise is a TaskResult that ends when its inner submission ends. Nothing blocks
meanwhile: neither the submitter nor a worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from .callbacks import outcome, watch
from .native import copy_exception
from .result import TaskResult


class _Forward:
    """Connects a promise with the submission that `make` makes once it can."""

    def __init__(self, pool: Any, promise: Any, make: Callable[[], Any]) -> None:
        self._pool = pool
        self._promise = promise
        self._make = make
        self._inner: Any = None
        watch(promise, self._promise_ended)

    def submit(self) -> None:
        """What was waited for is there."""
        if self._promise.done():  # cancelled meanwhile
            self._pool.fulfil(self._promise, True, None)
            return
        try:
            with self._pool.privileged():
                self._inner = self._make()
        except BaseException as error:
            self.fail(error)
            return
        if self._promise.done():
            self._inner.cancel()
        watch(self._inner, self._inner_ended)

    def fail(self, error: BaseException) -> None:
        self._pool.fulfil(self._promise, True, error)

    def _inner_ended(self, inner: Any) -> None:
        self._pool.fulfil(self._promise, *outcome(inner))

    def _promise_ended(self, promise: Any) -> None:
        if promise.cancelled() and self._inner is not None:
            self._inner.cancel()


def _with_cause(error: BaseException) -> BaseException:
    copy = copy_exception(error)
    if copy is not error:
        copy.__cause__ = error
    return copy


def after(pool: Any, name: str, awaited: Sequence[Any], make: Callable[[], Any]) -> Any:
    """Return a result for `make()`, which submits once all of `awaited` have succeeded.

    If one of them fails or is cancelled, so does the result, with an exception of the same
    type and arguments whose cause is the original one.
    """
    promise = pool.promise(name)
    forward = _Forward(pool, promise, make)
    lock = threading.Lock()
    left = len(awaited)
    settled = False

    def ended(result: Any) -> None:
        nonlocal left, settled
        failed, value = outcome(result)
        with lock:
            left -= 1
            if settled or (left and not failed):
                return
            settled = True
        if failed:
            forward.fail(_with_cause(value))
        else:
            forward.submit()

    for result in awaited:
        watch(result, ended)
    return promise


def is_result(value: object) -> bool:
    """Return whether the value is a TaskResult."""
    return isinstance(value, TaskResult)
