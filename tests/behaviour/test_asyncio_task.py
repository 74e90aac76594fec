"""What an asyncio.Task sees of a result that it waits for: values, ends, contexts, memory."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import sys
import weakref

import pytest

from catzilla_jit.pools.native import library
from support.gates import hold
from support.kernels import PATIENCE, add

NATIVE = library.unavailable() is None


def run(coroutine, debug=False):
    async def limited():
        return await asyncio.wait_for(coroutine, PATIENCE)

    return asyncio.run(limited(), debug=debug)


async def value_of(result):
    return await result


@pytest.mark.parametrize("value", [(1, 2), (), None, KeyError("a value"), StopIteration(3)])
def test_any_object_can_be_the_value(single, gate, value):
    async def main():
        gate.hold(single.task(hold, compile_to_c=False))
        late = single.task(lambda: value, compile_to_c=False, name="late").submit()
        waiting = asyncio.ensure_future(value_of(late))
        await asyncio.sleep(0)
        gate.open()
        return await waiting

    assert run(main()) is value


@pytest.mark.parametrize("ended", [True, False])
def test_stop_iteration_of_a_task_is_not_the_end_of_the_await(single, gate, ended):
    def stop():
        raise StopIteration(5)

    async def main():
        gate.hold(single.task(hold, compile_to_c=False))
        late = single.task(stop, compile_to_c=False).submit()
        waiting = asyncio.ensure_future(value_of(late))
        if not ended:
            await asyncio.sleep(0)
        gate.open()
        if ended:
            await asyncio.to_thread(late.exception, PATIENCE)
        with pytest.raises(RuntimeError, match="StopIteration") as caught:
            await waiting
        assert isinstance(caught.value.__cause__, StopIteration)

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio loses it on the way before 3.11")
def test_cancellation_carries_its_message(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def main():
        waiting = asyncio.ensure_future(value_of(result))
        await asyncio.sleep(0)
        waiting.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await waiting
        assert waiting.cancelled()

    run(main())
    gate.open()
    held.result(PATIENCE)


def test_coroutine_goes_on_after_a_cancellation_it_swallows(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def stubborn():
        try:
            await result
        except asyncio.CancelledError:
            gate.open()
            return await make_on(single, add).submit(2.0)

    async def main():
        waiting = asyncio.ensure_future(stubborn())
        await asyncio.sleep(0)
        waiting.cancel()
        return await waiting

    assert run(main()) == 2.5
    held.result(PATIENCE)


def test_coroutine_goes_on_in_its_own_context(make, gate):
    name = contextvars.ContextVar("name")

    async def one(given):
        name.set(given)
        await held
        return name.get()

    held = gate.hold(make(hold))

    async def main():
        waiting = [asyncio.ensure_future(one(given)) for given in "ab"]
        await asyncio.sleep(0)
        gate.open()
        return await asyncio.gather(*waiting)

    assert run(main()) == ["a", "b"]


def test_exit_in_one_coroutine_does_not_lose_the_others(make, gate):
    held = gate.hold(make(hold), 7)
    values = []

    async def leave():
        await held
        raise SystemExit(3)

    async def one():
        values.append(await held)

    loop = asyncio.new_event_loop()
    waiting = [loop.create_task(coroutine) for coroutine in (one(), leave(), one(), one())]
    loop.run_until_complete(asyncio.sleep(0))
    gate.open()
    with pytest.raises(SystemExit):
        loop.run_until_complete(asyncio.wait(waiting))
    loop.run_until_complete(asyncio.wait_for(asyncio.wait(waiting), PATIENCE))
    loop.close()
    assert values == [7, 7, 7]
    assert isinstance(waiting[1].exception(), SystemExit)


def test_debug_mode_names_the_coroutine_that_holds_up_the_loop(make, gate, caplog):
    held = gate.hold(make(hold), 7)

    async def slow_after_it():
        await held

    async def main():
        loop = asyncio.get_running_loop()
        waiting = asyncio.ensure_future(slow_after_it())
        await asyncio.sleep(0)
        loop.slow_callback_duration = 0.0
        gate.open()
        await waiting
        loop.slow_callback_duration = 1e9

    with caplog.at_level(logging.WARNING, "asyncio"):
        run(main(), debug=True)
    assert "slow_after_it" in caplog.text


def test_result_and_coroutine_are_freed_after_the_await(make, gate):
    """Without a collection: nothing may be left in a cycle."""
    gc.disable()
    try:
        task = make(hold)
        seen = []

        async def one():
            result = gate.submit(task, 3)
            seen.append(weakref.ref(asyncio.current_task()))
            await result

        async def main():
            waiting = asyncio.ensure_future(one())
            await asyncio.sleep(0)
            gate.entered()
            gate.open()
            await waiting

        run(main())
        assert seen[0]() is None
    finally:
        gc.enable()


def test_two_coroutines_of_which_one_is_cancelled(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def main():
        first, second = (asyncio.ensure_future(value_of(result)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await asyncio.gather(first, second, return_exceptions=True)

    both = run(main())
    assert [type(error).__name__ for error in both] == ["CancelledError", "TaskCancelled"]
    gate.open()
    held.result(PATIENCE)


@pytest.mark.skipif(not NATIVE, reason="its await is a generator")
def test_waiter_outside_of_asyncio_says_so(make, gate):
    held = gate.hold(make(hold), 7)
    steps = value_of(held)
    with pytest.raises(RuntimeError, match="no running event loop"):
        steps.send(None)

    async def main():
        steps = value_of(held)
        steps.send(None)
        with pytest.raises(RuntimeError, match="outside of asyncio"):
            steps.send(None)

    run(main())
    gate.open()
    held.result(PATIENCE)
