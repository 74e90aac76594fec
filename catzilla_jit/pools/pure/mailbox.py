"""The pure-Python pool's side of the dispatcher: what the binding's mail.c is to a native pool.

Results that are watched write here when they have ended, or have failed and may be tried again;
one thread, the dispatcher's, reads.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..record import MAIL_ENDED, MAIL_FAILED

if TYPE_CHECKING:
    from .call import PureTaskResult


class PureMail:
    """The mailbox of one pool."""

    def __init__(self) -> None:
        self._mail: queue.SimpleQueue[tuple[PureTaskResult, int] | None] = queue.SimpleQueue()
        self._dispatching = True

    def ended(self, result: PureTaskResult) -> None:
        self._mail.put((result, MAIL_ENDED))

    def failed(self, result: PureTaskResult) -> None:
        self._mail.put((result, MAIL_FAILED))

    # --- what pools/dispatcher.py calls -----------------------------------------------------

    def watch(self, result: PureTaskResult) -> bool:
        """Return True if its end will be dispatched, False if it has ended already."""
        return result.watch()

    def limit(self, result: PureTaskResult, limit_ns: int, divert: bool) -> None:
        """Limit each run; dispatch failures undecided."""
        result.limit(limit_ns * 1e-9, divert)

    def failure(self, result: PureTaskResult) -> BaseException:
        """Return the exception of a call that failed undecided."""
        return result.failure()

    def retry(self, result: PureTaskResult, delay_ns: int) -> bool:
        """Run the call again after so long; False: conclude it instead."""
        return result.retry(delay_ns * 1e-9)

    def conclude(self, result: PureTaskResult, cancelled: bool) -> None:
        """End a call that failed undecided."""
        result.conclude(cancelled)

    def dispatch(
        self, handler: Callable[[PureTaskResult, int], None], idle: Callable[[], None]
    ) -> None:
        """Call handler(result, reasons) for mail and idle() after each, until the end."""
        while self._dispatching:
            letter = self._mail.get()
            if letter is not None:
                handler(*letter)
            del letter
            idle()

    def ring(self) -> None:
        """Let dispatch() call idle() soon."""
        self._mail.put(None)

    def end_dispatch(self) -> None:
        """Let dispatch() return."""
        self._dispatching = False
        self.ring()
