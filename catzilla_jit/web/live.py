"""GET /tasks/live: one snapshot a second to every page that is open, as server-sent events.

The snapshot is made once for all, in a thread, and only while a page is open. What a request
may see of submissions is added for each client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import StreamingResponse

from ..errors import StatsDisabled
from ..stats import reader
from ..stats.views.live_document import LiveView
from ..types import TaskStatus
from . import described
from .served import Served

SECONDS = 1.0
#: A stream ends by itself then, and the page asks for another one: a server that does not tell
#: its app that it ends waits for open answers.
_LONGEST_SECONDS = 300.0
_ROSTER_SECONDS = 5.0
#: A snapshot of many names takes long: the next one comes so many times later, to a limit.
_REST = 50.0
_SECONDS_MOST = 4.0
_MOST_FAILURES = 30
_MOST_OPEN = 50
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: Any) -> bytes:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()


class Live:
    """The streams of one app. All but `end` and the handler of signals runs in its loop."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._view = LiveView(served.usage)
        self._clients = 0
        self._sampler: asyncio.Task[None] | None = None
        self._latest: dict[str, Any] = {}
        self._sampled: asyncio.Event | None = None
        self._ended = threading.Event()
        self._roster: Any = None
        self._roster_at = 0.0

    def response(self, request: Request) -> StreamingResponse:
        """Answer with a stream; 503 where as many pages are open as may be."""
        if self._clients >= self._served.live_clients:
            raise HTTPException(
                503, f"{self._clients} pages are open already", {"Retry-After": "10"}
            )
        self._served.stats()  # a runtime without statistics is refused here
        return _Stream(self, self._events(request))

    def count(self, change: int) -> None:
        """Note that a client has come (1) or is gone (-1)."""
        self._clients += change

    async def _events(self, request: Request) -> AsyncIterator[bytes]:
        sampled = self._watch()
        until = time.monotonic() + _LONGEST_SECONDS
        yield b"retry: 1000\n\n" + event("history", list(self._view.points))
        while not self._ended.is_set() and time.monotonic() < until:
            if self._latest:
                yield event("snapshot", self._latest | await self._submissions(request))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(sampled.wait(), 2 * SECONDS)
            sampled = self._watch()

    def _watch(self) -> asyncio.Event:
        """Return what is set by the next snapshot, and see to it that there will be one."""
        if self._sampled is None or self._sampled.is_set():
            self._sampled = asyncio.Event()
        if self._sampler is None or self._sampler.done():
            self._sampler = asyncio.get_running_loop().create_task(self._sample())
        return self._sampled

    async def _sample(self) -> None:
        while self._clients and not self._ended.is_set():
            self._latest, took = await asyncio.to_thread(self._snapshot)
            if self._sampled is not None:
                self._sampled.set()
            until = time.monotonic() + min(max(SECONDS, _REST * took), _SECONDS_MOST)
            while time.monotonic() < until and not self._ended.is_set():
                await asyncio.sleep(SECONDS / 10)
        self._latest = {}
        if self._sampled is not None:
            self._sampled.set()  # nobody need wait for a snapshot that does not come

    def _snapshot(self) -> tuple[dict[str, Any], float]:
        """Return the snapshot, and the processor time that it took: the app's own work waits."""
        began = time.thread_time()
        document = self._document()
        return document, time.thread_time() - began

    def _document(self) -> dict[str, Any]:
        try:
            stats = self._served.find_runtime().stats()
        except StatsDisabled:
            return {}
        if time.monotonic() - self._roster_at > _ROSTER_SECONDS:
            self._roster = reader.registered(os.getpid(), stats.runtime)
            self._roster_at = time.monotonic()
        document = self._view.document(stats, self._roster)
        document["control"] = self._served.control
        return document

    async def _submissions(self, request: Request) -> dict[str, Any]:
        """Return what this request may see: recent failures, and what goes on."""
        failures: list[dict[str, Any]] = []
        going_on: list[dict[str, Any]] = []
        for task_id, result in await self._served.newest(request):
            status = result.status()
            if status is TaskStatus.FAILED and len(failures) < _MOST_FAILURES:
                found = described.failure(task_id, result)
                failures += [] if found is None else [found]
            elif not status.final and len(going_on) < _MOST_OPEN:
                going_on.append(described.summary(task_id, result))
        failures.sort(key=lambda each: each["at"] or 0.0, reverse=True)
        return {"failures": failures, "open": going_on}

    # --- the end --------------------------------------------------------------------------------

    def end(self) -> None:
        """Let all streams end soon; any thread, and signal handlers."""
        self._ended.set()

    @contextlib.contextmanager
    def until_signal(self) -> Iterator[None]:
        """Let the streams end when a signal tells the server to, within the block.

        The server would wait for them before it tells the app. Its own handlers are called as
        before, behind this one.
        """
        self._ended.clear()
        self._sampled = self._sampler = None  # of a loop that ran before
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {kind: self._chain(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, (before, ours) in handlers.items():
                if ours is not None and signal.getsignal(kind) is ours:
                    signal.signal(kind, before)

    def _chain(self, kind: signal.Signals) -> tuple[Any, Any]:
        """Put a handler before the one that is set; return that one and the new one."""
        before = signal.getsignal(kind)
        if not callable(before):
            return before, None

        def handler(number: int, frame: Any) -> None:
            self.end()
            before(number, frame)

        signal.signal(kind, handler)
        return before, handler


class _Stream(StreamingResponse):
    """A stream whose client is counted until it is gone."""

    def __init__(self, live: Live, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=_HEADERS)
        self._live = live

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._live.count(1)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.count(-1)
