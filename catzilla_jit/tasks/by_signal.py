"""Whether an exception came by a signal, or is what the function that it left has raised itself.

A call that runs again as Python runs in the thread that asks for its result. Ctrl-C there is for
who asks, and may come again; everything else is what the task has raised: its outcome.
"""

from __future__ import annotations

import signal
import threading
import types
from collections.abc import Iterator


def _handlers() -> Iterator[types.CodeType]:
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        if isinstance(code, types.CodeType):
            yield code


def came_by_signal(error: BaseException) -> bool:
    """Return whether a signal's handler has raised it in this thread.

    A KeyboardInterrupt in the main thread always counts: most handlers that raise it are in C.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    if isinstance(error, KeyboardInterrupt):
        return True
    handlers = set(_handlers())
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code not in handlers:
        traceback = traceback.tb_next
    return traceback is not None
