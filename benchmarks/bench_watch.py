"""What does a page that is open cost the runtime that it shows?

Millions of compiled tasks are submitted in pieces of 10,000, whose results are read. Meanwhile a
thread makes the page's snapshot once a second, as the web app does; the baseline has no such
thread. Compared is the processor time of the process per task, which other programs disturb less
than the time that passes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import measure

from catzilla_jit import Runtime
from catzilla_jit.stats import reader
from catzilla_jit.stats.thread_usage import ThreadUsage
from catzilla_jit.stats.views.live_document import LiveView

PIECE = 10_000
runtime = Runtime()


@runtime.task(compile_to_c="require")
def add(a: float, b: float) -> float:
    return a + b


def run(pieces: int) -> float:
    """Return the processor time per task, in nanoseconds."""
    began = time.process_time()
    for _ in range(pieces):
        for result in [add.submit(float(number), 0.5) for number in range(PIECE)]:
            result.result()
    return 1e9 * (time.process_time() - began) / (pieces * PIECE)


def watched(pieces: int, seconds: float) -> float:
    """Return the same while snapshots are made, one at the start and then one every so often."""
    view = LiveView(ThreadUsage(os.getpid()))
    ended = threading.Event()

    def watch() -> None:
        roster = reader.registered(os.getpid(), runtime.stats().runtime)
        while True:
            view.document(runtime.stats(), roster)
            if ended.wait(seconds):
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        return run(pieces)
    finally:
        ended.set()
        thread.join()


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=5)
    report = measure.Report("bench_watch", options)
    pieces = options.size(400, 2)
    runtime.warm_up()
    subjects: dict[str, Callable[[], float]] = {
        "watched": lambda: watched(pieces, 1.0),
        "not watched": lambda: run(pieces),
    }
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    report.ratio(
        "processor time of a task, watched / not watched", figures, "watched", "not watched",
        "ns", 1.02, "at most",
    )  # fmt: skip
    report.finish()


if __name__ == "__main__":
    main()
