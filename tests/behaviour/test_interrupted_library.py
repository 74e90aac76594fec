"""What an interrupt must not hit halfway in CPython's own library: imports, what takes locks."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import logging
import queue
import sys
import threading
import time

import pytest

from catzilla_jit.errors import TaskCancelled
from support.kernels import PATIENCE, count
from support.unruly import until


def spin():
    while True:
        pass


def assert_worker_is_free(runtime):
    assert runtime.task(count, compile_to_c=False).submit(1).result(PATIENCE) == 2


def submit(runtime, function):
    return runtime.task(function, compile_to_c=False).submit()


@pytest.fixture
def entered():
    return threading.Event()


class Module(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Can be imported as `half_made`; its code is a function."""

    def __init__(self):
        self.begun = self.made = 0
        self.code = lambda: None

    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_loader(name, self) if name == "half_made" else None

    def exec_module(self, module):
        self.begun += 1
        self.code()
        self.made += 1


@pytest.fixture
def module(monkeypatch):
    module = Module()
    monkeypatch.setattr(sys, "meta_path", [module, *sys.meta_path])
    yield module
    sys.modules.pop("half_made", None)


def import_it():
    importlib.import_module("half_made")


def assert_importable_from_another_thread():
    thread = threading.Thread(target=import_it, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert "half_made" in sys.modules


def test_import_that_is_under_way_ends_before_its_task_is_stopped(single, entered, module):
    told, steps = threading.Event(), []

    def code():
        entered.set()
        until(told.is_set)
        for _ in range(100_000):  # many looks for interrupts
            pass

    def task():
        import_it()
        spin()
        steps.append("not reached")

    module.code = code
    result = submit(single, task)
    entered.wait(PATIENCE)
    result.cancel()
    told.set()
    assert_worker_is_free(single)
    assert_importable_from_another_thread()
    assert (module.begun, module.made, steps) == (1, 1, [])


def test_wait_for_a_task_within_an_import_is_interrupted(single, entered, module):
    endless = single.task(count, compile_to_c=False, delay_ms=3_600_000).submit(1)

    def code():
        entered.set()
        endless.result()

    module.code = code
    result = submit(single, import_it)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)
    endless.cancel()
    module.code = lambda: None
    assert_importable_from_another_thread()


def test_task_that_another_runs_within_an_import_is_stopped(single, entered, module):
    """With one worker the importing task runs the inner one while it waits for it."""
    ends = []

    def endless():
        entered.set()
        spin()

    inner = single.task(endless, compile_to_c=False)

    def code():
        ends.append(inner.submit())
        with pytest.raises(TaskCancelled):
            ends[0].result()

    module.code = code
    outer = submit(single, import_it)
    entered.wait(PATIENCE)
    ends[0].cancel()
    outer.result(PATIENCE)
    assert module.made == 1


class SpinningHandler(logging.Handler):
    def __init__(self, entered):
        super().__init__()
        self.entered = entered

    def emit(self, record):
        spin()


def held_up_at_a_condition(entered):
    condition = threading.Condition(threading.Lock())

    def task():
        entered.set()
        with condition:
            spin()

    return condition, task


def held_up_at_a_handler(entered):
    handler = SpinningHandler(entered)

    def task():
        entered.set()
        handler.handle(logging.makeLogRecord({}))

    return handler.lock, task


@pytest.mark.parametrize("held_up", [held_up_at_a_condition, held_up_at_a_handler])
def test_lock_of_the_library_is_released_by_the_task_that_is_stopped(single, entered, held_up):
    lock, task = held_up(entered)
    with lock:
        result = submit(single, task)
        entered.wait(PATIENCE)
        time.sleep(0.01)  # now it waits for the lock
        result.cancel()
        time.sleep(0.02)  # now the interrupt has come
    assert_worker_is_free(single)
    assert lock.acquire(timeout=PATIENCE)
    lock.release()


def wait_on_a_condition(entered):
    condition = threading.Condition(threading.Lock())
    while True:
        with condition:
            entered.set()
            condition.wait(0.01)


def wait_on_an_event(entered):
    event = threading.Event()
    while not event.wait(0.01):
        entered.set()


def wait_on_a_queue(entered):
    items = queue.Queue()
    while True:
        try:
            items.get(timeout=0.01)
        except queue.Empty:
            entered.set()


def join_a_thread(entered):
    thread = threading.Thread(target=time.sleep, args=(PATIENCE,), daemon=True)
    thread.start()
    while thread.is_alive():
        entered.set()
        thread.join(0.01)


@pytest.mark.parametrize(
    "wait", [wait_on_a_condition, wait_on_an_event, wait_on_a_queue, join_a_thread]
)
def test_task_that_waits_again_and_again_is_stopped(single, entered, wait):
    result = single.task(wait, compile_to_c=False).submit(entered)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)
