"""Leaving the interpreter: what was submitted is finished first, as concurrent.futures does.

A wait that takes longer than WARN_SECONDS is told, once. Ctrl-C ends it: then, and for a pool
whose shutdown ran into its deadline (`given_up`), what is left is cancelled and what runs is
stopped. What cannot be stopped within STOP_SECONDS is left running while the interpreter
finalizes: its threads are daemons or native ones that know nothing of Python, and its pool is not
freed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Sequence

from ..pools.protocol import Backend
from .backlog import unfinished

WARN_SECONDS = 2.0
STOP_SECONDS = 1.0
_AGAIN_SECONDS = 0.02  # between two attempts to stop what runs

_log = logging.getLogger("catzilla_jit")


@dataclasses.dataclass(frozen=True, slots=True)
class Pool:
    """A pool that the program leaves behind."""

    backend: Backend
    close: Callable[[], object]
    given_up: bool


def finish(pools: Sequence[Pool]) -> None:
    """Wait for the pools, one after the other: what one drains may submit to the next."""
    try:
        stop([pool for pool in pools if pool.given_up])
        warn_at = time.monotonic() + WARN_SECONDS
        for pool in pools:
            if not pool.given_up:
                pool.close()
                warn_at = _wait(pool, pools, warn_at)
    except KeyboardInterrupt:
        # A second one leaves at once.
        with contextlib.suppress(KeyboardInterrupt):
            stop([pool for pool in pools if not pool.given_up])


def _wait(pool: Pool, pools: Sequence[Pool], warn_at: float) -> float:
    if pool.backend.join(max(0.0, warn_at - time.monotonic())):
        return warn_at
    if warn_at != float("inf"):
        left = unfinished(pool.backend for pool in pools if not pool.given_up)
        _log.warning(
            "the program has ended and waits for its tasks: %s. Ctrl-C stops them.", left.names()
        )
    pool.backend.join(None)
    return float("inf")


def stop(pools: Sequence[Pool]) -> None:
    """Cancel what these pools have and stop what runs, for as long as STOP_SECONDS."""
    for pool in pools:
        pool.close()
        pool.backend.cancel_pending()
    until = time.monotonic() + STOP_SECONDS
    backends = [pool.backend for pool in pools]
    for backend in backends:
        if not stop_running(backend, until):
            _log.warning(
                "the program ends although not all of its tasks could be stopped: %s.",
                unfinished([backend]).names(),
            )


def stop_running(backend: Backend, until: float | None) -> bool:
    """Stop what a closed pool runs; True once it has ended, False: not by then."""
    while True:
        backend.cancel_running()
        left = _AGAIN_SECONDS if until is None else until - time.monotonic()
        if backend.join(max(0.0, min(left, _AGAIN_SECONDS))):
            return True
        if left <= 0:
            return False
