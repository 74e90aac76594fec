"""await: many at once, twice the same, cancelled, in several loops; the loop keeps its turns."""

from __future__ import annotations

import asyncio
import threading

import pytest

from catzilla_jit.errors import TaskCancelled
from support.gates import hold
from support.kernels import PATIENCE, count, refuse


def run(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, PATIENCE)

    return asyncio.run(limited())


def test_ten_thousand_at_once(make):
    task = make(count)

    async def one(i):
        return await task.submit(i)

    async def main():
        return await asyncio.gather(*[one(i) for i in range(10_000)])

    assert run(main()) == list(range(1, 10_001))


def test_two_coroutines_await_the_same_result(make, gate):
    held = gate.hold(make(hold), 7)

    async def one():
        return await held

    async def main():
        waiting = [asyncio.ensure_future(one()) for _ in range(3)]
        await asyncio.sleep(0)
        gate.open()
        return await asyncio.gather(*waiting)

    assert run(main()) == [7, 7, 7]


def test_loops_of_two_threads_await_the_same_result(make, gate):
    held = gate.hold(make(hold), 7)
    values = []
    suspended = threading.Semaphore(0)

    async def main():
        waiting = asyncio.ensure_future(asyncio.wait_for(one(), PATIENCE))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        suspended.release()
        values.append(await waiting)

    async def one():
        return await held

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert suspended.acquire(timeout=PATIENCE)
    gate.open()
    for thread in threads:
        thread.join(PATIENCE)
    assert values == [7, 7]


def test_failure_and_cancellation_are_raised(make, gate):
    async def main(result):
        return await result

    with pytest.raises(ValueError, match="negative"):
        run(main(make(refuse).submit(-1)))
    for _ in range(2):
        gate.hold(make(hold))
    queued = make(count).submit(1)
    queued.cancel()
    with pytest.raises(TaskCancelled):
        run(main(queued))


def test_cancelling_the_coroutine_cancels_the_task(make, gate):
    for _ in range(2):
        gate.hold(make(hold))
    queued = make(count).submit(1)

    async def main():
        waiting = asyncio.ensure_future(one())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def one():
        return await queued

    run(main())
    assert queued.cancelled()


def test_awaits_in_a_row_give_the_loop_turns(make):
    """Also when each task has ended before the coroutine would be suspended."""
    task = make(count)
    turns = 0

    async def ticker():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main():
        ticking = asyncio.ensure_future(ticker())
        for i in range(1000):
            await task.submit(i)
        ticking.cancel()

    run(main())
    assert turns >= 1000 // 64


def test_a_python_task_may_run_a_loop_on_the_only_worker(single):
    async def main():
        return await asyncio.gather(*[one(i) for i in range(10)])

    async def one(i):
        return await child.submit(i)

    child = single.task(count, compile_to_c=False)
    parent = single.task(lambda: asyncio.run(main()), compile_to_c=False, name="parent")
    assert parent.submit().result(PATIENCE) == list(range(1, 11))
