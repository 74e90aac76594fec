"""To be told of the end of a result, and how it has ended; rests on the pool's dispatcher."""

from __future__ import annotations

import contextvars
from typing import Any

from .callback_thread import Callback, run_callback


def watch(result: Any, callback: Callback, *, may_block: bool = False) -> None:
    """Call `callback(result)` once it is final: on the dispatcher, or here if that has ended.

    may_block: it is a user's and goes to a thread where it may take its time. Raises
    RuntimeClosed for a result of the process that this one was forked from.
    """
    result.done()  # which refuses those: nobody here would ever call back
    pool = result._pool
    if pool is None:
        run_callback(result, callback, contextvars.copy_context())
    else:
        pool.dispatcher.watch(result, callback, may_block=may_block)


def notice(result: Any, callback: Callback) -> bool:
    """The same without the context variables; False, and no call, if it has ended already.

    The callback is called on the dispatcher, and must neither raise nor wait.
    """
    pool = result._pool
    return pool is not None and pool.dispatcher.notice(result, callback)


def unwatch(result: Any, callback: Callback) -> None:
    """Undo `watch` or `notice` with the same callback object, if it was not called yet."""
    pool = result._pool
    if pool is not None:
        pool.dispatcher.unwatch(result, callback)


def outcome(result: Any) -> tuple[bool, Any]:
    """Return (failed, value or exception) of a final result; a cancelled one has failed."""
    try:
        return False, result.result()
    except BaseException as error:
        return True, error
