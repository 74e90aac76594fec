"""The seam between a Runtime and the pool that does its work.

Two pools serve it: `native_pool` (the C library and the binding) and `pure_pool` (Python
threads only). Both are used through these protocols; one behaviour test-suite runs on
both.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np

from .ended import Ended
from .payload import Compiled
from .result_ids import Ends, KeptResults, KnownResults
from .retry import RetryPolicy
from .timer import Timer

#: What became of a failed compiled call: settle(status, error address, arguments) returns
#: (True, the exception) or, for a call that was run again as Python, (False, its value).
#: Called once per failed call, with the GIL.
Settle = Callable[[int, int, "tuple[Any, ...]"], "tuple[bool, Any]"]

#: The exception of a failed item of a map: settle_item(status, error address, index). Called once
#: per item, with the GIL.
SettleItem = Callable[[int, int, int], BaseException]


#: What a compiled form takes for constant: (dictionary, name, value), (dictionary, name) for a
#: name that it does not have, (cell or function, attribute, value), and (list, dict or set, "[]",
#: tuple of the objects in it; of a dict key, value, key, ...). A submission whose guards do not
#: hold takes the slow path.
Guards = tuple[tuple[Any, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class PoolSettings:
    """What a pool is made with; see Runtime for the meaning."""

    workers: int
    python_workers: int
    queue_size: int
    when_full: str  # "wait", "raise" or "caller"
    memory_limit: int = 0  # bytes of record memory, 0: none
    python_workers_most: int = 0  # auto-scaling adds up to this number while workers block
    stack_bytes: int = 0  # of a native worker, 0: 8 MiB
    profiling: bool = True  # False: no statistics
    thread_name_prefix: str = ""  # of the Python workers: PREFIX_0, PREFIX_1, ...
    # Called by each Python worker before its first call; False: the pool is not to go on.
    initializer: Callable[[], bool] | None = None
    memory_profiling: bool = False  # count what each task allocates, on jemalloc
    relief: bool = False  # further workers for what waits too long for its level
    keep_results: int = 0  # ended results whose id was read
    result_ttl_s: float | None = None  # how long those, None: any time

    def known_results(self, ends: Ends, timer: Timer) -> KnownResults:
        """Return where the results of a pool are found by their ids."""
        if self.keep_results:
            return KeptResults(self.keep_results, self.result_ttl_s, ends, timer)
        return KnownResults()


class LeftToPython(Protocol):
    """The items of a compiled map that compiled code has no answer to (runtime/left_items.py)."""

    begun: Ended

    def begin(
        self,
        handle: Any,
        queue: Callable[[Callable[[], None]], Any],
        count: Callable[[int], object],
    ) -> None:
        """Have a Python worker compute them, by `queue`; `count` is told how many got a value."""


@dataclasses.dataclass(frozen=True, slots=True)
class BatchCall:
    """One map over a compiled task, laid out.

    Element i of each array lies `i // inner * outer + i % inner * inner` strides from its
    base; `spans` holds (array, outer stride, inner stride) in bytes, the output first.
    """

    name: str
    task: Compiled
    chunk: int  # address of the chunk function
    spans: tuple[tuple[np.ndarray[Any, Any], int, int], ...]
    inner: int
    length: int
    chunk_size: int  # items, 0: adapt
    level: int
    collect: bool
    arena: bool = False  # what its chunks allocate lies in the arena of this name
    left: LeftToPython | None = None  # has Python compute items with the status LEFT: no failures


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """Items of a map of a Python task that one call has run, or that will not run.

    map: a number for the map. Times on time.monotonic's clock, in seconds.
    """

    map: int
    queued: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    first: int = 0
    count: int = 0
    failed: int = 0
    cancelled: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Waiting:
    """The names of what is in no queue yet, one per task, and how many of `delayed` retry."""

    delayed: Sequence[str]
    retrying: int
    promised: Sequence[str]  # they wait for others


class Watching(Protocol):
    """What others ask of a pool's dispatcher (watch.py)."""

    def watch(self, result: Any, callback: Any, *, may_block: bool = False) -> None: ...
    def notice(self, result: Any, callback: Any) -> bool: ...
    def unwatch(self, result: Any, callback: Any) -> None: ...


class BatchHandle(Protocol):
    """A running batch. Dropping the last reference to it is safe at any time."""

    def wait(self, seconds: float) -> bool:
        """Wait at most so long, return whether it has ended."""

    def phase(self) -> int: ...
    def done_items(self) -> int: ...
    def handed_out(self) -> int: ...
    def cancel(self) -> bool: ...
    def failures(self) -> list[tuple[int, int, int]]:
        """Return (index, status, error address) in order of index; after the end."""

    def watch(self, ended: Callable[[], object]) -> bool:
        """Call ended() once it has ended, from any thread; False, and no call, if it has.

        One call. ended() takes no lock and does not wait. The handle must live until then.
        """

    def help(self) -> bool:
        """On a Python worker: run what is queued of it, return whether there was anything."""

    def times(self) -> tuple[float | None, float | None, float | None]:
        """Return when it was queued, started and finished, on time.monotonic's clock."""


class Submitter(Protocol):
    """Queues calls of one task at one level."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Submit a compiled or a Python call, whichever it is for; `__signature__` says what it
        takes.
        """

    def submit(self, /, *args: Any, **kwargs: Any) -> Any:
        """Queue a compiled call; what does not fit exactly goes to the slow path."""

    def submit_python(self, /, *args: Any, **kwargs: Any) -> Any:
        """Queue a Python call."""

    def submit_each(self, columns: tuple[list[Any], ...], into: list[Any], /) -> Any:
        """Queue a compiled call per row of the lists, which are of one length; append the results.

        NotImplemented, and nothing is queued, if some row does not fit exactly. After an exception
        `into` has what was queued.
        """

    def submit_each_python(self, columns: tuple[list[Any], ...], into: list[Any], /) -> Any:
        """Queue a Python call per row likewise."""

    def withdraw(self, result: Any, /) -> None:
        """Let go of a call that was prepared and will not be started."""

    def call(self, /, *args: Any) -> Any:
        """Run the compiled function here; NotImplemented if the arguments do not fit."""

    def prepare(self, /, *args: Any) -> Any:
        """Return a compiled call that is not queued yet; NotImplemented if it does not fit."""

    def prepare_python(self, /, *args: Any, **kwargs: Any) -> Any:
        """Return a Python call that is not queued yet."""

    def start(
        self,
        result: Any,
        delay_ns: int,
        govern: Callable[[Any], object] | None = ...,
        forgo: Callable[[Any], object] | None = ...,
        /,
    ) -> None:
        """Queue a prepared call after `govern(result)`, after a delay.

        After an exception nothing will come of it, and `forgo(result)` was called.
        """

    def at_level(self, level: int, slow: Callable[..., Any]) -> Submitter:
        """Return a submitter of the same task at another level, with this slow path."""


class Backend(Protocol):
    """A pool with both lanes."""

    known: KnownResults

    @property
    def dispatcher(self) -> Watching: ...
    @property
    def timer(self) -> Timer: ...

    def compiled(
        self,
        task: Compiled,
        settle: Settle,
        *,
        rerun: Rerun | None,
        guards: Guards,
        arena: bool = False,
        strict: bool = False,
    ) -> Submitter:
        """Return what queues calls of a compiled task.

        rerun: what runs on a Python worker instead of a run that ends with its status.
        arena: records and what the runs allocate lie in an arena of the task's name, if
        this process has arenas.
        strict: numbers are taken of the classes alone that Python would compute as the code does
        (`payload.argument_class`), and are given back as these to what runs them again.
        """

    def python(
        self, name: str, function: Callable[..., Any], *, arena: bool = False
    ) -> Submitter: ...
    def carrier(self, name: str) -> Submitter:
        """Return what queues calls that run items of maps of a Python task of this name.

        Such a call is a function without arguments. It is no task of its own to the
        statistics: what it has run it tells to `count_items`.
        """

    def count_items(self, name: str, level: int, items: Items) -> None:
        """Count items of a map that the calling thread has run; after `carrier(name)`."""

    def note_compilation(
        self, name: str, began_ns: int, ended_ns: int, refused: bool, from_cache: bool
    ) -> None:
        """Note for whoever traces the pool that something was compiled, or was not."""

    def left_by_stopped(self) -> int | None:
        """Return the bytes that stopped runs left allocated; None: nobody counts."""

    def spare_arrays(self) -> int:
        """Return the bytes that the process keeps for the next large arrays of compiled tasks."""

    def arenas(self) -> dict[str, int | None]:
        """Return the arenas of the tasks that asked, as memory.arena_stats takes them.

        None: there is none. Under "" the one of all other records.
        """

    def batch(self, call: BatchCall) -> BatchHandle: ...
    def govern(self, result: Any, limit_ns: int, policy: RetryPolicy | None) -> None:
        """Before its start: give a prepared call a time limit (0: none) and retries."""

    def forgo(self, result: Any) -> None:
        """Undo `govern`: the start failed."""

    def promise(self, name: str, keeper: Any) -> Any:
        """Return a result that `fulfil` ends; the pool does not end before.

        It holds its promise.Keeper, and `_assist()` returns that, until it has ended.
        """

    def privileged(self) -> AbstractContextManager[None]:
        """Let this thread submit although the pool is closed: a promise is being kept."""

    def fulfil(self, promise: Any, failed: bool, value: Any) -> None:
        """End a promise with a value or an exception."""

    def grow(self, workers: int) -> None:
        """Have so many Python workers now, as far as the settings allow from the start."""

    def python_threads(self) -> list[threading.Thread]:
        """Return the Python workers that were started and may not have ended."""

    def depths(self) -> tuple[int, int, int, int]:
        """Return the entries queued per level, both lanes."""

    def stats_segment(self) -> memoryview | None:
        """Return the statistics as stats/segment.py reads them; None where there are none."""

    def open_loops(self, threads: int) -> dict[str, int] | None:
        """Have native workers help in open loops from now on; None where there are none.

        threads: how many take part in a loop unless told otherwise. Returns the addresses of the
        library's functions for such loops, by their names.
        """

    def close(self) -> None:
        """Refuse further submissions; what is queued still runs."""

    def cancel_pending(self) -> int: ...
    def cancel_running(self) -> None:
        """Stop what runs, as far as that can be done at this moment; call it until `join` succeeds.

        After close and cancel_pending.
        """

    def waiting(self) -> Waiting: ...
    def join(self, timeout: float | None) -> bool:
        """After close: wait until everything has run; False: not within `timeout` seconds."""


class Rerun(NamedTuple):
    """What to call, with the same arguments, when a run ends with this status."""

    function: Callable[..., Any]
    status: int
