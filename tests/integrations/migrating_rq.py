"""A small program for RQ, which test_migration.py runs there and over our runtime."""

from __future__ import annotations

import datetime
import sys
import time

from redis import Redis
from rq import Queue, Retry

queue = Queue("migrating", connection=Redis(port=int(sys.argv[1])))


def wait(job):
    while job.get_status() not in ("finished", "failed", "canceled"):
        time.sleep(0.005)
    return job


def status(job):
    names = ("queued", "scheduled", "deferred", "started", "finished", "failed", "canceled")
    return next(name for name in names if job.get_status() == name)


def main():
    job = wait(queue.enqueue("operator.add", 2, 3))
    print(status(job), job.return_value(), job.is_finished, job.is_failed)
    job = wait(queue.enqueue("operator.truediv", 1, 0))
    print(status(job), job.return_value(), job.is_failed)
    job = wait(queue.enqueue(divmod, 7, 2, job_timeout=60))
    print(job.return_value(), job.id != "")
    first = queue.enqueue("time.sleep", 0.2)
    second = queue.enqueue(len, "abc", depends_on=first)
    print(status(second), wait(second).return_value(), status(first))
    late = queue.enqueue_in(datetime.timedelta(seconds=60), len, "abc")
    print(status(late))
    late.cancel()
    print(status(late), late.return_value())
    print(status(wait(queue.enqueue("math.sqrt", "x", retry=Retry(max=1)))))
    begin = time.perf_counter()
    jobs = [queue.enqueue(len, "a" * i) for i in range(30)]
    assert [wait(job).return_value() for job in jobs] == list(range(30))
    print(f"rate {30 / (time.perf_counter() - begin):.0f}", file=sys.stderr)


if __name__ == "__main__":
    main()
