"""Nothing is kept of what has ended: as many objects after some thousand submissions as before."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys

import pytest

from catzilla_jit import chain, gather, group
from catzilla_jit.errors import TaskCancelled
from catzilla_jit.pools.native import library
from support.kernels import PATIENCE, add, refuse
from support.unruly import until

COUNT = 400
NATIVE = library.unavailable() is None


def callbacks(make):
    left = []
    for i in range(COUNT):
        left.append(i)
        result = make(add).submit(1.0).on_success(lambda _: None).on_error(left.append)
        result.add_done_callback(lambda _: left.pop())
    until(lambda: not left)


def awaits(make):
    async def one(result):
        with contextlib.suppress(ValueError):
            await result

    async def main():
        task, failing = make(add), make(refuse)
        await asyncio.gather(*[one(task.submit(1.0)) for _ in range(COUNT // 2)])
        await asyncio.gather(*[one(failing.submit(-1)) for _ in range(COUNT // 2)])

    asyncio.run(main())


def cancelled_awaits(make):
    async def one(result):
        await result

    async def main():
        for _ in range(COUNT // 2):
            waiting = asyncio.ensure_future(one(make(add).submit(1.0)))
            await asyncio.sleep(0)
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError, TaskCancelled):
                await waiting

    asyncio.run(main())


def workflows(make):
    task, failing = make(add), make(refuse)
    for _ in range(COUNT // 10):
        results = [task.submit(1.0).then(task, 2.0), failing.submit(-1).then(task)]
        results += [chain(task, task).submit(1.0), group(task, failing).submit(-1)]
        gather(*results, timeout=PATIENCE, return_exceptions=True)


def futures(make):
    followed = [make(add).submit(1.0).future() for _ in range(COUNT)]
    assert all(future.result(PATIENCE) == 1.5 for future in followed)


def maps(make):
    for _ in range(COUNT // 5):
        make(add).submit_map([1.0, 2.0]).future().result(PATIENCE)
        make(refuse).submit_map([1, -2]).exception(PATIENCE)
        make(add).submit_map([1.0, 2.0]).cancel()


def retries(make):
    task = make(refuse, max_retries=2, retry_delay_ms=0)
    gather(*[task.submit(-1) for _ in range(COUNT // 2)], return_exceptions=True)


def held_now(runtime):
    """Return the objects in use, and the bytes held for records, when all is quiet."""
    pool = runtime.start()
    until(lambda: not any(pool.depths()))  # what was cancelled is taken off by the workers
    assert pool.dispatcher.drain(PATIENCE)
    gc.collect()
    memory = pool.memory()[0] if NATIVE else 0
    return sys.getallocatedblocks(), memory


@pytest.mark.parametrize(
    "work", [callbacks, awaits, cancelled_awaits, workflows, futures, maps, retries]
)
def test_what_has_ended_leaves_nothing(make_on, single, work):
    def make(function, **options):
        key = function, *options
        return tasks.setdefault(key, make_on(single, function, **options))

    tasks = {}
    for _ in range(2):
        work(make)
    assert any(_leaves_nothing(single, lambda: work(make)) for _ in range(3))


def _leaves_nothing(runtime, work):
    """Do it three times. What is made once, a cache or a late import, shows in one such round."""
    blocks, memory = held_now(runtime)
    for _ in range(3):
        work()
    # One object for each submission would be 600 at least. Threads of the pool may be about to
    # let go of what they had.
    with contextlib.suppress(AssertionError):
        until(lambda: held_now(runtime)[0] - blocks < COUNT, 5)
    after = held_now(runtime)
    return after[0] - blocks < COUNT and after[1] - memory <= 2**18
