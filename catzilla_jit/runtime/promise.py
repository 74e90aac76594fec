"""Results of what cannot be submitted yet: it waits for other results first.

A promise is a TaskResult that its Keeper ends. Nothing blocks meanwhile: neither the
submitter nor a worker. The keeper knows at any time which results the promise depends on, so that
a Python worker that waits for the promise can run those of them that are queued.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..pools.exception_copy import copy_exception
from ..pools.interrupt import submitting_for
from ..pools.watch import outcome, watch
from .batch import BatchResult
from .privilege import promised
from .result import TaskResult

Listener = Callable[[Any], object]


class Keeper:
    """Ends one promise."""

    def __init__(self, pool: Any, name: str) -> None:
        self._pool = pool
        self._lock = threading.RLock()  # guards the four below
        self._needed: Sequence[Any] = ()
        self._owned = False
        self._listeners: list[Listener] = []
        self._settled = False
        self.promise = pool.promise(name, self)
        watch(self.promise, self._promise_ended)

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each result that is needed now and with each later one."""
        with self._lock:
            self._listeners.append(listener)
            needed = self._needed
        for result in needed:
            listener(result)

    def need(self, results: Sequence[Any], *, owned: bool) -> None:
        """Say what it takes from now on; cancelling the promise cancels what is owned."""
        with self._lock:
            self._needed, self._owned = results, owned
            listeners = list(self._listeners)
        for listener in listeners:
            for result in results:
                listener(result)
        if owned and self.promise.cancelled():
            self._cancel_owned()

    def submit(self, make: Callable[[], Any]) -> Any:
        """Return the result of `make()`, which submits, also while the pool is closing."""
        # Who waits for the promise may run it, and is stopped with it.
        with promised(self._pool), submitting_for(self.promise._parent):
            return make()

    def settle(self, failed: bool, value: Any) -> None:
        """End the promise, unless it was ended or cancelled before."""
        with self._lock:
            if self._settled:
                return
            self._settled = True
            self._needed = ()
            self._listeners.clear()
        self._pool.fulfil(self.promise, failed, value)

    def end_as(self, result: Any) -> None:
        """End as the submission did that the promise stands for."""
        failed, value = outcome(result)
        if result.cancelled():
            self.promise.cancel()
        else:
            self.settle(failed, value)

    def fail_by(self, result: Any) -> None:
        """Fail as what the promise depends on did; what was cancelled cancels it."""
        if result.cancelled():
            self.promise.cancel()
        else:
            self.settle(True, with_cause(outcome(result)[1]))

    def follow(self, make: Callable[[], Any]) -> None:
        """Submit, and end as that submission ends."""
        if self._settled:
            return
        try:
            inner = self.submit(make)
        except BaseException as error:
            self.settle(True, error)
            return
        self.need([inner], owned=True)
        watch(inner, self.end_as)

    def _promise_ended(self, promise: Any) -> None:
        if promise.cancelled():
            self._cancel_owned()
            self.settle(True, None)

    def _cancel_owned(self) -> None:
        with self._lock:
            owned = self._needed if self._owned else ()
        for result in owned:
            result.cancel()


def with_cause(error: BaseException) -> BaseException:
    """Return an exception of the same type and arguments whose cause is `error`."""
    copy = copy_exception(error)
    if copy is not error:
        # Not by assignment, which its class may forbid.
        vars(BaseException)["__cause__"].__set__(copy, error)
    return copy


class Gathering:
    """Calls `completed(values)` once the results have completed, or `failed(result)`.

    The latter with the first that has failed or was cancelled.
    """

    def __init__(
        self,
        results: Sequence[Any],
        completed: Callable[[list[Any]], object],
        failed: Callable[[Any], object],
    ) -> None:
        self._results = results
        self._completed = completed
        self._failed = failed
        self._lock = threading.RLock()  # guards the two below; the results may have several pools
        self._left = len(results)
        self._settled = False
        for result in results:
            watch(result, self._ended)

    def _ended(self, result: Any) -> None:
        failed, _ = outcome(result)
        with self._lock:
            self._left -= 1
            if self._settled or (self._left and not failed):
                return
            self._settled = True
        if failed:
            self._failed(result)
        else:
            self._completed([result.result() for result in self._results])


def after(pool: Any, name: str, awaited: Sequence[Any], make: Callable[[], Any]) -> Any:
    """Return a result for `make()`, which submits once all of `awaited` have succeeded.

    If one of them fails, so does the result, with an exception of the same type and arguments
    whose cause is the original one. If one is cancelled, the result is.
    """
    for result in awaited:
        result.done()  # refuses those of a parent process, before anything is promised
    keeper = Keeper(pool, name)
    keeper.need(awaited, owned=False)
    Gathering(awaited, lambda _: keeper.follow(make), keeper.fail_by)
    return keeper.promise


def refuse_results(name: str, labels: Sequence[str], values: Sequence[Any]) -> None:
    """Raise TypeError for results among the arguments of a map, which does not wait for them."""
    for label, value in zip(labels, values, strict=True):
        kinds = set(map(type, value)) if isinstance(value, (list, tuple)) else {type(value)}
        if any(issubclass(kind, (TaskResult, BatchResult)) for kind in kinds):
            raise TypeError(
                f"task {name}: argument {label!r} has results of other submissions, for which a "
                "map does not wait; pass their values, as gather() returns them"
            )


def is_result(value: object) -> bool:
    """Return whether the value is a TaskResult or a BatchResult."""
    return isinstance(value, (TaskResult, BatchResult))
