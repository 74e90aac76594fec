"""How much memory does a long churn of tasks of mixed sizes hold, on malloc and on jemalloc?

One program, in a process of its own per subject and round: 200,000 tasks make strings and arrays
of 64 bytes to 64 KiB (sizes even on a logarithmic scale); each value takes the place of one
of 10,000 that are held, chosen at random with a fixed seed. Then nine of ten are dropped, and
for 12 seconds one task of the same kind runs every 10 ms (jemalloc gives pages back after 10
seconds, and only while it is used).

Subjects: compiled tasks on malloc, the same with jemalloc preloaded, with jemalloc told to give
pages back sooner (as `catzilla-jit run` does), the same functions in a ThreadPoolExecutor on
malloc.
Figures: resident memory beyond that before the churn, at its peak, while 10,000 are held, right
after the drop, and at the end; the same per byte held; what the allocator itself calls
fragmentation, 1 - allocated / active, at these times (the two define active differently,
docs/memory.md); tasks per second of the churn.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import measure
import numpy as np

from catzilla_jit import Runtime, jemalloc
from catzilla_jit.stats import allocator

SEED = 20_240_607
AT_ONCE = 200  # submitted before their results are read


def word(n: int) -> str:
    return "x" * n


def ramp(n: int) -> np.ndarray:
    return np.arange(n // 8) * 2.0


Submit = Callable[[int], Any]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def size_of(value: Any) -> int:
    return int(value.nbytes) if isinstance(value, np.ndarray) else len(value)


def churn(submits: tuple[Submit, Submit], tasks: int, held: int) -> dict[str, float]:
    """Return what one subject held, in bytes, and how many tasks it ran per second."""
    chance = random.Random(SEED)
    for submit in submits:  # code paths
        submit(64).result()
    gc.collect()
    before = resident_bytes()
    values: list[Any] = [None] * held
    began = time.perf_counter()
    for _ in range(tasks // AT_ONCE):
        sizes = [draw(chance) for _ in range(AT_ONCE)]
        results = [chance.choice(submits)(size) for size in sizes]
        for result in results:
            values[chance.randrange(held)] = result.result()
    del result, results
    took = time.perf_counter() - began
    full = {
        "full": resident_bytes() - before,
        "full_live": sum(map(size_of, present(values))),
        "full_fragmentation": fragmentation(),
    }
    for i in range(held):
        if i % 10:
            values[i] = None
    gc.collect()
    found = fragmentation()
    dropped = resident_bytes() - before
    go_on(submits, chance, 12.0 if tasks > 10_000 else 0.0)
    return {
        **full,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before,
        "dropped": dropped,
        "end": resident_bytes() - before,
        "end_live": sum(map(size_of, present(values))),
        "dropped_fragmentation": found,
        "end_fragmentation": fragmentation(),
        "rate": tasks / took,
    }


def fragmentation() -> float:
    return float(allocator.allocator_stats().get("fragmentation_percent", -1.0))


def go_on(submits: tuple[Submit, Submit], chance: random.Random, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        chance.choice(submits)(draw(chance)).result()
        time.sleep(0.01)


def draw(chance: random.Random) -> int:
    """Return a size from 64 to 65,536, even on a logarithmic scale."""
    return int(64 * 1024 ** chance.random())


def present(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def compiled(tasks: int, held: int) -> dict[str, float]:
    with Runtime(workers=2) as runtime:
        made = [runtime.task(function, compile_to_c="require") for function in (word, ramp)]
        return churn((made[0].submit, made[1].submit), tasks, held)


def executor(tasks: int, held: int) -> dict[str, float]:
    with ThreadPoolExecutor(2) as pool:
        return churn((lambda n: pool.submit(word, n), lambda n: pool.submit(ramp, n)), tasks, held)


STAGES = (
    ("peak", "at the peak"),
    ("full", "while held"),
    ("dropped", "right after the drop"),
    ("end", "at the end"),
)
SOONER = jemalloc.SETTINGS  # as catzilla-jit run has it
CHILDREN = {
    "malloc": compiled,
    "jemalloc": compiled,
    "jemalloc, sooner": compiled,
    "ThreadPoolExecutor": executor,
}


def in_child(name: str, tasks: int, held: int) -> dict[str, float]:
    environ = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    library = jemalloc.find_library()
    if name.startswith("jemalloc") and library is not None:
        environ = jemalloc.environment(library, environ)
        environ["MALLOC_CONF"] = SOONER if name.endswith("sooner") else ""
    command = [sys.executable, __file__, "--child", name, str(tasks), str(held)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ)
    return cast("dict[str, float]", json.loads(done.stdout))


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=3)
    report = measure.Report("bench_churn", options)
    tasks, held = options.size(200_000, 2_000), options.size(10_000, 200)
    names = list(CHILDREN)
    if jemalloc.find_library() is None:
        names = [name for name in names if not name.startswith("jemalloc")]
        report.skip("jemalloc", "it is not installed")
    rounds = [{name: in_child(name, tasks, held) for name in names} for _ in range(options.rounds)]

    def figures(key: str, scale: float = 1.0) -> dict[str, list[float]]:
        return {name: [found[name][key] * scale for found in rounds] for name in names}

    pairs = (
        ("jemalloc", "malloc"),
        ("jemalloc, sooner", "malloc"),
        ("malloc", "ThreadPoolExecutor"),
    )
    for name, base in pairs:
        if name not in names:
            continue
        for key, text in STAGES:
            claim = f"resident memory {text}, {name} / {base}"
            report.ratio(claim, figures(key, 2**-20), name, base, "MB", None, "at most")
        report.ratio(f"rate, {name} / {base}", figures("rate"), name, base, "tasks/s", None)
    for name in names:
        for key in ("full", "end"):
            per_byte = [found[name][key] / found[name][key + "_live"] for found in rounds]
            claim = f"resident bytes per byte held, {name}, {key}"
            report.add(measure.Finding(claim, statistics.median(per_byte), "", None, "at most"))
        for key, text in STAGES[1:]:
            percent = statistics.median(figures(f"{key}_fragmentation")[name])
            claim = f"fragmentation by the allocator's own figures, {name}, {text}"
            report.add(measure.Finding(claim, percent, " percent", None, "at most"))
    report.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(CHILDREN[sys.argv[2]](int(sys.argv[3]), int(sys.argv[4]))), flush=True)
    else:
        main()
