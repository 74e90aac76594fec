"""Tasks that submit tasks and wait for them, whatever the number of workers."""

from __future__ import annotations

import re
import sys

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import TaskCancelled
from catzilla_jit.pools.direct_call import DirectCall, PythonDirectCall
from support.kernels import PATIENCE, add, base_task


def test_task_waits_for_tasks_that_it_submitted_with_one_worker(make_on, single):
    child = make_on(single, add)

    def parent(n):
        return sum(result.result() for result in [child.submit(float(i), 1.0) for i in range(n)])

    task = single.task(parent, compile_to_c=False)
    assert task.submit(100).result(PATIENCE) == sum(range(1, 101))


def test_depth_300_with_one_worker(single):
    @single.task(compile_to_c=False)
    def deep(n):
        return 0 if n == 0 else deep.submit(n - 1).result() + 1

    assert deep.submit(300).result(PATIENCE) == 300


def test_too_deep_is_a_recursion_error_and_the_worker_lives(single):
    @single.task(compile_to_c=False)
    def deep(n):
        return 0 if n == 0 else deep.submit(n - 1).result() + 1

    limit = sys.getrecursionlimit()
    assert isinstance(deep.submit(10 * limit).exception(PATIENCE), RecursionError)
    assert deep.submit(3).result(PATIENCE) == 3


def test_tree_of_tasks_with_two_workers(runtime):
    @runtime.task(compile_to_c=False)
    def tree(n):
        if n < 2:
            return 1
        left, right = tree.submit(n - 1), tree.submit(n - 2)
        return left.result() + right.result()

    assert tree.submit(15).result(PATIENCE) == 987


def test_exception_comes_through_the_levels(single):
    @single.task(compile_to_c=False)
    def deep(n):
        if n == 0:
            raise KeyError("bottom")
        return deep.submit(n - 1).result()

    with pytest.raises(KeyError, match="bottom"):
        deep.submit(10).result(PATIENCE)


def test_nested_exception_can_be_asked_for(single):
    bad = single.task(lambda: {}["x"], compile_to_c=False)
    outer = single.task(lambda: type(bad.submit().exception()).__name__, compile_to_c=False)
    assert outer.submit().result(PATIENCE) == "KeyError"


def test_task_may_wait_for_a_task_that_it_cancelled(single):
    child = single.task(base_task(add, "python"))

    def parent():
        result = child.submit(1.0)
        result.cancel()
        try:
            result.result()
        except TaskCancelled:
            return "cancelled"
        return "ran"

    assert single.task(parent, compile_to_c=False).submit().result(PATIENCE) == "cancelled"


def test_nested_maps_with_one_worker(single):
    inner = single.task(lambda x: x + 1, compile_to_c=False)
    outer = single.task(lambda n: int(inner.map(range(n)).sum()), compile_to_c=False)
    assert outer.map([1, 2, 3, 4]).tolist() == [1, 3, 6, 10]


def test_task_of_one_runtime_may_use_another(make_on, single):
    with Runtime(enable_auto_scaling=False, workers=1) as other:
        child = make_on(other, add)
        parent = single.task(lambda: child.submit(1.0, 2.0).result(), compile_to_c=False)
        assert parent.submit().result(PATIENCE) == 3.0


DEEP = """
    import sys, threading
    from catzilla_jit import Runtime
    from catzilla_jit.pools.direct_call import DirectCall, PythonDirectCall
    threading.stack_size(1 << 20)
    sys.setrecursionlimit(10**6)
    runtime = Runtime(workers=1, enable_auto_scaling=False)
    def deep(n):
        return task.submit(n - 1).result() + 1 if n else 0
    def maps(n):
        return task.map([n - 1])[0] + 1 if n else 0
    def calls(n):
        return task(n - 1) + 1 if n else 0
    for function in deep, maps, calls:
        if function is calls and DirectCall is PythonDirectCall:
            continue  # an object with __call__ takes stack in any program
        task = runtime.task(function, compile_to_c=False)
        assert task.submit(100).result(60) == 100
        try:
            task.submit(20000).result(60)
        except RecursionError as error:
            print("raised", error)
        assert task.submit(100).result(60) == 100
    runtime.shutdown(timeout=60)
"""


def test_waits_maps_and_calls_that_nest_too_deep_raise(script):
    # From 3.12 on CPython counts the calls of C code by itself, and may be the first to say so.
    output = script(DEEP).stdout
    said = re.findall("raised.*(have used the stack|maximum recursion depth)", output)
    assert len(said) == (2 if DirectCall is PythonDirectCall else 3), output
