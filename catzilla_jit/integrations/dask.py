"""Maps over the workers of a Dask cluster.

    from catzilla_jit.integrations import dask

    values = dask.map(price, client, spots, strikes)

One Dask task is a chunk of about `seconds_per_chunk` that runs in the worker's own pool, compiled
there or loaded from the cache. How long a chunk may be is asked of one worker first, by a probe
that has compiled before it measures. Chunks of a worker that is lost run again elsewhere, which is
Dask's doing. What runs there is in dask_worker.py.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..display import progress as bars
from ..errors import TaskCancelled, shown
from ..stats.snapshot import TaskStats
from ..tasks.map_arguments import Columns
from . import dask_worker
from .extras import library

if TYPE_CHECKING:
    from ..tasks.task import Task

distributed = library("distributed", "dask")

#: Bytes of one argument that a chunk may have.
MOST_BYTES = 8 * 2**20
#: Chunks that are under way per thread of the cluster.
AHEAD = 3
_SAMPLE = 4096  # elements that the probe may run
_TICK_SECONDS = 0.1

WarmUp = dask_worker.WarmUp


def map(
    task: Task[..., Any],
    client: Any,
    /,
    *arrays: Any,
    seconds_per_chunk: float = 0.2,
    errors: str = "raise",
    progress: bool = False,
    timeout: float | None = None,
    **named: Any,
) -> Any:
    """Run a task over arrays on a cluster and wait; return the array, as `task.map` does.

    client: a distributed.Client. Scalars, broadcasting and `errors` as for `task.map`. timeout:
    seconds; then what is left is cancelled and the builtin TimeoutError raised. If an argument is
    an array of dask.array, so is what is returned, at once: nothing is copied or run before it is
    computed.
    """
    if any(_is_lazy(value) for value in (*arrays, *named.values())):
        return _over_blocks(task, arrays, named, errors)
    running = submit_map(
        task, client, *arrays, seconds_per_chunk=seconds_per_chunk, errors=errors,
        progress=progress, **named,
    )  # fmt: skip
    try:
        return running.wait(timeout)
    except BaseException:
        running.cancel()
        raise


def submit_map(
    task: Task[..., Any],
    client: Any,
    /,
    *arrays: Any,
    seconds_per_chunk: float = 0.2,
    errors: str = "raise",
    progress: bool = False,
    **named: Any,
) -> ClusterMap:
    """Begin the same and return a handle on it; progress: its `wait` draws a bar."""
    if errors not in ("raise", "collect"):
        raise ValueError(
            f"task {task.name}: errors must be 'raise' or 'collect', not {shown(errors)}"
        )
    if not isinstance(seconds_per_chunk, (int, float)) or not seconds_per_chunk > 0:
        raise ValueError(
            f"task {task.name}: seconds_per_chunk must be positive, not {shown(seconds_per_chunk)}"
        )
    if not isinstance(client, distributed.Client) or client.asynchronous:
        raise TypeError(
            f"task {task.name}: expected a distributed.Client that is not asynchronous, "
            f"not {shown(client)}"
        )
    jit_function = task._jit_function
    if jit_function.containers:
        raise NotImplementedError(
            f"task {task.name}: a parameter takes a whole array or list per call, which maps over "
            "a cluster do not; submit chunks: client.submit(task.map, ...)"
        )
    columns = Columns.of(jit_function.bound(arrays, named), {})
    if columns.keywords:
        raise NotImplementedError(f"task {task.name}: keyword-only parameters, on a cluster")
    return ClusterMap(task, client, columns.values, seconds_per_chunk, errors, progress)


def stats(client: Any) -> TaskStats:
    """Return what the runtimes of all workers have done, as one (TaskStats.merged)."""
    found = client.run(dask_worker.own_stats)
    # Workers of one process share its runtime.
    places = {
        (address.rpartition(":")[0], each.pid, each.runtime): each
        for address, each in found.items()
    }
    return TaskStats.merged(*places.values())


class ClusterMap:
    """The handle on one map over a cluster."""

    def __init__(
        self,
        task: Task[..., Any],
        client: Any,
        values: list[Any],
        seconds_per_chunk: float,
        errors: str,
        progress: bool,
    ) -> None:
        self._task = task
        self._client = client
        self._seconds = seconds_per_chunk
        self._collect = errors == "collect"
        self._bar = progress
        self._values = [_column(value) for value in values]
        self._shape = np.broadcast_shapes(*(np.shape(value) for value in self._values))
        self._length = math.prod(self._shape)
        self._threads = sum(client.nthreads().values()) or 1
        self._under_way: set[Any] = set()
        self._lock = threading.Lock()  # guards the set and the next
        self._cancelled = False
        self._done_items = 0
        self._errors: dict[int, BaseException] = {}
        self._failure: BaseException | None = None
        self._out: Any = None
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="cz-dask-map", daemon=True).start()

    def __repr__(self) -> str:
        state = "done" if self.done() else f"{self.progress:.0%}"
        return f"<ClusterMap of {self._task.name}, {self._length:,} elements, {state}>"

    def done(self) -> bool:
        """Return whether it has ended, in any way."""
        return self._ended.is_set()

    @property
    def progress(self) -> float:
        """The part of the elements that have run, 0.0 to 1.0."""
        return self._done_items / self._length if self._length else 1.0

    @property
    def errors(self) -> Mapping[int, BaseException]:
        """The exceptions by flat index of the element; empty until it has ended."""
        return dict(sorted(self._errors.items())) if self.done() else {}

    def wait(self, timeout: float | None = None) -> Any:
        """Wait (seconds) and return the array, or raise the error of its first element.

        Raises the builtin TimeoutError when the time is over; the map goes on.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._drawn() as tick:
            while not self._ended.wait(_TICK_SECONDS):
                tick()
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError(
                        f"task {self._task.name}: the map has not ended within {timeout} seconds"
                    )
        if self._failure is not None:
            raise self._failure
        return self._out

    def cancel(self) -> bool:
        """Stop it, in the workers too; False if it has ended."""
        with self._lock:
            if self.done():
                return False
            self._cancelled = True
            under_way = list(self._under_way)
        if under_way:
            self._client.cancel(under_way, force=True)
        return True

    @contextlib.contextmanager
    def _drawn(self) -> Iterator[Any]:
        if not self._bar:
            yield lambda: None
            return
        with bars.bar(self._task.name, self._length, lambda: self._done_items) as tick:
            yield tick

    # --- on its own thread --------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self._length:
                self._run_chunks()
            else:
                self._out = self._task.map(*self._values)
            self._out = self._out.reshape(self._shape)
        except (distributed.CancelledError, TaskCancelled):
            self._failure = TaskCancelled(f"task {self._task.name}: the map was cancelled")
        except BaseException as error:
            self._failure = error
        finally:
            self._ended.set()

    def _seconds_per_element(self) -> float:
        """Ask a worker how long an element takes."""
        future = self._submit(dask_worker.probe, self._part(0, min(self._length, _SAMPLE)))
        seconds = float(future.result())
        self._forget(future)
        return seconds

    def _chunk_length(self, per_element: float, left: int) -> int:
        widest = max((value.itemsize for value in self._values if np.ndim(value)), default=8)
        most = min(math.ceil(self._length / self._threads), MOST_BYTES // widest)
        wanted = min(most, round(self._seconds / max(per_element, 1e-12)))
        # Towards the end shorter, so that all workers end together.
        return max(1, min(wanted, max(left // (2 * self._threads), wanted // 4)))

    def _run_chunks(self) -> None:
        per_element = self._seconds_per_element()
        running = distributed.as_completed(loop=self._client.loop)
        first = 0
        for _ in range(AHEAD * self._threads):
            first = self._add_chunk(running, first, per_element)
        for future in running:
            chunk = future.result()
            self._take(chunk)
            self._forget(future)
            # The probe may have met a busy moment; what the chunks took is nearer the truth.
            per_element = min(per_element, chunk.seconds / len(chunk.values))
            first = self._add_chunk(running, first, per_element)

    def _add_chunk(self, running: Any, first: int, per_element: float) -> int:
        """Submit the next chunk, if there is one left; return where the one behind it begins."""
        if first >= self._length:
            return first
        length = self._chunk_length(per_element, self._length - first)
        running.add(self._submit_chunk(first, length))
        return min(first + length, self._length)

    def _submit_chunk(self, first: int, length: int) -> Any:
        values = self._part(first, min(first + length, self._length))
        return self._submit(dask_worker.run_chunk, values, first, self._collect)

    def _submit(self, function: Any, *arguments: Any) -> Any:
        with self._lock:
            if self._cancelled:
                raise TaskCancelled(self._task.name)
            future = self._client.submit(function, self._task, *arguments, pure=False, retries=0)
            self._under_way.add(future)
        return future

    def _forget(self, future: Any) -> None:
        with self._lock:
            self._under_way.discard(future)

    def _part(self, first: int, end: int) -> list[Any]:
        """Return the arguments of these elements; scalars as they are."""
        return [
            np.broadcast_to(value, self._shape).reshape(-1)[first:end]
            if isinstance(value, np.ndarray) and value.shape != self._shape
            else value.reshape(-1)[first:end]
            if isinstance(value, np.ndarray)
            else value
            for value in self._values
        ]

    def _take(self, chunk: dask_worker.Chunk) -> None:
        self._errors.update(chunk.errors)
        if chunk.errors and not self._collect:
            self.cancel()
            raise chunk.errors[min(chunk.errors)]
        if self._out is None:
            self._out = np.empty(self._length, chunk.values.dtype)
        self._out[chunk.first : chunk.first + len(chunk.values)] = chunk.values
        self._done_items += len(chunk.values)


def _column(value: Any) -> Any:
    """Return an argument as an array, or as the scalar that it is."""
    array = np.asarray(value) if isinstance(value, (list, tuple, range)) else value
    if isinstance(array, np.ndarray):
        return array if array.ndim else array[()]
    return array


def _is_lazy(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "dask" and hasattr(value, "map_blocks")


def _over_blocks(
    task: Task[..., Any], arrays: tuple[Any, ...], named: dict[str, Any], errors: str
) -> Any:
    if named:
        raise TypeError(f"task {task.name}: arrays of dask.array are passed by position")
    array = library("dask.array", "dask")
    dtype = dask_worker.result_type(task)
    return array.map_blocks(dask_worker.Blocks(task, errors), *arrays, dtype=dtype)
