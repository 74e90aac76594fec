"""Awaiting results, from any loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from catzilla_jit.errors import TaskCancelled
from support.gates import hold
from support.kernels import PATIENCE, add, root
from support.unruly import until


def run(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, PATIENCE)

    return asyncio.run(limited())


def test_await_gives_the_value(make):
    async def main():
        return await make(add).submit(1.0)

    assert run(main()) == 1.5


def test_await_of_what_has_ended(make):
    result = make(add).submit(1.0)
    result.result(PATIENCE)

    async def main():
        return await result, await result

    assert run(main()) == (1.5, 1.5)


def test_await_raises_what_the_task_raised(make):
    async def main():
        with pytest.raises(ValueError, match="no root"):
            await make(root).submit(-1.0)

    run(main())


def test_await_does_not_block_the_loop(make, gate):
    async def main():
        result = gate.hold(make(hold), 5)
        waiting = asyncio.ensure_future(wait_for(result))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        gate.open()
        return await waiting

    async def wait_for(result):
        return await result

    assert run(main()) == 5


def test_a_thousand_at_once(make):
    task = make(add)

    async def main():
        return await asyncio.gather(*(task.submit(float(i), 1.0) for i in range(1000)))

    threads = threading.active_count()
    assert run(main()) == [i + 1.0 for i in range(1000)]
    assert threading.active_count() < threads + 20


def test_two_loops_in_two_threads(make, gate):
    result = gate.hold(make(hold), 6)
    answers = []

    async def main():
        answers.append(await result)

    threads = [threading.Thread(target=run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    gate.open()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == [6, 6]


def test_cancelling_the_coroutine_cancels_the_task(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def wait_for():
        await result

    async def main():
        waiting = asyncio.ensure_future(wait_for())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())
    until(result.cancelled)
    gate.open()
    held.result(PATIENCE)


def test_wait_for_gives_up_and_cancels(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(result, 0.02)

    run(main())
    until(result.cancelled)
    gate.open()
    held.result(PATIENCE)


def test_cancelled_task_raises_in_the_coroutine(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)

    async def main():
        asyncio.get_running_loop().call_later(0.01, result.cancel)
        with pytest.raises(TaskCancelled):
            await result

    run(main())
    gate.open()
    held.result(PATIENCE)


def test_loop_that_was_closed_does_no_harm(make, gate):
    result = gate.hold(make(hold), 2)
    loop = asyncio.new_event_loop()

    async def start():
        iterator = result.__await__()
        next(iterator)
        return iterator

    suspended = loop.run_until_complete(start())
    loop.close()
    gate.open()
    assert result.result(PATIENCE) == 2
    assert make(add).submit(1.0).result(PATIENCE) == 1.5
    del suspended
