"""What an interrupt that is pending in a thread is replaced by when it comes too late.

PyThreadState_SetAsyncExc(thread, NULL) would drop it, but on Python 3.10 to 3.12 the interpreter
goes on believing that something is pending (native/binding/takeback.c says what follows). So
`TakenBack` is made pending instead, by the thread itself, and arrives at once.
"""

from __future__ import annotations


class TakenBack(BaseException):
    """Never leaves the runtime."""


def look() -> None:
    """Let what is pending in this thread arrive: at the entry of a function."""
