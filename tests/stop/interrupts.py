"""Random cancels and time limits over Python tasks and maps, on the pool that there is.

    python tests/stop/interrupts.py [--seconds 60] [--stops 5000] [--seed N]
    python tests/stop/interrupts.py --presses [--seconds 60] [--seed N]

Tasks are short or endless; they submit, wait, map, drop objects whose finalizers swallow what is
raised in them, clean up after themselves, import, log, and wait on what others notify. A call
that nobody stops must end with its value: an interrupt that reached the wrong task would show
there. A call that is stopped must end, endless or not: an interrupt that was lost would keep its
worker. At the end every worker must still work, no lock of the library may be held, and no
thread may have died. With --presses it is presses.py: Ctrl-C inside every public call.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import dataclasses
import faulthandler
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import queue
import random
import sys
import threading
import time
import traceback
import types
import weakref
from collections.abc import Sequence

from catzilla_jit import Runtime, TaskResult, TaskStatus
from catzilla_jit.errors import TaskCancelled, TaskTimeout

PATIENCE = 60.0
WORKERS = 4
NEVER = 1 << 60  # rounds


def short(rounds: int, answer: int) -> int:
    for _ in range(rounds):
        pass
    return answer


class Finalized:
    """Spends its time where an exception is swallowed."""

    def __del__(self) -> None:
        for _ in range(20):
            pass


def dropping(rounds: int, answer: int) -> int:
    for _ in range(rounds):
        thing = Finalized()
        weakref.finalize(thing, short, 20, 0)
        del thing
    return answer


def cleaning(rounds: int, answer: int) -> int:
    try:
        short(rounds, answer)
    except (TaskCancelled, TaskTimeout) as error:
        # It has come, so it does not come again before this is done.
        until = time.monotonic() + 0.12
        while time.monotonic() < until:
            pass
        _cleaned.append(error)
        raise
    return answer


_cleaned: list[BaseException] = []


class Family:
    """Tasks that use the runtime they run on."""

    def __init__(self, runtime: Runtime) -> None:
        self.child = runtime.task(short, compile_to_c=False)
        self.limited = self.child.options(timeout_ms=60_000)

    def waiting(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            results = [self.child.submit(10, i), self.limited.submit(10, answer=i)]
            if [result.result() for result in results] != [i, i]:
                _wrong.append(f"a child of {i} has another value")
        return answer

    def dependent(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            if self.child.submit(10, self.child.submit(10, i)).result() != i:
                _wrong.append(f"the promise of {i} has another value")
        return answer

    def mapping(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            if self.child.map([5] * 8, range(i, i + 8)).tolist() != list(range(i, i + 8)):
                _wrong.append(f"the map from {i} has another value")
        return answer

    def calling_back(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            seen: list[TaskResult[int]] = []
            result = self.child.submit(10, i).add_done_callback(seen.append)
            if result.result() != i:
                _wrong.append(f"the watched child of {i} has another value")
        return answer


_wrong: list[str] = []


class Modules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules `made_N`, whose code takes a while until it sets `answer`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name.startswith("made_") else None

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module)["answer"] = short(50, 7)


class Log(logging.Handler):
    """Lets exceptions out."""

    def emit(self, record: logging.LogRecord) -> None:
        time.sleep(0)  # like a write to a file: other threads run
        _logged.append(self.format(record))


_logged: collections.deque[str] = collections.deque(maxlen=1)


class Library:
    """Tasks that are often inside of CPython's own library, where it holds its locks."""

    def __init__(self) -> None:
        sys.meta_path.insert(0, Modules())
        self.condition = threading.Condition(threading.Lock())
        self.items: queue.Queue[int] = queue.Queue()
        self.logger = logging.Logger("interrupts")
        self.handler = Log()
        self.logger.addHandler(self.handler)

    def importing(self, rounds: int, answer: int) -> int:
        for _ in range(rounds):
            name = f"made_{threading.get_ident()}"
            sys.modules.pop(name, None)
            if importlib.import_module(name).answer != 7:
                _wrong.append(f"{name} is half made")
            # Outside an import, where alone it can be stopped, for longer than inside.
            short(5000, 0)
        return answer

    def notifying(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            with self.condition:
                self.condition.notify()
                self.condition.wait(0.0005)
            self.items.put(i)
            with contextlib.suppress(queue.Empty):  # a stopped task may have taken it
                self.items.get(timeout=0.001)
        return answer

    def logging(self, rounds: int, answer: int) -> int:
        for i in range(rounds):
            self.logger.warning("round %d", i)
        return answer

    def check(self) -> None:
        """No lock is held: everything can be had from another thread."""
        for lock in (self.condition, self.items.mutex, self.handler.lock):
            if not lock.acquire(timeout=PATIENCE):
                _wrong.append(f"{lock} is held")
            else:
                lock.release()
        for name in {f"made_{thread.ident}" for thread in threading.enumerate()}:
            if importlib.import_module(name).answer != 7:
                _wrong.append(f"{name} is half made")


@dataclasses.dataclass
class Tally:
    """What became of the calls."""

    ends: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    longest_stop: float = 0.0


class Stress:
    """One runtime under random stops."""

    def __init__(self, seed: int, imports: bool) -> None:
        self.random = random.Random(seed)
        self.runtime = Runtime(workers=WORKERS, enable_auto_scaling=False)
        family, self.library = Family(self.runtime), Library()
        functions = (
            short, dropping, cleaning, family.waiting, family.dependent, family.mapping,
            family.calling_back, self.library.notifying, self.library.logging,
            # Inside an import a task is not stopped: with these the others wait for long.
            *([self.library.importing] if imports else []),
        )  # fmt: skip
        self.tasks = [self.runtime.task(each, compile_to_c=False) for each in functions]
        self.plain = self.tasks[0]
        self.tally = Tally()

    def submit(self) -> tuple[TaskResult[int], str, int]:
        """Submit a call that is to be cancelled, to time out, or to end by itself."""
        task = self.random.choice(self.tasks)
        fate = self.random.choice(("cancelled", "timed out", "completed", "completed"))
        answer = self.random.randrange(1 << 30)
        rounds = self.random.choice((0, 1, 3, NEVER if fate != "completed" else 10))
        if fate == "timed out":
            task = task.options(timeout_ms=self.random.uniform(0.05, 5.0))
        return task.submit(rounds, answer), fate, answer

    def round(self, calls: int) -> int:
        """Submit some calls, stop those that are to be stopped, check all; how many stops."""
        batch = [self.submit() for _ in range(calls)]
        values = [self.random.randrange(100) for _ in range(20)]
        kept = self.plain.submit_map([30] * 20, values)
        stopped = self.plain.submit_map([self.random.choice((10, NEVER)) for _ in range(20)], 1)
        for result, fate, _ in batch:
            if fate == "cancelled":
                time.sleep(self.random.choice((0.0, self.random.uniform(0.0, 0.003))))
                began = time.perf_counter()
                result.cancel()
                with contextlib.suppress(TaskCancelled):
                    result.result(PATIENCE)
                self.tally.longest_stop = max(self.tally.longest_stop, time.perf_counter() - began)
        stopped.cancel()
        for result, fate, answer in batch:
            self.check(result, fate, answer)
        if kept.wait(PATIENCE).tolist() != values:
            _wrong.append("a map that nobody stopped has other values")
        return 1 + sum(fate != "completed" for _, fate, _ in batch)

    def check(self, result: TaskResult[int], fate: str, answer: int) -> None:
        try:
            end = "completed" if result.result(PATIENCE) == answer else "wrong"
        except TaskCancelled:
            end = "cancelled"
        except TaskTimeout:
            end = "timed out"
        except BaseException as error:
            end = f"failed: {error!r}"
        status = {
            "completed": TaskStatus.COMPLETED, "cancelled": TaskStatus.CANCELLED,
            "timed out": TaskStatus.FAILED,
        }.get(end)  # fmt: skip
        if end not in (fate, "completed") or result.status() is not status:
            _wrong.append(f"{result!r} was to be {fate}, is {end}")
        self.tally.ends[end] += 1

    def finish(self) -> None:
        """Every worker must still work, all at once, and the pool end."""
        everybody = threading.Barrier(WORKERS)

        def meet() -> int:
            return everybody.wait(PATIENCE)

        task = self.runtime.task(meet, compile_to_c=False)
        found = sorted(
            result.result(PATIENCE) for result in [task.submit() for _ in range(WORKERS)]
        )
        if found != list(range(WORKERS)):
            _wrong.append(f"of {WORKERS} workers these met: {found}")
        self.library.check()
        self.runtime.shutdown(timeout=PATIENCE)


def report_death(event: threading.ExceptHookArgs) -> None:
    _wrong.append(f"{event.thread} died of {event.exc_value!r}")


def ignore_interrupts(event: sys.UnraisableHookArgs) -> None:
    # That they come here is what `dropping` is for.
    if not isinstance(event.exc_value, (TaskCancelled, TaskTimeout)):
        _wrong.append(f"{event.object} swallowed {event.exc_value!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stops", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--imports", action="store_true", help="with tasks that import")
    parser.add_argument("--presses", action="store_true", help="Ctrl-C in every public call")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if options.presses:
        import presses

        return bool(presses.run(options.seconds, options.seed))
    threading.excepthook = report_death
    sys.unraisablehook = ignore_interrupts
    stress = Stress(options.seed, options.imports)
    began, stops = time.monotonic(), 0
    while stops < options.stops and time.monotonic() - began < options.seconds and not _wrong:
        stops += stress.round(20)
    stress.finish()
    print(f"{stops} stops in {time.monotonic() - began:.1f} s: {dict(stress.tally.ends)}")
    print(f"longest wait for a stop: {stress.tally.longest_stop * 1e3:.1f} ms")
    print(f"{len(_cleaned)} clean-ups")
    for line in _wrong[:20]:
        print(line)
    return bool(_wrong)


if __name__ == "__main__":
    try:
        code = main()
    except BaseException:
        # What went wrong may keep the runtime from ending: show it, and leave.
        traceback.print_exc()
        faulthandler.dump_traceback()
        code = 2
    sys.stdout.flush()
    if code:
        os._exit(code)
