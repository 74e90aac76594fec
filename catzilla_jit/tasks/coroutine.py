"""Coroutine functions as tasks: a Python worker runs the coroutine to its end.

Each call has an event loop of its own, so it waits beside other tasks, not among them. A
cancel or a time limit reaches a Python task as an exception between two bytecodes; a loop
that waits runs none, so it is woken every WAKE_SECONDS. Where the exception hits decides
who sees it: the coroutine, the waker, or a callback of the loop. Whichever it is, the
coroutine is cancelled and the exception is the task's.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from ..errors import TaskCancelled, TaskTimeout

WAKE_SECONDS = 0.02


def to_its_end(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that returns what the coroutine function's result gives when awaited."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        # A worker whose coroutine awaits another task may run that one itself, inside the
        # loop of the first: this one's loop stands in for it meanwhile.
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            return asyncio.run(_attended(function(*args, **kwargs)))
        finally:
            asyncio._set_running_loop(outer)

    return run


async def _attended(coroutine: Coroutine[Any, Any, Any]) -> Any:
    loop = asyncio.get_running_loop()
    work = loop.create_task(coroutine)
    waker = loop.create_task(_wake())
    struck: list[BaseException] = []

    def notice(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, (TaskCancelled, TaskTimeout)):
            struck.append(error)
            work.cancel()
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(notice)
    await asyncio.wait({work, waker}, return_when=asyncio.FIRST_COMPLETED)
    if waker.done() and not struck:
        struck.append(waker.exception() or asyncio.CancelledError())
    waker.cancel()
    if not struck:
        return work.result()
    work.cancel()
    await asyncio.wait({work})
    raise struck[0]


async def _wake() -> None:
    while True:
        await asyncio.sleep(WAKE_SECONDS)
