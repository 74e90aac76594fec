"""Compiling in the background: what goes first, and that nobody waits for more than one task."""

from __future__ import annotations

import sys
import threading
import time
import types

import pytest

from catzilla_jit import Runtime
from catzilla_jit.compile import Abandoned
from catzilla_jit.runtime.warmup import Registry, Warming, before_others, is_wanted

PATIENCE = 30  # seconds that no step here takes


class Stub:
    """What a Warming prepares."""

    name = "stub"
    wants_warming = True

    def __init__(self, log, number, gate=None):
        self.log, self.number, self.gate = log, number, gate
        self.prepared = threading.Event()

    def prepare(self):
        self.log.append(self.number)
        self.prepared.set()
        if self.gate is not None:
            assert self.gate.wait(PATIENCE)


def test_tasks_are_prepared_in_the_order_of_their_registration():
    log = []
    stubs = [Stub(log, number) for number in range(20)]
    registry = Registry()
    for stub in stubs:
        registry.add(stub)
    warming = Warming(registry.uncompiled())
    assert stubs[-1].prepared.wait(PATIENCE)
    warming.stop()
    assert log == list(range(20))


def test_no_python_code_runs_when_a_registered_task_dies():
    """What a signal's handler raises in a callback of the collector is lost."""
    registry, calls = Registry(), []
    task = Stub([], 1)
    registry.add(task)
    sys.setprofile(lambda frame, event, _: event == "call" and calls.append(frame))
    del task
    sys.setprofile(None)
    assert calls == []
    assert registry._tasks == {}


def test_submitter_goes_before_the_next_task_of_the_background():
    log, gate = [], threading.Event()
    first, second = Stub(log, 1, gate), Stub(log, 2)
    warming = Warming([first, second])
    assert first.prepared.wait(PATIENCE)
    with before_others():
        gate.set()
        log.append("submitter")
    assert second.prepared.wait(PATIENCE)
    warming.stop()
    assert log == [1, "submitter", 2]


def test_background_waits_until_no_module_is_being_imported(monkeypatch):
    # The compiler looks modules up: it would wait for an import that waits for the compiler.
    module = types.ModuleType("half")
    module.__spec__ = types.SimpleNamespace(_initializing=True)
    monkeypatch.setitem(sys.modules, "half", module)
    stub = Stub([], 1)
    warming = Warming([stub])
    assert not stub.prepared.wait(0.1)
    module.__spec__._initializing = False
    assert stub.prepared.wait(PATIENCE)
    warming.stop()


def test_background_waits_for_every_submitter():
    log = []
    with before_others():
        with before_others():
            warming = Warming([Stub(log, 1)])
        warming.stop()  # without having begun
    assert log == []


def test_thread_of_the_background_does_not_wait_for_itself():
    log = []

    class Compiles(Stub):
        def prepare(self):
            with before_others():
                super().prepare()

    stubs = [Compiles(log, 1), Compiles(log, 2)]
    warming = Warming(stubs)
    assert stubs[1].prepared.wait(PATIENCE)
    warming.stop()


def test_what_the_background_is_at_is_given_up_when_it_is_stopped():
    class Long(Stub):
        def prepare(self):
            super().prepare()
            while is_wanted():
                time.sleep(0.001)
            raise Abandoned

    log = []
    first, second = Long(log, 1), Stub(log, 2)
    warming = Warming([first, second])
    assert first.prepared.wait(PATIENCE)
    assert is_wanted()  # here
    warming.stop()
    assert log == [1]


def test_program_ends_while_what_nobody_submitted_is_compiled(script):
    said = script("""
        import threading
        import time
        from catzilla_jit import task
        from catzilla_jit.compile import Abandoned
        from catzilla_jit.tasks.jit_function import JitFunction
        from catzilla_jit.runtime.warmup import is_wanted
        compile_ = JitFunction._compile
        begun = threading.Event()

        def long(self, types):
            if not self.name.endswith("other"):
                return compile_(self, types)
            begun.set()
            while is_wanted():
                time.sleep(0.001)
            print("given up")
            raise Abandoned

        JitFunction._compile = long

        @task
        def other(x: int) -> int:
            return x - 1

        @task
        def wanted(x: int) -> int:
            return x + 1

        assert wanted.submit(1).result() == 2
        assert begun.wait(60)
    """).stdout
    assert said == "given up\n"


def test_submitted_task_is_compiled_before_the_others(monkeypatch):
    order = []
    with Runtime(workers=1) as runtime:

        @runtime.task(compile_to_c="require")
        def other(x: int) -> int:
            return x - 1

        @runtime.task(compile_to_c="require")
        def wanted(x: int) -> int:
            return x + 1

        from catzilla_jit.tasks.jit_function import JitFunction

        compile_ = JitFunction._compile

        def noting(self, types):
            order.append(self.name)
            return compile_(self, types)

        monkeypatch.setattr(JitFunction, "_compile", noting)
        assert wanted.submit(1).result() == 2
        assert other.submit(1).result() == 0
    assert [name.rpartition(".")[2] for name in order] == ["wanted", "other"]


@pytest.fixture(autouse=True)
def no_one_is_left_waiting():
    yield
    with before_others():
        pass
    assert not [t for t in threading.enumerate() if t.name == "cz-warming" and t.is_alive()]
