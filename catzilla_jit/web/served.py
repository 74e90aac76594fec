"""What the routes of one app work with: its runtime, the results it holds, who may see them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from fastapi import HTTPException, Request

from ..errors import StatsDisabled
from ..stats.snapshot import TaskStats
from ..stats.thread_usage import ThreadUsage
from ..tasks.runtime import Runtime
from .access import Visible, may_see
from .results import Results

#: Entries that are looked through for what the page shows.
_LOOKED_AT = 2000


class Served:
    """One per app; its functions may be called from any thread, its coroutines in the app's loop.

    find_runtime: returns the runtime, which may be another one later.
    """

    def __init__(
        self,
        find_runtime: Callable[[], Runtime],
        *,
        control: bool,
        visible: Visible | None,
        keep_results: int,
        result_ttl_s: float | None,
        live_clients: int,
    ) -> None:
        self.find_runtime = find_runtime
        self.control = control
        self.visible = visible
        self.live_clients = live_clients
        self.results = Results(lambda: self.find_runtime(), keep_results, result_ttl_s)
        self.usage = ThreadUsage(os.getpid())
        self.flags: dict[str, Any] = {}  # what the app was told, as far as it is so

    def stats(self) -> TaskStats:
        """Return the statistics; HTTPException where the runtime keeps none."""
        try:
            return self.find_runtime().stats()
        except StatsDisabled as error:
            raise HTTPException(404, str(error)) from None

    async def found(self, request: Request, task_id: str) -> Any:
        """Return the submission of this id, if this request may see it; else HTTPException."""
        result = self.results.find(task_id)
        if result is not None and await may_see(self.visible, request, result):
            return result
        why = self.results.reason(task_id) if result is None and self.visible is None else ""
        raise HTTPException(
            404,
            f"no task {task_id!r} in this process ({os.getpid()})"
            + (f": {why}" if why else "")
            + "; each process of a server answers for its own tasks",
        )

    async def newest(self, request: Request, most: int = _LOOKED_AT) -> list[tuple[str, Any]]:
        """Return the newest submissions that this request may see."""
        found: list[tuple[str, Any]] = []
        for task_id, result in self.results.newest():
            if len(found) == most:
                break
            if self.visible is None or await may_see(self.visible, request, result):
                found.append((task_id, result))
        return found
