"""What a task raises arrives as it was raised."""

from __future__ import annotations

import gc
import sys
import threading
import time
import traceback
import weakref

import pytest

from catzilla_jit import TaskStatus
from support import kernels
from support.kernels import PATIENCE


def frames(error):
    return [(frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)]


def raised(wait):
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        wait()
    return caught.value


def test_type_and_arguments_arrive(make):
    error = raised(make(kernels.refuse).submit(-7).result)
    assert type(error) is ValueError
    assert error.args == ("negative -7", -7)


def test_exception_returns_what_result_raises(make):
    result = make(kernels.refuse).submit(-7)
    returned, thrown = result.exception(), raised(result.result)
    assert type(returned) is type(thrown) is ValueError
    assert returned.args == thrown.args == ("negative -7", -7)


def test_traceback_ends_at_the_line_in_the_task(make):
    error = raised(make(kernels.refuse).submit(-7).result)
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert last.filename == kernels.__file__
    assert last.name == "refuse"
    assert "raise ValueError" in last.line


def test_traceback_of_a_returned_exception_begins_in_the_task(make):
    error = make(kernels.refuse).submit(-7).exception()
    assert frames(error) == [(kernels.__file__, "refuse")]


def test_traceback_does_not_grow_from_one_wait_to_the_next(make):
    result = make(kernels.refuse).submit(-7)

    def one():
        return raised(result.result)

    def two():
        return raised(result.result)

    assert len(frames(one())) == len(frames(two()))
    names = [name for _, name in frames(two())]
    assert "one" not in names
    assert names[-1] == "refuse"
    assert names.count("refuse") == 1


def test_exception_can_be_asked_for_by_many_threads(make):
    result = make(kernels.refuse).submit(-7)
    errors = []
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        errors.append(raised(result.result))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [error.args for error in errors] == [("negative -7", -7)] * 8


class Local:
    """Something that a frame of the caller holds."""


def test_exception_does_not_keep_the_callers_frame(make):
    def caller():
        local = Local()
        result = make(kernels.refuse).submit(-7)
        with pytest.raises(ValueError, match="negative"):
            result.result()
        return weakref.ref(local)

    seen = caller()
    until = time.monotonic() + PATIENCE
    while seen() is not None and time.monotonic() < until:
        gc.collect()  # the worker may be about to leave the call
    assert seen() is None


def test_many_failures_leave_nothing_behind(make):
    task = make(kernels.refuse)

    def fail(count):
        for _ in range(count):
            raised(task.submit(-7).result)

    fail(50)
    gc.collect()
    before = len(gc.get_objects())
    fail(500)
    gc.collect()
    assert len(gc.get_objects()) - before < 250


def test_raising_task_does_not_shrink_the_pool(make_on, single):
    task = make_on(single, kernels.refuse)
    for _ in range(200):
        assert isinstance(task.submit(-1).exception(), ValueError)
    assert task.submit(5).result() == 5


@pytest.mark.parametrize("kind", ["python"])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_exceptions_beyond_exception_are_the_tasks_too(make_on, single, error):
    def throw():
        raise error

    result = single.task(throw, compile_to_c=False).submit()
    assert result.exception() is error
    assert result.status() is TaskStatus.FAILED
    assert make_on(single, kernels.add).submit(1.0).result() == 1.5


class Odd(Exception):
    """An exception that cannot be made from its args, and has more to it than those."""

    def __init__(self, code, *, detail):
        super().__init__(f"code {code}")
        self.code = code
        self.detail = detail


def test_exception_keeps_attributes_and_cause(runtime):
    def throw():
        try:
            {}["key"]
        except KeyError as error:
            raise Odd(5, detail=[1, 2]) from error

    result = runtime.task(throw, compile_to_c=False).submit()
    for error in (raised(result.result), result.exception()):
        assert type(error) is Odd
        assert (error.args, error.code, error.detail) == (("code 5",), 5, [1, 2])
        assert isinstance(error.__cause__, KeyError)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes came with 3.11")
def test_exception_keeps_notes(runtime):
    def throw():
        error = ValueError("x")
        error.add_note("look here")
        raise error

    assert raised(runtime.task(throw, compile_to_c=False).submit().result).__notes__ == [
        "look here"
    ]


def test_stop_iteration_arrives(runtime):
    result = runtime.task(lambda: next(iter([])), compile_to_c=False).submit()
    assert type(raised(result.result)) is StopIteration


def test_unread_failures_are_silent(make, capfd):
    task = make(kernels.refuse)
    results = [task.submit(-1) for _ in range(20)]
    while not all(result.done() for result in results):
        pass
    del results
    gc.collect()
    assert capfd.readouterr() == ("", "")
