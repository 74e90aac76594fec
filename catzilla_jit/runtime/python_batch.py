"""The items of a map that runs as Python: taken off one cursor by a few Python calls.

Each call is an ordinary entry of the Python lane. It takes items for some milliseconds and then
queues itself again, so that other tasks come in between. It holds the GIL like any Python
code, so a map of a computing function is not faster than a loop; a map of one that blocks
(I/O, sleep) overlaps its waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .. import deadline
from ..errors import QueueFull, RuntimeClosed
from ..pools import child, record
from ..pools.ended import Ended
from ..pools.interrupt import (
    act_for,
    call_exposed,
    call_here,
    interrupted_here,
    run_here,
    shielded,
    wait_for,
)
from ..pools.protocol import Items, Submitter
from ..pools.watch import notice
from .batch import map_id, map_numbers
from .broadcast import Array

TURN_SECONDS = 0.005  # how long a call takes items before it lets others run

_here = threading.local()  # .inside: the batch whose call runs on this thread; .call: that


def map_of(call: Any) -> PythonBatch | None:
    """Return the map whose items this call of this thread runs, None if it runs none."""
    return _here.inside if getattr(_here, "call", None) is call else None


class PythonBatch:
    """The handle on one map; its workers are calls of `_work`."""

    def __init__(
        self,
        function: Callable[..., Any],
        columns: Sequence[Array],
        length: int,
        collect: bool,
        count: Callable[[Items], None],
        name: str,
    ) -> None:
        self._count = count
        self.name = name
        self.number = next(map_numbers)
        self._owner = run_here()
        self._function = function
        self._columns = columns
        self._length = length
        self._collect = collect
        self._lock = threading.RLock()  # guards everything below
        self._ended = Ended()
        self._cursor = 0
        self._running: set[int] = set()  # items
        self._turns = 0  # that go on, and have items to count before the batch may end
        self._done = 0
        self._stopped = self._cancelled = False
        self._failures: list[tuple[int, BaseException]] = []
        self._queued = time.monotonic()
        self._started: float | None = None
        self._finished: float | None = None
        self._tell_end: Callable[[], object] | None = None
        self._calls: list[Any] = []  # the submissions of _work that may not have ended
        self.values: list[Any] = [None] * length
        self._end_if_idle()

    @shielded
    def start(self, submitter: Submitter, workers: int) -> None:
        """Queue so many calls, or at least one; an exception if there is no room for any."""
        self._submitter = submitter
        for number in range(min(workers, self._length)):
            try:
                self._queue()
            except (QueueFull, RuntimeClosed):
                if number == 0:
                    raise
                return

    def task_id(self) -> str:
        """Return the id of its handle."""
        return map_id(self.name, self.number)

    def _queue(self) -> None:
        call = self._submitter.submit_python(self._work)
        with self._lock:
            self._calls = [call, *(other for other in self._calls if not other.done())]
            watched = self._tell_end is not None
        if watched:
            self._notice_end_of(call)

    def _take(self) -> int | None:
        with self._lock:
            if self._stopped or self._cursor >= self._length:
                return None
            if self._started is None:
                self._started = time.monotonic()
            self._running.add(self._cursor)
            self._cursor += 1
            return self._cursor - 1

    def _give_back(self, index: int, failure: BaseException | None) -> bool:
        """Return whether the item counts: not if the batch was cancelled meanwhile."""
        with self._lock:
            if self._ended.is_set():
                return False
            self._running.remove(index)
            self._done += 1
            if failure is not None:
                self._failures.append((index, failure))
                self._stopped |= not self._collect
            return True

    def _end_if_idle(self) -> None:
        over = self._stopped or self._cursor >= self._length
        if over and not self._running and not self._turns and not self._ended.is_set():
            self._finished = time.monotonic()
            self._failures.sort(key=lambda failure: failure[0])
            self._ended.set()
            if self._tell_end is not None:
                self._tell_end()

    @shielded
    def _work(self) -> None:
        if getattr(_here, "inside", None) is self:
            _here.ran_here = True  # there was no room: the call around this one goes on
            return
        # What this call submits is the work of whoever has the map.
        act_for(self._owner)
        outer = getattr(_here, "inside", None), getattr(_here, "call", None)
        _here.inside, _here.call = self, call_here()
        try:
            while self._take_turn():
                pass
        finally:
            _here.inside, _here.call = outer

    def _take_turn(self) -> bool:
        """Run items for a while; return whether to go on at once."""
        with self._lock:
            if self._ended.is_set():
                return False
            self._turns += 1
        try:
            goes_on = self._run_items()
        finally:
            with self._lock:
                self._turns = max(0, self._turns - 1)
                self._end_if_idle()
        return goes_on and not self._queue_again()

    def _run(self, index: int) -> BaseException | None:
        failure, process = None, child.generation
        try:
            arguments = [column[index] for column in self._columns]
            self.values[index] = call_exposed(self._function, *arguments)
        except BaseException as error:
            if interrupted_here():
                self.cancel()  # who stops one of the calls means the map
            failure = error
        if child.generation != process:
            child.leave(failure)
        return failure

    def _run_items(self) -> bool:
        """Run items until the turn is over, and count them; return whether any may be left."""
        started = now = time.monotonic()
        first, ran, failed = None, 0, 0
        while now < started + TURN_SECONDS and (index := self._take()) is not None:
            first = index if first is None else first
            failure = self._run(index)
            now = time.monotonic()
            if self._give_back(index, failure):
                ran += 1
                failed += failure is not None
        if ran:
            self._count(Items(self.number, self._queued, started, now, first or 0, ran, failed))
        return now >= started + TURN_SECONDS and self._cursor < self._length

    def _queue_again(self) -> bool:
        _here.ran_here = False
        try:
            self._queue()
        except (QueueFull, RuntimeClosed):
            return False
        return not _here.ran_here

    def _notice_lost_calls(self) -> None:
        """End the batch if nobody is left who would.

        Its calls were cancelled in the queue, or could not begin: no stack was left for them.
        """
        with self._lock:  # else one that ends just now may have queued another
            if self._ended.is_set() or not all(call.done() for call in self._calls):
                return
            calls = list(self._calls)
        failures = [call.exception() for call in calls if not call.cancelled()]
        failure = next((each for each in failures if each is not None), None)
        if failure is not None:
            self._fail_rest(failure)
        elif calls:
            self.cancel()

    @shielded
    def _fail_rest(self, failure: BaseException) -> None:
        """End with this failure of the next item, or of all that are left if they are collected."""
        with self._lock:
            if self._ended.is_set() or self._running:
                return
            first = self._cursor
            self._cursor = self._length if self._collect else min(first + 1, self._length)
            self._failures += [(index, failure) for index in range(first, self._cursor)]
            self._done += self._cursor - first
            self._stopped = True
            now = time.monotonic()
            count = self._cursor - first
            self._end_if_idle()
        self._count(Items(self.number, self._queued, now, now, first, count, count))

    def help(self) -> bool:
        # It may be waiting for the very worker that we occupy.
        helped = [call for call in list(self._calls) if call._assist() is True]
        return bool(helped)

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.help() and time.monotonic() < until and not self._ended.is_set():
            pass
        self._notice_lost_calls()
        return wait_for(self._ended, deadline.left(until))

    def watch(self, ended: Callable[[], object]) -> bool:
        with self._lock:
            self._tell_end = ended
            calls = list(self._calls)
            if self._ended.is_set():
                return False
        for call in calls:
            self._notice_end_of(call)
        return True

    def _notice_end_of(self, call: Any) -> None:
        """Notice if the call is lost although nobody waits for the batch."""
        if not notice(call, self._call_ended):
            self._notice_lost_calls()

    def _call_ended(self, _call: Any) -> None:
        self._notice_lost_calls()

    def phase(self) -> int:
        self._notice_lost_calls()
        with self._lock:
            if not self._ended.is_set():
                return record.RUNNING if self._started is not None else record.PENDING
            if self._failures and not self._collect:
                return record.FAILED
            return record.CANCELLED if self._cancelled else record.COMPLETED

    def done_items(self) -> int:
        return self._done

    def handed_out(self) -> int:
        return self._cursor

    @shielded
    def cancel(self) -> bool:
        """End now; items that run are stopped, and count as not handed out."""
        with self._lock:
            if self._ended.is_set():
                return False
            dropped = len(self._running)
            if not self._stopped:
                dropped += self._length - self._cursor
            self._stopped = self._cancelled = True
            self._cursor = min(self._running, default=self._cursor)
            self._running.clear()
            self._turns = 0  # they find it ended, and count what they had run before
            self._end_if_idle()
            calls = list(self._calls)
        self._count(Items(self.number, cancelled=dropped))
        for call in calls:
            call.cancel()
        return True

    def failures(self) -> list[tuple[int, int, int]]:
        return [(index, 1, position) for position, (index, _) in enumerate(self._failures)]

    def settle(self, _status: int, position: int, _index: int) -> BaseException:
        """Return the exception that `failures` counted as `position`."""
        return self._failures[position][1]

    def times(self) -> tuple[float | None, float | None, float | None]:
        return self._queued, self._started, self._finished
