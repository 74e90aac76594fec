"""The pool of the C library: native workers for compiled tasks, Python threads for the rest.

Its length is that of the protocol: `protocol.Backend`, one method after the other.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .. import deadline
from ..errors import RuntimeClosed
from ..stats import allocator as memory
from ..stats import segment
from . import arrivals, early
from .dispatcher import Dispatcher
from .interrupt import check_interrupt, join_thread, shielded, wait_until
from .native import library
from .native.batch import NativeBatch, _Working
from .payload import Compiled, SlotLike, argument_class, numpy_scalar
from .protocol import BatchCall, Guards, Items, PoolSettings, Rerun, Settle, Submitter, Waiting
from .rerun import Reruns, no_slow_path
from .retry import RetryPolicy
from .timer import Timer

# A wait inside the library is cut into slices, so that signals are seen between them.
SLICE_SECONDS = 0.05
FULL_POLICIES = ("wait", "raise", "caller")
# Room for a Python call in its result object is made by the binding.
PYTHON_PAYLOAD = 32
LEVELS = 4


_log = logging.getLogger("catzilla_jit")


class NativePool:
    """One cz_pool with its bridge."""

    def __init__(self, settings: PoolSettings) -> None:
        self._native = library.load()
        self._settings = settings
        self._threads_lock = threading.RLock()  # a finalizer may submit at any allocation
        self._threads: list[threading.Thread] = []
        self._numbers = itertools.count()
        self._working: set[_Working] = set()
        self._promises: dict[str, Submitter] = {}
        self._stand_ins: dict[str, Submitter] = {}
        self._carriers: dict[str, int] = {}  # address of the type
        self._names: dict[int, str] = {}  # by address of the kind
        self._promised: set[Any] = set()  # that are not fulfilled
        self._stops = False  # what runs is to be stopped
        self._pool = self._create()
        lib = self._native.lib
        # By name: the cz_arena, and its number. "" is the pool's own.
        self._arenas: dict[str, tuple[int, int] | None] = {}
        number = lib.cz_arena_number(self._pool, None)
        self._arenas[""] = None if number == library.NO_ARENA else (0, number)
        self._lanes = (lib.cz_pool_lane(self._pool, 0), lib.cz_pool_lane(self._pool, 1))
        self._bridge = self._native.binding.Bridge(
            pool=self._pool,
            native=self._lanes[library.LANE_NATIVE],
            python=self._lanes[library.LANE_PYTHON],
            cache=lib.cz_cache_create(self._pool),
            owner=self,
            full_policy=FULL_POLICIES.index(settings.when_full),
            guests_least=settings.python_workers,
            guests_most=max(settings.python_workers, settings.python_workers_most),
            limited=settings.memory_limit > 0,
            relief=settings.relief,
        )
        self.dispatcher = Dispatcher(self._bridge, self._begin_left)
        self.timer = Timer()
        self.known = settings.known_results(self.dispatcher, self.timer)
        early.start(
            self.dispatcher.start, self.dispatcher.start_callbacks, self.timer.start,
            functools.partial(self.grow, 1),
        )  # fmt: skip

    def _create(self) -> int:
        settings = self._settings
        options = library.PoolOptions(
            size=ctypes.sizeof(library.PoolOptions),
            workers=settings.workers,
            guests=max(settings.python_workers, settings.python_workers_most),
            queue_size=settings.queue_size,
            memory_limit=settings.memory_limit,
            stack_bytes=settings.stack_bytes,
            without_stats=not settings.profiling,
            count_memory=settings.memory_profiling,
            relief=settings.relief,
        )
        pool = ctypes.c_void_p()
        code = self._native.lib.cz_pool_create(ctypes.byref(options), ctypes.byref(pool))
        self._native.check(code, f"cannot start a runtime with {settings.workers} workers")
        assert pool.value is not None
        return pool.value

    def spawn_worker(self, level: int) -> threading.Thread:
        """Add a Python worker, or a level's relief worker; called by the binding."""
        if self._settings.relief:
            self.dispatcher.start()
        if self._settings.python_workers_most > self._settings.python_workers:
            # Workers that turn out to block get company through the dispatcher.
            self.dispatcher.start()
            self._native.lib.cz_lane_scale(self._lanes[library.LANE_PYTHON], 1)
        number, prefix = next(self._numbers), self._settings.thread_name_prefix
        name = f"{prefix}_{number}" if prefix else f"cz-python-{number}"
        if level < LEVELS:
            name = f"{prefix}_relief_{level}" if prefix else f"cz-relief-{level}"
        thread = threading.Thread(target=self._serve, args=(level,), name=name, daemon=True)
        with self._threads_lock:
            thread.start()
            self._threads.append(thread)
        return thread

    def _serve(self, level: int) -> None:
        begin = self._settings.initializer
        if begin is not None and not begin():
            self.close()
            self.cancel_pending()
        self._bridge.serve(level)

    def grow(self, workers: int) -> None:
        self._bridge.grow(workers)

    def python_threads(self) -> list[threading.Thread]:
        return list(self._threads)

    def start_dispatcher(self) -> None:
        """Have the dispatcher's thread; called by the binding."""
        self.dispatcher.start()

    @shielded
    def _living_threads(self) -> list[threading.Thread]:
        """Return the Python workers, without the calling thread."""
        with self._threads_lock:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            return [thread for thread in self._threads if thread is not threading.current_thread()]

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
        kind, payload_size = self._bridge.new_kind(
            task.name,
            settle,
            rerun is not None,
            None,
            task.entry,
            task.payload_size,
            _slot(task.result, numpy_scalar(task.result)),
            tuple(_slot(slot, argument_class(slot) if strict else None) for slot in task.arguments),
            guards,
        )
        if rerun or any(slot.code == "O" for slot in (task.result, *task.arguments)):
            # It runs calls again, and releases results that nobody waits for.
            self.dispatcher.start()
        type_ = self._type(kind, task.name, task.entry, payload_size, arena=arena)
        if type_ and task.interruptible:
            self._native.lib.cz_type_set_interruptible(type_)
        if type_ and rerun:
            self._native.lib.cz_type_set_rerun(type_, rerun.status)
            stand_in = self._standing_in(task.name, rerun.function)
            self._bridge.set_rerun(kind, Reruns(self, self._bridge, stand_in).begin)
        return self._bridge.submitter(kind, type_)  # type: ignore[no-any-return]

    def python(self, name: str, function: Callable[..., Any], *, arena: bool = False) -> Submitter:
        kind, _ = self._bridge.new_kind(name, None, False, function, 0, 0, None, (), ())
        type_ = self._type(kind, name, None, PYTHON_PAYLOAD, arena=arena)
        return self._bridge.submitter(kind, type_)  # type: ignore[no-any-return]

    def carrier(self, name: str) -> Submitter:
        kind, _ = self._bridge.new_kind(name, None, False, _call, 0, 0, None, (), ())
        type_ = self._type(kind, name, None, PYTHON_PAYLOAD)
        if type_:
            self._native.lib.cz_type_set_carrier(type_)
            self._carriers[name] = type_
        return self._bridge.submitter(kind, type_)  # type: ignore[no-any-return]

    def count_items(self, name: str, level: int, items: Items) -> None:
        queued, started, ended = (
            round(seconds * 1e9) for seconds in (items.queued, items.started, items.ended)
        )
        ran = library.ItemsRan(
            queued, started, ended, items.map, items.first, items.count, items.failed,
            items.cancelled, level,
        )  # fmt: skip
        if name in self._carriers:
            self._native.lib.cz_type_ran(self._carriers[name], ctypes.byref(ran))

    def note_compilation(
        self, name: str, began_ns: int, ended_ns: int, refused: bool, from_cache: bool
    ) -> None:
        self._native.lib.cz_pool_compiled(
            self._pool, name.encode(errors="replace"), began_ns, ended_ns, refused, from_cache
        )

    def _arena(self, name: str) -> int | None:
        """Return the arena of this name, None where there can be none."""
        if name not in self._arenas:
            lib = self._native.lib
            arena: int | None = lib.cz_pool_arena(self._pool, name.encode())
            if arena is None:
                memory.miss_arena(name)
            found = None if arena is None else (arena, lib.cz_arena_number(self._pool, arena))
            self._arenas[name] = found
        entry = self._arenas[name]
        return None if entry is None else entry[0]

    def left_by_stopped(self) -> int | None:
        left = int(self._native.lib.cz_pool_left(self._pool))
        return None if left == 2**64 - 1 else left

    def spare_arrays(self) -> int:
        return int(self._native.lib.cz_array_spare())

    def arenas(self) -> dict[str, int | None]:
        return {name: entry and entry[1] for name, entry in list(self._arenas.items())}

    def _account(self, name: str, lane: int) -> int:
        """Return where statistics count the calls of this name."""
        account: int = self._native.lib.cz_pool_account(self._pool, lane, name.encode())
        return account

    def _type(
        self, kind: int, name: str, entry: int | None, payload_size: int, *, arena: bool = False
    ) -> int:
        """Return the address of a new type, 0 when out of memory."""
        type_: int = self._native.lib.cz_type_create(self._pool, entry, payload_size, kind) or 0
        self._names[kind] = name
        if type_:
            lane = library.LANE_PYTHON if entry is None else library.LANE_NATIVE
            self._native.lib.cz_type_account(type_, self._account(name, lane))
            if arena:
                self._native.lib.cz_type_arena(type_, self._arena(name))
        return type_

    def govern(self, result: Any, limit_ns: int, policy: RetryPolicy | None) -> None:
        """Before its start: give a prepared call a time limit (0: none) and retries."""
        self.dispatcher.govern(result, limit_ns, policy)

    def forgo(self, result: Any) -> None:
        """Undo `govern`: the start failed."""
        self.dispatcher.forget(result)

    def promise(self, name: str, keeper: Any) -> Any:
        """Return a result that `fulfil` ends; the pool does not end before."""
        if not self._bridge.promise():
            raise RuntimeClosed(f"task {name}: the runtime has been shut down")
        if name not in self._promises:
            self._promises[name] = self._for_promises(name)
        promise = self._promises[name].prepare_python(keeper)
        self._promised.add(promise)
        return promise

    def _for_promises(self, name: str) -> Submitter:
        kind, _ = self._bridge.new_kind(name, None, False, None, 0, 0, None, (), ())
        self._bridge.set_assist(kind, arrivals.assist)
        type_ = self._native.lib.cz_type_create(self._pool, None, PYTHON_PAYLOAD, kind) or 0
        self._names[kind] = name
        if type_:
            self._native.lib.cz_type_account(type_, library.UNCOUNTED)
        return self._bridge.submitter(kind, type_)  # type: ignore[no-any-return]

    def _standing_in(self, name: str, function: Callable[..., Any]) -> Submitter:
        """Return what queues Python calls for compiled ones of this name, which are counted."""
        kind, _ = self._bridge.new_kind(name, None, False, function, 0, 0, None, (), ())
        type_ = self._native.lib.cz_type_create(self._pool, None, PYTHON_PAYLOAD, kind) or 0
        self._names[kind] = name
        if type_:
            self._native.lib.cz_type_account(type_, self._account(name, library.LANE_NATIVE))
            self._native.lib.cz_type_set_carrier(type_)
        return self._bridge.submitter(kind, type_)  # type: ignore[no-any-return]

    def fulfil(self, promise: Any, failed: bool, value: Any) -> None:
        """End a promise, unless it was cancelled, and let go of the pool."""
        self._bridge.fulfil(promise, failed, value)
        self._promised.discard(promise)
        self._bridge.keep_promise()

    @contextlib.contextmanager
    def privileged(self) -> Iterator[None]:
        """Let this thread submit although the pool is closed: a promise is being kept."""
        self._bridge.set_privileged(True)
        try:
            yield
        finally:
            self._bridge.set_privileged(False)

    def batch(self, call: BatchCall) -> NativeBatch:
        for working in tuple(self._working):
            if working.released():
                self._working.discard(working)
        working = _Working(self._native, call)
        account = self._account(call.name, library.LANE_NATIVE)
        chunk = call.chunk
        arena = self._arena(call.name) if call.arena else None
        # First this: workers may write to the arrays before the call below has returned.
        self._working.add(working)
        try:
            self._submit_batch(working, call, chunk, account, arena)
        finally:
            if not working.handle:
                self._working.discard(working)
        return NativeBatch(working, self._working, self._bridge)

    def _begin_left(self) -> None:
        """Have Python compute what compiled maps that have ended left to it; on the dispatcher."""
        for working in tuple(self._working):
            if working.left_waits():
                try:
                    self._begin_items(working)
                except BaseException:
                    _log.exception("task %s: items of a map are left", working.call.name)

    def _begin_items(self, working: _Working) -> None:
        call, lib = working.call, self._native.lib
        assert call.left is not None
        try:
            call.left.begin(
                working,
                functools.partial(self._stand_in, call.name, call.level),
                lambda n: lib.cz_batch_count(working.handle, segment.RERUN, n),
            )
        finally:
            # The library's, for the items: from here on the call keeps the pool.
            lib.cz_lane_promise_kept(self._lanes[library.LANE_NATIVE])

    def _stand_in(self, name: str, level: int, work: Callable[[], None]) -> Any:
        """Queue a Python call for items of a compiled map, which are counted."""
        if name not in self._stand_ins:
            self._stand_ins[name] = self._standing_in(name, _call)
        submitter = self._stand_ins[name].at_level(level, no_slow_path)
        call = submitter.prepare_python(work)
        with self.privileged():  # it is part of what came before a close
            self._bridge.promise()
            try:
                submitter.start(call, 0)
            finally:
                self._bridge.keep_promise()
        self.stop_late(call)
        return call

    def _submit_batch(
        self, working: _Working, call: BatchCall, chunk: int, account: int, arena: int | None
    ) -> None:
        while True:
            code = self._native.lib.cz_batch_submit(
                self._lanes[library.LANE_NATIVE],
                chunk,
                working.spans,
                len(call.spans),
                call.inner,
                call.length,
                call.chunk_size,
                call.level,
                call.collect | 2 * call.task.interruptible | 4 * (call.left is not None),
                account,
                arena,
                ctypes.byref(working.handle),
            )
            if code != library.EFULL or self._settings.when_full == "raise":
                break
            self._native.lib.cz_lane_wait_space(
                self._lanes[library.LANE_NATIVE], call.level, int(SLICE_SECONDS * 1e9)
            )
            check_interrupt()
        self._native.check(code, f"task {call.name}")
        working.owner = self._native.binding.own_batch(working.handle.value)

    def depths(self) -> tuple[int, int, int, int]:
        depth = self._native.lib.cz_lane_depth
        critical, high, normal, low = (
            sum(depth(lane, level) for lane in self._lanes) for level in range(4)
        )
        return critical, high, normal, low

    def memory(self) -> tuple[int, int]:
        """Return the bytes of record memory held, and the blocks of it in use or cached."""
        held, blocks = ctypes.c_uint64(), ctypes.c_uint64()
        self._native.lib.cz_pool_memory(self._pool, ctypes.byref(held), ctypes.byref(blocks))
        return held.value, blocks.value

    def stats_segment(self) -> memoryview | None:
        """Return the statistics (native/src/stats.h), up to date; None where there are none."""
        address, size = ctypes.c_void_p(), ctypes.c_uint64()
        out = (ctypes.byref(address), ctypes.byref(size))
        if not self._native.lib.cz_pool_stats(self._pool, *out):
            return None
        # The pool goes with the bridge: the view keeps it.
        memory = (ctypes.c_char * size.value).from_address(address.value or 0)
        memory.owner = self._bridge  # type: ignore[attr-defined]
        return memoryview(memory).cast("B").toreadonly()

    def open_loops(self, threads: int) -> dict[str, int]:
        lib = self._native.lib
        asked = self._native.binding.was_interrupted()
        lib.cz_open_loops_home(self._pool, threads, asked)
        found = {name: ctypes.cast(lib[name], ctypes.c_void_p) for name in library.OPEN_LOOPS}
        return {name: address.value or 0 for name, address in found.items()}

    def close(self) -> None:
        self._native.lib.cz_pool_close(self._pool)

    def cancel_pending(self) -> int:
        self.dispatcher.give_up()
        # What is delayed first: it could be queued in the meantime.
        cancelled = int(self._native.lib.cz_pool_cancel_pending(self._pool))
        return cancelled + int(self._bridge.cancel_python())

    def cancel_running(self) -> None:
        self._stops = True
        self._bridge.cancel_python()
        for call in self._bridge.running():
            call.cancel()
        self._native.lib.cz_pool_stop_running(self._pool)

    def stop_late(self, call: Any) -> None:
        """Cancel a call that goes on with something that was running, if all of that is stopped.

        After its start: it was on its way to Python, so `cancel_running` found it nowhere.
        """
        if self._stops:
            call.cancel()

    def waiting(self) -> Waiting:
        retrying = ctypes.c_uint64()
        room = 1000  # of whose names are told
        owners = (ctypes.c_void_p * room)()
        count = self._native.lib.cz_pool_delayed(self._pool, owners, room, ctypes.byref(retrying))
        names = [self._names.get(owner or 0, "others") for owner in owners[: min(count, room)]]
        names += ["others"] * (count - len(names))
        promised = [promise.task_name for promise in tuple(self._promised)]
        return Waiting(names, retrying.value, promised)

    def join(self, timeout: float | None) -> bool:
        until = deadline.after(timeout)
        if not self._join_threads(until) or not wait_until(self._join_pool, until):
            return False
        # The last native runs may have come back as Python calls.
        if not self._join_threads(until):
            return False
        if not self.dispatcher.drain(deadline.left(until)):
            return False
        self._end()
        return True

    def _join_threads(self, until: float | None) -> bool:
        # A thread that is being added while we look may be missed: look again.
        while threads := self._living_threads():
            for thread in threads:
                if not join_thread(thread, until):
                    return False
        return True

    def _join_pool(self, seconds: float) -> bool:
        return bool(self._native.lib.cz_pool_join(self._pool, int(seconds * 1e9)) == 0)

    @shielded
    def _end(self) -> None:
        self.dispatcher.close()
        self.known.clear()
        self.timer.close()
        self._bridge.retire()


def _call(work: Callable[[], Any]) -> Any:
    return work()


def _slot(slot: SlotLike, convert: Any) -> tuple[Any, ...]:
    return (slot.code, slot.offset, convert, slot.pack, slot.unpack, slot.release)
