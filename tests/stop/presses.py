"""Ctrl-C inside every public call: SIGINTs from another process, some hundred microseconds apart.

    python tests/stop/interrupts.py --presses [--seconds 60] [--seed N]

Each round makes one call while another process presses Ctrl-C, until the call has returned or has
raised KeyboardInterrupt. Then nothing may be lost: what was submitted ends, once, with its value,
or is cancelled; a callback whose registration returned comes once; another call works. Every few
rounds the runtime is shut down under presses, which must succeed in the end, and a new one is made.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import itertools
import os
import pathlib
import random
import signal
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from catzilla_jit import Runtime, Task, as_completed, gather, wait
from catzilla_jit.errors import TaskCancelled

PATIENCE = 60.0
ROUNDS = 25  # per runtime
LEAST_HITS = 50  # in all
ITEMS = 30_000

wrong: list[str] = []


class Finger:
    """The other process: it presses Ctrl-C from `start` until `stop`."""

    def __init__(self, seed: int) -> None:
        here, self._commands = os.pipe()
        self._answers, there = os.pipe()
        parent = os.getpid()
        self._process = os.fork()
        if self._process == 0:
            os.close(self._commands)
            os.close(self._answers)
            _press(parent, random.Random(seed), here, there)
        os.close(here)
        os.close(there)

    def start(self) -> None:
        os.write(self._commands, b"g")

    def stop(self) -> None:
        os.write(self._commands, b"s")
        while os.read(self._answers, 1) != b"k":
            raise RuntimeError("the pressing process has ended")

    def leave(self) -> None:
        os.close(self._commands)
        os.waitpid(self._process, 0)


def _press(parent: int, rng: random.Random, commands: int, answers: int) -> None:
    os.set_blocking(commands, True)
    while os.read(commands, 1):  # start
        pause = rng.choice((0.0001, 0.0005, 0.002, 0.01))
        os.set_blocking(commands, False)
        while True:
            with contextlib.suppress(BlockingIOError):
                if os.read(commands, 1) in (b"s", b""):
                    break
            time.sleep(rng.random() * pause)
            with contextlib.suppress(ProcessLookupError):
                os.kill(parent, signal.SIGINT)
        os.set_blocking(commands, True)
        os.write(answers, b"k")
    os._exit(0)


class Armed:
    """The handler of Ctrl-C: raises only while a call is made."""

    def __init__(self) -> None:
        self.on = False
        signal.signal(signal.SIGINT, self.press)

    def press(self, _number: int, _frame: types.FrameType | None) -> None:
        if self.on:
            self.on = False
            raise KeyboardInterrupt


ran: collections.Counter[int] = collections.Counter()


def note(number: int) -> int:
    ran[number] += 1
    return number


tries: collections.Counter[int] = collections.Counter()


def fail_once(number: int) -> int:
    tries[number] += 1
    if tries[number] == 1:
        raise ValueError(number)
    return number


def add(x: float, y: float = 1.0) -> float:
    return x + y


def negative(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return x


class Calls:
    """The public calls on one runtime, each with what it may have begun."""

    def __init__(self, runtime: Runtime, rng: random.Random) -> None:
        self.runtime = runtime
        self.random = rng
        self.numbers = itertools.count(1)
        self.results: list[tuple[Any, float]] = []  # with the value they are to have
        self.told: collections.Counter[int] = collections.Counter()
        self.registered: list[int] = []
        self.note: Task[..., int] = runtime.task(note, compile_to_c=False)
        self.add: Task[..., float] = runtime.task(add, compile_to_c="require")
        self.items = np.arange(float(ITEMS))

    def _keep(self, result: Any, value: float) -> Any:
        self.results.append((result, value))
        return result

    def submit(self) -> None:
        for _ in range(20):
            number = next(self.numbers)
            self._keep(self.note.submit(number), number)
            self._keep(self.add.submit(number, 0.5), number + 0.5)
            self._keep(self.add.submit(float(number)), number + 1.0)

    def submit_with_limits(self) -> None:
        for options in (
            {"timeout_ms": 50_000}, {"max_retries": 2, "retry_delay_ms": 1}, {"delay_ms": 1},
            {"timeout_ms": 50_000, "max_retries": 1, "delay_ms": 2},
        ):  # fmt: skip
            number = next(self.numbers)
            self._keep(self.add.options(**options).submit(number, 0.5), number + 0.5)
            self._keep(self.note.options(**options).submit(number), number)

    def submit_retried(self) -> None:
        number = next(self.numbers)
        task = self.runtime.task(fail_once, compile_to_c=False, max_retries=1, retry_delay_ms=1)
        self._keep(task.submit(number), number)

    def submit_dependent(self) -> None:
        number = next(self.numbers)
        first = self.note.submit(number)
        self._keep(self.add.submit(first, 0.5), number + 0.5)
        self._keep(first.then(self.add), number + 1.0)

    def add_task(self) -> None:
        number = next(self.numbers)
        self._keep(self.runtime.add_task(add, float(number), 0.25), number + 0.25)

    def call_back(self) -> None:
        for _ in range(5):
            number = next(self.numbers)
            result = self._keep(self.note.submit(number), number)
            result.add_done_callback(lambda _, number=number: self.told.update([number]))
            self.registered.append(number)

    def futures(self) -> None:
        for _ in range(3):
            number = next(self.numbers)
            future = self.note.submit(number).future()
            future.add_done_callback(lambda _, number=number: self.told.update([number]))
            self.registered.append(number)
            with contextlib.suppress(TaskCancelled):
                self._expect(future.result(PATIENCE), number)
            future.cancel()

    def map(self) -> None:
        self._expect(self.add.map(self.items, 0.5).tolist(), (self.items + 0.5).tolist())

    def submit_map(self) -> None:
        batch = self.add.submit_map(self.items, self.items)
        self.results.append((batch, float("nan")))

    def limited_map(self) -> None:
        self.add.options(timeout_ms=50_000).submit_map(self.items).wait()

    def failing_map(self) -> None:
        task = self.runtime.task(negative, compile_to_c="require")
        values = task.map(np.array([1.0, -1.0, 3.0]), errors="collect")
        self._expect(np.isnan(values).tolist(), [False, True, False])

    def python_map(self) -> None:
        first = next(self.numbers)
        numbers = [first, *(next(self.numbers) for _ in range(30))]
        self._expect(self.note.map(numbers).tolist(), numbers)

    def wait(self) -> None:
        results = self._some()
        wait(results, PATIENCE)

    def wait_for_first(self) -> None:
        wait(self._some(), PATIENCE, "FIRST_COMPLETED")

    def as_completed(self) -> None:
        for result in as_completed(self._some(), PATIENCE):
            result.status()

    def gather(self) -> None:
        results = self._some()
        gather(*results, timeout=PATIENCE, return_exceptions=True)

    def _some(self) -> list[Any]:
        results = []
        for _ in range(10):
            number = next(self.numbers)
            results.append(self._keep(self.note.submit(number), number))
            results.append(self._keep(self.add.submit(number, 0.5), number + 0.5))
        return results

    def register(self) -> None:
        for _ in range(3):
            self._expect(self.runtime.task(add, compile_to_c=False).submit(1.0).result(), 2.0)
            self.add.options(priority="high", name="other").submit(1.0).result()

    def generic(self) -> None:
        """The first submission of a task compiles it."""
        task = self.runtime.task(lambda x: x + 1, name="generic")
        self._keep(task.submit(1), 2)

    def ask(self) -> None:
        self.runtime.stats()
        self.runtime.memory_stats()
        result = self.note.submit(next(self.numbers))
        self.runtime.get(result.task_id)
        repr(result)

    def cancel(self) -> None:
        delayed = self.note.options(delay_ms=10_000)
        for result in [delayed.submit(next(self.numbers)) for _ in range(3)]:
            self.results.append((result, float("nan")))
            result.cancel()

    def own_runtime(self) -> None:
        with Runtime(workers=1, enable_auto_scaling=False) as other:
            other.task(note, compile_to_c=False).submit(next(self.numbers)).result()

    def _expect(self, value: object, expected: object) -> None:
        if value != expected:
            wrong.append(f"{value!r:.200} instead of {expected!r:.200}")

    def all(self) -> list[Callable[[], None]]:
        return [
            getattr(self, name)
            for name in vars(Calls)
            if not name.startswith("_") and name != "all"
        ]

    # --- not under presses ---------------------------------------------------------------------

    def _check(self, during: str) -> None:
        """What was begun ends as it is to, and the runtime works."""
        for result, value in self.results:
            self._check_result(result, value, during)
        self.results.clear()
        told: list[Any] = []
        self.note.submit(next(self.numbers)).add_done_callback(told.append)
        number = next(self.numbers)
        if self.note.options(timeout_ms=50_000).submit(number).result(PATIENCE) != number:
            wrong.append(f"after {during}: a submission has another value")
        if self.add.map([1.0, 2.0], 1.0).tolist() != [2.0, 3.0]:
            wrong.append(f"after {during}: a map has another value")
        until = time.monotonic() + PATIENCE
        while not (told and all(self.told[each] for each in self.registered)):
            if time.monotonic() > until:
                wrong.append(f"after {during}: a callback did not come")
                return
            time.sleep(0.0005)
        if any(count > 1 for count in self.told.values()):
            wrong.append(f"after {during}: a callback came twice")
        self.registered.clear()
        self.told.clear()

    def _check_result(self, result: Any, value: float, during: str) -> None:
        try:
            got = result.result(PATIENCE)
            if value == value and got != value:
                wrong.append(f"after {during}: {result!r} is {got!r}, not {value!r}")
        except TaskCancelled:
            pass
        except BaseException as error:
            wrong.append(f"after {during}: {result!r} has {error!r}")


class Stress:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.finger = Finger(seed)
        self.armed = Armed()
        self.hits: collections.Counter[str] = collections.Counter()
        self.rounds = 0

    @contextlib.contextmanager
    def pressing(self) -> Iterator[None]:
        self.finger.start()
        try:
            yield
        finally:
            self.armed.on = False
            self.finger.stop()

    def press(self, call: Callable[[], Any], name: str) -> bool:
        """Make the call under presses; whether it returned."""
        self.rounds += 1
        done = False
        with self.pressing():
            try:
                self.armed.on = True
                call()
                done = True
                self.armed.on = False
            except KeyboardInterrupt:
                self.hits[name] += 1
        return done

    def generation(self) -> None:
        """One runtime, from its making to its end."""
        made: list[Runtime] = []
        while not made:
            self.press(lambda: made.append(Runtime(workers=2)), "Runtime")
        calls = Calls(made[0], self.random)
        for _ in range(ROUNDS):
            call = self.random.choice(calls.all())
            self.press(call, call.__name__)
            calls._check(call.__name__)
            if wrong:
                return
        self.press(calls.submit, "submit")
        until = time.monotonic() + PATIENCE
        while not self.press(lambda: made[0].shutdown(timeout=PATIENCE), "shutdown"):
            if time.monotonic() > until:
                wrong.append("the runtime does not end")
                return
        made[0].shutdown(timeout=PATIENCE)
        for result, value in calls.results:
            calls._check_result(result, value, "shutdown")


def _resident_mb() -> float:
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(seconds: float, seed: int) -> int:
    """Press for so long, and until enough calls were hit, however much else the machine does.

    Print what came of it, and return how many things went wrong.
    """
    stress = Stress(seed)
    began = time.monotonic()
    resident: list[float] = []
    while not wrong and (
        time.monotonic() - began < seconds or sum(stress.hits.values()) < LEAST_HITS
    ):
        ran.clear()
        tries.clear()
        stress.generation()
        gc.collect()
        resident.append(_resident_mb())
        if any(count > 1 for count in ran.values()):
            wrong.append(f"ran more than once: {[n for n, count in ran.items() if count > 1]}")
    stress.finger.leave()
    hits = sum(stress.hits.values())
    print(f"{stress.rounds} calls under Ctrl-C in {time.monotonic() - began:.1f} s, {hits} hit")
    print(dict(stress.hits.most_common()))
    middle = resident[len(resident) // 2]
    print(f"resident: {resident[0]:.0f}, {middle:.0f}, {resident[-1]:.0f} MB")
    for line in wrong[:20]:
        print(line)
    return len(wrong)
