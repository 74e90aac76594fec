"""A runtime goes when its last reference goes: it is in no cycle with its tasks."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from catzilla_jit import Runtime, Task


def double(x: float) -> float:
    return x * 2.0


def generic(x):  # type: ignore[no-untyped-def]
    return x * 2.0


def use_compiled(runtime: Runtime) -> None:
    assert runtime.task(double).submit(1.0).result() == 2.0


def use_slow_path(runtime: Runtime) -> None:
    task = runtime.task(double)
    assert task.submit(x=task.submit(1.0)).result() == 4.0


def use_python(runtime: Runtime) -> None:
    assert runtime.task(double, compile_to_c=False).submit(1.0).result() == 2.0


def use_generic(runtime: Runtime) -> None:
    task = runtime.task(generic)
    assert [task.submit(x).result() for x in (1.0, 1.0, 2)] == [2.0, 2.0, 4.0]


def use_governed(runtime: Runtime) -> None:
    assert runtime.task(double, timeout_ms=60_000).submit(1.0).result() == 2.0


def use_map(runtime: Runtime) -> None:
    assert runtime.task(double).map([1.0, 2.0]).tolist() == [2.0, 4.0]


def use_add_task(runtime: Runtime) -> None:
    assert runtime.add_task(double, 1.0).result() == 2.0
    assert runtime.add_task(lambda: 3).result() == 3


def use_nothing(runtime: Runtime) -> None:
    runtime.task(double)


USES = [
    use_compiled, use_slow_path, use_python, use_generic, use_governed, use_map, use_add_task,
    use_nothing,
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_dropped_runtime_goes_without_a_collection(use: Callable[[Runtime], None]) -> None:
    runtime = Runtime(workers=1)
    use(runtime)
    gone = weakref.ref(runtime)
    del runtime
    assert gone() is None


def test_task_keeps_its_runtime() -> None:
    task: Task[[float], float] = Runtime(workers=1).task(double)
    assert task.submit(1.0).result() == 2.0
    submit = task.submit
    del task
    assert submit(x=2.0).result() == 4.0


def test_what_waits_for_a_result_is_submitted_although_its_runtime_was_dropped() -> None:
    opened = threading.Event()
    runtime = Runtime(workers=1)
    first = runtime.add_task(lambda: opened.wait() and 1.0)
    second = runtime.add_task(double, first)
    del runtime
    opened.set()
    assert second.result() == 2.0
