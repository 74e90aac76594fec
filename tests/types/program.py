"""A user's program, as mypy --strict and pyright see it (tools/user_types.py).

A line that ends in `# error` must be reported by both; no other line may be.
"""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from catzilla_jit import (
    BatchResult,
    Executor,
    Runtime,
    Task,
    TaskPriority,
    TaskResult,
    TaskStatus,
    add_task,
    as_completed,
    configure,
    gather,
    get_task_stats,
    task,
)
from catzilla_jit.errors import TaskTimeout


@task
def price(spot: float, strike: float = 95.0) -> float:
    return max(spot - strike, 0.0)


@task(priority=TaskPriority.HIGH, max_retries=3, timeout_ms=50, retry_on=(OSError, ValueError))
def count(text: str) -> int:
    return len(text)


@task(compile_to_c=False, name="fetch")
async def fetch(url: str) -> bytes:
    await asyncio.sleep(0.1)
    return url.encode()


@task(prioritiy="high")  # error
def misspelt(x: float) -> float:
    return x


@task(overflow="ignore")  # error
def unknown_choice(x: int) -> int:
    return x


class Account:
    def __init__(self, rate: float) -> None:
        self.rate = rate

    @task
    def interest(self, amount: float) -> float:
        return amount * self.rate


def results() -> float:
    result = price.submit(100.0, 95.0)
    keyword = price.submit(spot=100.0)
    price.submit("100")  # error
    price.submit(100.0, 95.0, 1.0)  # error
    price.submit(100.0, strik=95.0)  # error
    value: float = result.result(timeout=1.0)
    text: str = keyword.result()  # error
    status: TaskStatus = result.status()
    print(text, status, result.task_id, result.done(), result.retries, result.execution_time_ms)
    length: TaskResult[int] = price.submit(1.0).then(count)
    chained = price.submit(result, 95.0).on_success(lambda x: print(x + 1.0)).result()
    second: float = price.submit(1.0, result).wait()
    result.on_success(lambda x: x.upper())  # error
    future: Future[float] = result.future()
    return value + length.result() + chained + second + future.result() + price(1.0)


def maps() -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = price.map([100.0, 101.0], 95.0)
    lengths: npt.NDArray[np.int64] = count.map(["a", "bc"], errors="collect", progress=True)
    wrong: npt.NDArray[np.int64] = price.map([100.0])  # error
    batch: BatchResult[npt.NDArray[Any]] = price.submit_map([1.0], priority="low", chunk_size=10)
    price.submit_map([1.0], chunk_size=1.5)  # error
    print(lengths, wrong, batch.progress, batch.errors, batch.wait())
    return array


async def coroutines() -> float:
    page: bytes = await fetch("here")
    later: bytes = await fetch.submit("there")
    values: list[float] = gather(price.submit(1.0), price.submit(2.0))
    mixed = gather(price.submit(1.0), return_exceptions=True)
    both = await asyncio.gather(price.submit(1.0), count.submit("a"))
    first: float = both[0]
    number: str = await price.submit(1.0)  # error
    print(page, later, mixed, number)
    return first + both[1] + sum(values)


def methods(account: Account) -> float:
    account.interest.submit("10")  # error
    print(account.interest.map([1.0, 2.0]), Account.interest.submit(account, 1.0))
    return account.interest.submit(10.0).result() + account.interest(1.0)


def runtimes() -> None:
    configure(workers=2, queue_size=100)
    with Runtime(workers=2, thread_name_prefix="mine", when_full="raise") as runtime:
        here: Task[[float, float], float] = runtime.task(price.options(priority="low"))
        added: TaskResult[int] = runtime.add_task(len, [1, 2], priority="high", delay_ms=5)
        submitted: int = runtime.submit(len, [1, 2]).result()
        print(here.explain().reasons, here.compiled, runtime.stats().tasks_per_second)
        for done in as_completed([added, price.submit(1.0)]):
            print(done.result(), submitted)
    price.options(timeout_ms=50, priority="critical").submit(100.0)
    price.options(timeout=50)  # error
    word: str = add_task(len, "abc").result()  # error
    print(word, get_task_stats().p95_wait_time_ms, get_task_stats().p96)  # error


def executors() -> list[float]:
    with Executor(max_workers=4) as executor:
        futures = [executor.submit(price, float(i), 95.0) for i in range(10)]
        wait_for(futures)
        try:
            return [future.result() for future in futures] + list(executor.map(price, [1.0]))
        except TaskTimeout:
            print(inspect.signature(price))
            raise


def choose(level: TaskPriority) -> int:
    match level:
        case TaskPriority.CRITICAL | TaskPriority.HIGH:
            return 0
        case TaskPriority.NORMAL | TaskPriority.LOW:
            return 1
    assert_never(level)
