"""Many threads at once, also for the first time."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

import catzilla_jit
from catzilla_jit import Runtime
from catzilla_jit.runtime import process
from catzilla_jit.tasks.options import MOST_VARIANTS
from support.gates import hold
from support.kernels import PATIENCE, add, base_task, count, refuse


def in_threads(number, function):
    """Run function(i) in so many threads that begin together; raise what one raised."""
    barrier = threading.Barrier(number)
    errors = []

    def run(i):
        barrier.wait()
        try:
            function(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_many_threads_submit_and_wait(make):
    task, bad = make(count), make(refuse)

    def use(i):
        for n in range(300):
            result = task.submit(n)
            failing = bad.submit(-1) if n % 10 == 0 else None
            assert result.result(PATIENCE) == n + 1
            if failing is not None:
                assert isinstance(failing.exception(PATIENCE), ValueError)

    in_threads(8, use)


@pytest.mark.parametrize("mode", ["require", False])
def test_first_submissions_from_many_threads(mode):
    for _ in range(5):
        with Runtime(workers=2) as runtime:

            @runtime.task(compile_to_c=mode)
            def triple(x: float) -> float:
                return 3.0 * x

            def use(i, task=triple):
                assert task.submit(float(i)).result(PATIENCE) == 3.0 * i

            in_threads(4, use)


def test_default_runtime_is_made_once_by_many_threads(script):
    script("""
        import threading
        import catzilla_jit
        barrier = threading.Barrier(8)
        found, answers = [], []
        @catzilla_jit.task(compile_to_c=False)
        def double(x):
            return 2 * x
        def use(i):
            barrier.wait()
            answers.append(double.submit(i).result())
            found.append(catzilla_jit.get_runtime())
        threads = [threading.Thread(target=use, args=(i,)) for i in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert len(set(found)) == 1
        assert sorted(answers) == [2 * i for i in range(8)]
    """)


def test_submissions_race_with_shutdown(make_on):
    for _ in range(10):
        runtime = Runtime(workers=2)
        task = make_on(runtime, count)
        task.submit(0).result()
        accepted = []

        def use(i, task=task, accepted=accepted):
            try:
                while True:
                    accepted.append(task.submit(i))
            except catzilla_jit.errors.RuntimeClosed:
                pass

        closer = threading.Timer(0.01, runtime.shutdown)
        closer.start()
        in_threads(3, use)
        closer.join(PATIENCE)
        assert all(result.done() for result in accepted)
        assert {result.result() for result in accepted} <= {1, 2, 3}


def test_dropping_results_before_their_tasks_have_run(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    task, bad = make_on(single, add), make_on(single, refuse)
    for i in range(1000):
        task.submit(float(i))
        bad.submit(-i)
    gc.collect()
    gate.open()
    held.result()
    assert task.submit(1.0).result(PATIENCE) == 1.5


def test_dropping_results_from_other_threads(make):
    task = make(add)
    results = [[task.submit(float(i)) for i in range(500)] for _ in range(4)]

    def drop(i):
        del results[i][:]

    in_threads(4, drop)
    assert task.submit(1.0).result(PATIENCE) == 1.5


def test_task_redefined_while_old_calls_run(make_on, kind, runtime, gate):
    held = gate.hold(make_on(runtime, hold), 5)
    for value in range(3):
        namespace = {}
        parameters = "started: int, opened: int, room: int, answer: int"
        source = f"def hold({parameters}) -> int:\n return {value}\n"
        exec(source, namespace)
        again = runtime.task(
            namespace["hold"], compile_to_c="require" if kind == "compiled" else False
        )
        assert again.submit(0, 0, 0, 0).result(PATIENCE) == value
        del again, namespace
        gc.collect()
    gate.open()
    assert held.result() == 5


def test_default_arguments_and_tasks_survive_their_function(runtime):
    def make():
        return runtime.task(lambda x: x + 1, compile_to_c=False)

    results = [make().submit(i) for i in range(100)]
    gc.collect()
    assert [result.result() for result in results] == list(range(1, 101))


def test_results_outlive_their_runtime(make_on):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    good, bad = make_on(runtime, add).submit(1.0), make_on(runtime, refuse).submit(-1)
    task = base_task(add, "python")
    runtime.shutdown()
    del runtime
    gc.collect()
    assert good.result() == 1.5
    assert good.execution_time_ms >= 0.0
    assert isinstance(bad.exception(), ValueError)
    assert "add" in repr(good)
    del good, bad
    gc.collect()
    assert task.name == "add"


def test_tasks_made_by_options_are_few_and_freed_with_their_task(make):
    task = make(add)
    seen = weakref.WeakSet()
    for priority in ("low", "high") * 20:
        urgent = task.options(priority=priority)
        urgent.submit(1.0).result()
        seen.add(urgent)
    assert len(seen) == 2
    for number in range(100):
        seen.add(task.options(name=f"add {number}"))
    gc.collect()
    assert len(seen) <= MOST_VARIANTS
    del task, urgent
    gc.collect()
    assert not seen


def test_dropped_runtimes_that_have_ended_may_be_freed_by_several_threads(monkeypatch):
    class Ended:
        def join(self, timeout):
            # Another thread comes in between.
            if abandoned:
                freed.append(self)
                if len(freed) == 1:
                    process.reap()
            return True

    abandoned, freed = [], []
    abandoned.append(Ended())
    monkeypatch.setattr(process, "_abandoned", abandoned)
    process.reap()
    assert abandoned == []
