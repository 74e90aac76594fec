"""A small program for Celery, which test_migration.py runs there and over our runtime."""

from __future__ import annotations

import os
import sys
import time

from celery import Celery, chain, chord, group

app = Celery("migrating_celery", broker=os.environ["BROKER"], backend=os.environ["BROKER"])


@app.task
def add(x, y):
    return x + y


@app.task
def total(values):
    return sum(values)


@app.task
def fail(x):
    raise ValueError(f"{x} is bad")


@app.task(autoretry_for=(OSError,), max_retries=2, default_retry_delay=0.1)
def flaky(path):
    with open(path, "a+") as file:
        file.write("x")
        file.seek(0)
        if len(file.read()) < 3:
            raise OSError("not yet")
    return "third try"


def main(path):
    result = add.delay(2, 3)
    print(
        result.get(timeout=60), result.ready(), result.successful(), result.failed(), result.state
    )
    print(add.apply_async((1,), {"y": 2}, countdown=0.2, retry=True).get(timeout=60))
    failed = fail.delay(7)
    try:
        failed.get(timeout=60)
    except ValueError as error:
        print("ValueError", error, failed.state, failed.failed())
    print(flaky.delay(path).get(timeout=60))
    print(chain(add.s(1, 2), add.s(10), add.si(5, 5))().get(timeout=60))
    print(chain(add.s(1, 2), add.s(10))().get(timeout=60))
    print(group(add.s(i, i) for i in range(5))().get(timeout=60))
    print(chord([add.s(i, 1) for i in range(4)])(total.s()).get(timeout=60))
    late = add.apply_async((1, 1), countdown=60)
    late.revoke()
    begin = time.perf_counter()
    results = [add.delay(i, 1) for i in range(100)]
    assert [result.get(timeout=60) for result in results] == [i + 1 for i in range(100)]
    print(f"rate {100 / (time.perf_counter() - begin):.0f}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
