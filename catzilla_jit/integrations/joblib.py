"""A backend for joblib: `Parallel` runs its batches on a runtime.

    from joblib import Parallel, delayed, parallel_config
    from catzilla_jit.integrations import joblib

    joblib.register()
    with parallel_config(backend="catzilla_jit", n_jobs=4):
        Parallel()(delayed(work)(each) for each in many)

A backend of threads: what releases the GIL gains, as compiled tasks do. A batch is one call
unless `batch_size` says otherwise.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..pools.result_type import on_worker
from ..tasks.default import get_runtime
from .extras import library

if TYPE_CHECKING:
    from ..tasks.runtime import Runtime

parallel = library("joblib.parallel", "joblib")
backends = library("joblib._parallel_backends", "joblib")

NAME = "catzilla_jit"


class RuntimeBackend(backends.ParallelBackendBase):  # type: ignore[misc, name-defined]
    """Submits joblib's batches to a runtime, at most n_jobs at a time.

    runtime: which; by default the default one.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True
    default_n_jobs = -1

    def __init__(self, runtime: Runtime | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._given = runtime
        self._lock = threading.RLock()  # guards what follows
        self._idle = threading.Condition(self._lock)  # no batch runs, and no callback of one
        self._active = 0
        self._waiting: deque[tuple[Callable[[], Any], Callable[[Any], object] | None]] = deque()
        self._running: set[Any] = set()
        self._free = 1  # how many more may run

    @property
    def _runtime(self) -> Runtime:
        return self._given if self._given is not None else get_runtime()

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return how many batches run at a time; -1: as many as the runtime has workers."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        settings = self._runtime.settings
        if n_jobs is None or n_jobs < 0:
            return max(1, settings.workers + 1 + (n_jobs or -1))
        return min(n_jobs, max(settings.python_workers, settings.python_workers_most))

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_: Any) -> int:
        """Get ready for one call of Parallel; one job at a time runs in the calling thread."""
        n_jobs = self.effective_n_jobs(n_jobs)
        # A worker that waited for batches of its own would be missing for them; joblib polls, so
        # it cannot help.
        if n_jobs == 1 or on_worker():
            raise backends.FallbackToBackend(
                backends.SequentialBackend(nesting_level=self.nesting_level)
            )
        self.parallel = parallel
        with self._lock:
            self._free = n_jobs - len(self._running)
        return n_jobs

    def submit(
        self, func: Callable[[], Any], callback: Callable[[Any], object] | None = None
    ) -> None:
        """Queue a batch; joblib calls this."""
        with self._lock:
            self._waiting.append((func, callback))
        self._start_more()

    apply_async = submit  # its name before joblib 1.5

    def _start_more(self) -> None:
        while True:
            with self._lock:
                if self._free <= 0 or not self._waiting:
                    return
                func, callback = self._waiting.popleft()
                result = self._runtime.submit(func)
                self._free -= 1
                self._active += 1
                self._running.add(result)
            result.add_done_callback(functools.partial(self._ended, callback))

    def _ended(self, callback: Callable[[Any], object] | None, result: Any) -> None:
        with self._lock:
            self._free += 1
            self._running.discard(result)
        try:
            self._start_more()
            if callback is not None:
                callback(result)
        finally:
            with self._lock:
                self._active -= 1
                self._idle.notify_all()

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return what a batch returned, or raise its exception; joblib calls this."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Cancel what waits, stop what runs and wait for that; joblib calls this after an error.

        A callback that came later would put its result among those of the next call.
        """
        with self._lock:
            self._waiting.clear()
            running = list(self._running)
        for result in running:
            result.cancel()
        with self._idle:
            self._idle.wait_for(lambda: self._active == 0)
        # joblib keeps the batches that it had looked ahead for, and would begin the next call of
        # the same Parallel with them.
        left = getattr(self.parallel, "_ready_batches", None)
        while left is not None and not left.empty():
            left.get(block=False)


def register(*, default: bool = False) -> None:
    """Make the backend known to joblib as "catzilla_jit"; default: have Parallel use it."""
    parallel.register_parallel_backend(NAME, RuntimeBackend, make_default=default)
