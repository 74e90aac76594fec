"""What a signal's handler, a finalizer, or the child of a fork finds half done by others.

A trace function stands for all of them: at the n-th line of ours that an operation comes to it runs
another operation in the same thread, or lets the process be forked. For each n.
"""

from __future__ import annotations

import os

import pytest

SOURCE = """
    import faulthandler, os, signal, sys, threading, warnings
    faulthandler.dump_traceback_later(50, exit=True)
    warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12
    import catzilla_jit
    from catzilla_jit import Runtime, task
    OURS = catzilla_jit.__file__.rpartition("/")[0]
    def plus(n):
        return n + 1
    python = task(compile_to_c=False)(plus)
    assert python.submit(1).result(20) == 2
    batch = python.submit_map([1])
    kept = []
    def make():
        kept.append(task(compile_to_c=False)(plus))
    def options():
        kept.append(python.options(priority="high"))
    def read():
        result = python.submit(1)
        assert catzilla_jit.get_runtime().get(result.task_id) is result
    def submit():
        kept.append(python.submit(1))
    def depend():
        kept.append(python.submit(python.submit(1)))
    def cancel():
        python.options(delay_ms=60_000).submit(1).cancel()
    def end():
        batch.cancel(), batch.done()
    def at_line(number, operation, do):
        left = number
        def trace(frame, event, argument):
            nonlocal left
            if not frame.f_code.co_filename.startswith(OURS):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    do()
            return trace
        sys.settrace(trace)
        try:
            operation()
        finally:
            sys.settrace(None)
        return left <= 0
    def at_each_line(operation, do, step=1):
        number = 1
        while at_line(number, operation, do):
            number += step
    for operation in (make, options, read, submit, depend, cancel, end):
        operation()  # what it needs is imported
"""


@pytest.mark.parametrize("operation", ["make", "options", "read", "submit", "depend", "cancel"])
def test_signals_handler_may_use_the_runtime_at_any_line(script, operation):
    script(
        SOURCE
        + f"""
    for handler in (make, options, read, submit, depend, cancel, end):
        at_each_line({operation}, handler, step=5)
    assert python.submit(1).result(20) == 2
    """
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("operation", ["make", "options", "read", "submit"])
def test_child_of_a_fork_at_any_line_of_another_thread_may_use_the_runtime(script, operation):
    script(
        SOURCE
        + f"""
    def fork():
        forked = threading.Event()
        def in_main():
            reached.set(), forked.wait(20)
        reached, answer = threading.Event(), []
        number = 1
        while True:
            reached.clear(), forked.clear(), answer.clear()
            thread = threading.Thread(
                target=lambda: answer.append(at_line(number, {operation}, in_main))
            )
            thread.start()
            while thread.is_alive() and not reached.wait(0.01):
                pass
            if not reached.is_set():
                thread.join()
                return number
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    signal.alarm(20)
                    make(), options(), read()
                    code = int(python.submit(1).result(20) != 2)
                finally:
                    os._exit(code)
            forked.set()
            thread.join()
            assert os.waitpid(child, 0)[1] == 0, number
            number += 3
    fork()
    """
    )
