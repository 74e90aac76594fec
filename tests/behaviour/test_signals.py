"""What signals' handlers raise waits for the end of a shield; nothing else about them changes."""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import threading
import time

import pytest

from catzilla_jit.pools.interrupt import (
    call_exposed,
    call_shielded,
    check_interrupt,
    join_thread,
    shielded,
    wait_for,
)


class Raised(Exception):
    pass


def press(number=signal.SIGINT):
    signal.raise_signal(number)


def look():
    """Give CPython an occasion to run handlers."""
    for _ in range(10):
        pass


@pytest.fixture
def alarm():
    """SIGALRM raises."""

    def handler(_number, _frame):
        raise Raised

    before = signal.signal(signal.SIGALRM, handler)
    yield handler
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_comes_behind_the_shield():
    done = []

    @shielded
    def change():
        press()
        look()
        done.append("changed")

    with pytest.raises(KeyboardInterrupt):
        change()
    assert done == ["changed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_any_handler_that_raises_comes_behind_the_outermost_shield(alarm):
    done = []

    def inner():
        press(signal.SIGALRM)
        look()
        done.append("inner")

    def outer():
        call_shielded(inner)
        look()
        done.append("outer")

    with pytest.raises(Raised):
        call_shielded(outer)
    assert done == ["inner", "outer"]
    assert signal.getsignal(signal.SIGALRM) is alarm


def test_interrupt_main_is_held_back_too():
    done = []

    def change():
        thread = threading.Thread(target=_thread.interrupt_main)
        thread.start()
        thread.join()
        done.append("changed")

    with pytest.raises(KeyboardInterrupt):
        call_shielded(change)
    assert done == ["changed"]


def test_exception_of_the_shielded_code_is_the_context_of_the_handlers():
    def fail():
        press()
        raise ValueError("of the code")

    with pytest.raises(KeyboardInterrupt) as caught:
        call_shielded(fail)
    assert str(caught.value.__context__) == "of the code"


def test_exposed_code_is_hit_at_once_and_the_shield_goes_on_behind_it():
    steps = []

    def exposed():
        press()
        look()
        steps.append("not reached")

    def change():
        with pytest.raises(KeyboardInterrupt):
            call_exposed(exposed)
        press()
        look()
        steps.append("held again")

    with pytest.raises(KeyboardInterrupt):
        call_shielded(change)
    assert steps == ["held again"]


def test_a_wait_within_a_shield_may_ask():
    def wait():
        press()
        look()
        with pytest.raises(KeyboardInterrupt):
            check_interrupt()
        return "asked once"

    assert call_shielded(wait) == "asked once"


def test_a_handler_that_is_set_within_a_shield_stays(alarm):
    def other(_number, _frame):
        raise AssertionError

    call_shielded(signal.signal, signal.SIGALRM, other)
    assert signal.getsignal(signal.SIGALRM) is other


def test_what_has_no_python_handler_is_left_alone():
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        assert call_shielded(signal.getsignal, signal.SIGUSR1) is signal.SIG_IGN
        call_shielded(press, signal.SIGUSR1)
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_asyncio_hears_of_a_signal_once():
    heard = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR2, heard.append, 1)
        call_shielded(press, signal.SIGUSR2)
        await asyncio.sleep(0.01)
        loop.remove_signal_handler(signal.SIGUSR2)

    asyncio.run(main())
    assert heard == [1]


def test_other_threads_run_no_handlers_and_hold_none():
    held = []
    thread = threading.Thread(
        target=lambda: held.append(call_shielded(signal.getsignal, signal.SIGINT))
    )
    thread.start()
    thread.join()
    assert held == [signal.default_int_handler]


@pytest.mark.parametrize("wait", ["event", "thread"])
def test_ctrl_c_ends_a_wait_and_leaves_what_was_waited_for(wait):
    event = threading.Event()
    thread = threading.Thread(target=event.wait, args=(60,))
    thread.start()
    pressing = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    pressing.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait_for(event, 30) if wait == "event" else join_thread(thread, None)
    assert time.monotonic() - began < 10
    assert thread.is_alive()
    event.set()
    assert join_thread(thread, time.monotonic() + 30)
    pressing.join()


def test_child_of_another_thread_has_the_handlers(script):
    done = script(
        """
    import os, signal, threading
    import catzilla_jit
    from catzilla_jit.pools.interrupt import call_shielded
    inside, forked = threading.Event(), threading.Event()
    def fork():
        inside.wait(30)
        child = os.fork()
        if child == 0:
            found = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                os._exit(0 if found else 1)
            os._exit(2)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        forked.set()
    thread = threading.Thread(target=fork)
    thread.start()
    call_shielded(lambda: (inside.set(), forked.wait(30)))
    """,
        PYTHONWARNINGS="ignore",
    )  # 3.12 warns of a fork beside a thread
    assert done.stdout.split() == ["0"]
