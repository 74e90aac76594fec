"""Ctrl-C at every point of a public call leaves nothing half done.

The signal is raised where CPython looks for one: at the entry of each function of the library's, at
the return of each call there, at each jump back; at the first such point, then at the second, until
the call has no more of them. The compile stage is left out: it runs within a shield.
"""

from __future__ import annotations

import pytest

from catzilla_jit.pools.native import library

POINTS = '''
import concurrent.futures, dis, os, signal, sys, threading, time
import catzilla_jit
from catzilla_jit import Runtime, gather, wait, as_completed
from catzilla_jit.errors import TaskCancelled

PACKAGE = os.path.dirname(catzilla_jit.__file__) + "/"
OURS = (PACKAGE, threading.__file__, os.path.dirname(concurrent.futures.__file__))

ROSTER = {"roster_entry", "_not_asked", "refresh", "refresh_roster", "roster_key"}

class Points:
    """Sends Ctrl-C at the point of this number."""
    def __init__(self, at):
        self.at, self.count, self.after = at, 0, {}
    def enter(self, frame, event, arg):
        name = frame.f_code.co_filename
        if not name.startswith(OURS) or name.startswith(PACKAGE + "compile"):
            return None
        if "roster" in name or {frame.f_code.co_name, frame.f_back.f_code.co_name} & ROSTER:
            return None  # as long as there are tasks
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.look()
        return self.step
    def step(self, frame, event, arg):
        if event == "return":
            self.after.pop(frame, None)
        elif event == "opcode":
            if self.after.get(frame):
                self.look()
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            self.after[frame] = name.startswith(("CALL", "JUMP_BACKWARD", "JUMP_ABSOLUTE"))
        return self.step
    def look(self):
        self.count += 1
        if self.count == self.at:
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)
    def press(self, call):
        """Make the call; return whether it had so many points."""
        # CPython does not hold it while it makes the frame object that it is called with, which
        # may collect garbage, and run a finalizer in which look() sets another one.
        tracer = self.enter
        try:
            sys.settrace(tracer)
            try:
                call()
            finally:
                sys.settrace(None)
        except KeyboardInterrupt:
            pass
        return self.count >= self.at

def add(x: float, y: float = 1.0) -> float:
    return x + y

MODE = {"compiled": "require", "python": False}[sys.argv[1]]
runtime = Runtime(workers=1)
task = runtime.task(add, compile_to_c=MODE)
patient = task.options(timeout_ms=50_000, max_retries=2)
task.submit(1.0, 2.0).result()
task.map([1.0], [1.0])
kept = []

def check():
    while kept:
        try:
            kept.pop().result(30)
        except TaskCancelled:
            pass
    told = threading.Event()
    task.submit(1.0, 2.0).add_done_callback(lambda result: told.set())
    assert told.wait(30)
    assert patient.submit(1.0, 2.0).result(30) == 3.0
    assert task.map([1.0, 2.0], 1.0).tolist() == [2.0, 3.0]

CALLS = []

@CALLS.append
def submit_with_limits():
    kept.append(patient.submit(1.0, 2.0))
@CALLS.append
def submit_with_a_delay():
    kept.append(task.options(delay_ms=1).submit(1.0, 2.0))
@CALLS.append
def submit_with_a_default():
    kept.append(task.submit(1.0))
@CALLS.append
def submit_what_depends():
    kept.append(task.submit(task.submit(1.0, 2.0)))
@CALLS.append
def first_submission():
    kept.append(task.options(name='again').submit(1.0, 2.0))
@CALLS.append
def callback():
    task.submit(1.0, 2.0).add_done_callback(id)
@CALLS.append
def a_future():
    future = task.submit(1.0, 2.0).future()
    future.add_done_callback(id)
    future.cancel()
@CALLS.append
def futures_result():
    task.submit(1.0, 2.0).future().result(30)
@CALLS.append
def mapping():
    task.map([1.0, 2.0], 1.0)
@CALLS.append
def submitting_a_map():
    kept.append(task.options(timeout_ms=50_000).submit_map([1.0, 2.0], 1.0))
@CALLS.append
def gathering():
    gather(task.submit(1.0), task.submit(2.0), timeout=30)
@CALLS.append
def waiting():
    wait([task.submit(1.0), patient.submit(2.0, 1.0)], 30, 'FIRST_COMPLETED')
@CALLS.append
def in_order():
    list(as_completed([task.submit(1.0), task.submit(2.0)], 30))
@CALLS.append
def registration():
    runtime.task(add, compile_to_c=MODE, name='new')
@CALLS.append
def a_runtime():
    other = Runtime(workers=1)
    kept.append(other.task(add, compile_to_c=MODE).submit(1.0))
    other.shutdown(timeout=30)

# Every so many points; primes, so that the calls are hit in other places than each other.
for call, step in zip(CALLS, (13, 17, 19) * 5):
    at = 1
    while Points(at).press(call):
        try:
            check()
        except BaseException:
            print(call.__name__, "at point", at, file=sys.stderr)
            raise
        at += step
runtime.shutdown(timeout=30)
'''


def test_ctrl_c_inside_a_call_leaves_nothing_half_done(script, kind):
    # Where it hits a finalizer Python reports it, and goes on.
    done = script(POINTS, kind, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(library.unavailable() is not None, reason="Python code can be hit")
def test_ctrl_c_while_a_dropped_runtime_is_closed_is_raised_behind_it(script, kind):
    script("""
        import signal
        import sys

        from catzilla_jit import Runtime

        mode = {"compiled": "require", "python": False}[sys.argv[1]]
        runtime = Runtime(workers=1)
        task = runtime.task(lambda x: x + 1, compile_to_c=mode)
        assert task.submit(1).result() == 2
        backend = runtime._backend
        close, told = backend.close, []

        def pressed():
            signal.raise_signal(signal.SIGINT)
            for step in range(100):
                told.append(step)
            close()

        backend.close = pressed
        try:
            del task, runtime
            for _ in range(10):
                pass
        except KeyboardInterrupt:
            assert told == list(range(100))
        else:
            raise AssertionError("it was lost")
        assert backend.join(30)
    """, kind)  # fmt: skip
