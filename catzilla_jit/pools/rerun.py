"""Compiled calls that are to be run again as Python: where Python's integers go beyond 64 bits.

The worker that ran the compiled code cannot run Python, and whoever asks for the result must not:
an event loop, a callback or `result(timeout=0.1)` would wait for as long as that takes. So the
dispatcher queues a Python call at the level of the first one, under what is left of its time limit,
and hands its outcome on. Nobody but this file sees that call; cancelling the compiled one cancels
it. It is not counted: the compiled call is, as one that was run again.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .protocol import Submitter


class Reruns:
    """Those of one compiled form. On the dispatcher's thread."""

    def __init__(self, pool: Any, bridge: Any, submitter: Submitter) -> None:
        self._pool = pool
        self._bridge = bridge
        self._submitter = submitter

    def begin(self, result: Any, arguments: tuple[Any, ...], level: int, limit_ns: int) -> Any:
        """Queue the Python call and return its result; None where nothing can be queued."""
        pool = self._pool
        submitter = self._submitter.at_level(level, no_slow_path)
        call = submitter.prepare_python(*arguments)
        with pool.privileged():  # it is part of what came before a close
            self._bridge.promise()
            try:
                if limit_ns:
                    pool.govern(call, limit_ns, None)
                pool.dispatcher.watch(call, functools.partial(self._ended, result))
                submitter.start(call, 0)
            except BaseException:
                pool.forgo(call)
                raise
            finally:
                self._bridge.keep_promise()
        pool.stop_late(call)
        return call

    def _ended(self, result: Any, call: Any) -> None:
        dispatcher = self._pool.dispatcher
        if self._bridge.rerun_ended(result, call, dispatcher.may_try_again(result)):
            dispatcher.decide(result)


def no_slow_path(*_: Any, **__: Any) -> Any:
    """Stand for the slow path of calls that have none."""
    raise AssertionError("the arguments of a compiled call are no results of other tasks")
