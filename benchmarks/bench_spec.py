"""The table of the specification: what do the systems do with the same tasks, side by side?

Simple tasks: `a + b`. CPU tasks: 1,000 steps of float arithmetic in a loop. Each is submitted by
itself, and every result is read; figures are tasks a second. Memory: by how much the resident
memory of the process grows when the results of the simple tasks are held, per task. Start: from the
start of a process to its first result.

Each subject runs in a fresh process per round, with as many workers as there are cores. Celery
and RQ run with a Redis server of their own, where these are installed; Go, Rust and Rust with rayon
where there is a compiler. `--json FILE --picture FILE.svg` draws the table.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import measure
import peer
from spec_subjects import STEPS, SUBJECTS, WORKERS, heavy, simple

COLUMNS = {
    "simple": ("simple tasks", "tasks/s"),
    "heavy": ("CPU tasks", "tasks/s"),
    "memory": ("memory of a held result", "bytes"),
    "start": ("start of a process to its first result", "ms"),
}
BASE = "ThreadPoolExecutor"


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def child(name: str, factor: float) -> dict[str, float]:
    """Return the figures of one subject; in a process of its own."""
    make, many, some, _ = SUBJECTS[name]
    with make() as run:
        run(simple, [1.0])
        first = time.time()
        run(heavy, [1.0])
        numbers = [float(i) for i in range(max(20, int(many * factor)))]
        few = numbers[: max(20, int(some * factor))]
        run(simple, numbers[: len(numbers) // 10])  # threads and heaps come to their size
        gc.collect()
        simple_seconds = measure.seconds(lambda: check(run(simple, numbers), numbers))
        heavy_seconds = measure.seconds(lambda: run(heavy, few))
        return {
            "simple": len(numbers) / simple_seconds,
            "heavy": len(few) / heavy_seconds,
            "first": first,
        }


def check(values: list[float], numbers: list[float]) -> None:
    if values != [number + 0.5 for number in numbers]:
        raise AssertionError("a result is wrong")


def holding(name: str, tasks: int) -> float:
    """Return the bytes that a held result takes, of what hands out results in this process."""
    from concurrent.futures import ThreadPoolExecutor

    from catzilla_jit import Runtime

    with Runtime(workers=WORKERS) as runtime, ThreadPoolExecutor(WORKERS) as pool:
        mode: Any = "require" if name == "compiled task" else False
        function: Any = simple
        own: Any = runtime.task(function, compile_to_c=mode).submit

        def submit(a: float, b: float) -> Any:
            return pool.submit(simple, a, b) if name == BASE else own(a, b)

        held: list[Any] = [None] * tasks
        for i in range(1000):
            held[i] = submit(1.0, 2.0)
        gc.collect()
        before = resident_bytes()
        for i in range(1000, tasks):
            held[i] = submit(1.0, 2.0)
        for result in held:
            result.result()
        return (resident_bytes() - before) / (tasks - 1000)


def in_child(*arguments: object) -> Any:
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return json.loads(done.stdout)


def one_round(name: str, factor: float) -> dict[str, float]:
    began = time.time()
    found = cast("dict[str, float]", in_child("run", name, factor))
    return {**found, "start": (found["first"] - began) * 1e3}


def built_peers(report: measure.Report) -> dict[str, peer.Peer]:
    """Return the programs in other languages that this machine can build."""
    candidates = {
        "Go": (peer.go("pool.go"), "golang-go"),
        "Rust": (peer.rust("pool.rs"), "rustc"),
        "rayon": (peer.cargo("pool_rayon.rs", "rayon"), "cargo librust-rayon-dev"),
    }
    for name, (program, packages) in candidates.items():
        if program is None:
            report.skip(name, f"it is not installed (Debian: apt-get install {packages})")
        else:
            report.versions[name.lower()] = program.version
    return {name: program for name, (program, _) in candidates.items() if program is not None}


def peer_round(name: str, program: peer.Peer, factor: float) -> dict[str, float]:
    """Return the figures of one of them; Go's has the simple tasks alone."""
    tasks = max(100, int(200_000 * factor))
    if name == "Go":
        rates = program.run(WORKERS, tasks, 3)["tasks_per_second"]
        return {"simple": statistics.median(rates)}
    return {
        "simple": program.run(WORKERS, tasks, 0)["tasks_per_second"],
        "heavy": program.run(WORKERS, tasks // 2, STEPS)["tasks_per_second"],
    }


def table(report: measure.Report, rounds: dict[str, list[dict[str, float]]]) -> None:
    """Add a finding per figure, as a ratio to ThreadPoolExecutor."""
    for key, (text, unit) in COLUMNS.items():
        figures = {
            name: [found[key] for found in each if key in found] for name, each in rounds.items()
        }
        for name, values in figures.items():
            if name != BASE and values:
                report.ratio(f"{text}, {name} / {BASE}", figures, name, BASE, unit, None)


def draw(rounds: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw the rates on a logarithmic scale."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"font.size": 8, "svg.hashsalt": "catzilla_jit"})
    picture = Figure(figsize=(7.5, 4.2), layout="constrained")
    for axis, key in zip(picture.subplots(1, 2), ("simple", "heavy"), strict=True):
        shown = {
            name: statistics.median(found[key] for found in each if key in found)
            for name, each in rounds.items()
            if any(key in found for found in each)
        }
        names = sorted(shown, key=lambda name: shown[name])
        colours = ["#2a6f97" if name.endswith(" task") else "#a9a9a9" for name in names]
        axis.barh(names, [shown[name] for name in names], color=colours)
        axis.set_xscale("log")
        axis.set_title(f"{COLUMNS[key][0]}: tasks/s", loc="left", fontweight="bold")
        for place, name in enumerate(names):
            axis.annotate(f"{shown[name]:,.3g}", (shown[name], place), va="center")
        axis.spines[["top", "right"]].set_visible(False)
    picture.savefig(path, metadata={"Date": None})


def main() -> None:
    picture = None
    if "--picture" in sys.argv:
        at = sys.argv.index("--picture")
        picture = Path(sys.argv[at + 1])
        del sys.argv[at : at + 2]
    options = measure.Options.parse(__doc__, rounds=3)
    report = measure.Report("bench_spec", options)
    factor = 0.01 if options.smoke else 1.0
    rounds: dict[str, list[dict[str, float]]] = {}
    for name, (_, _, _, lacks) in SUBJECTS.items():
        why = lacks()
        if why is None:
            rounds[name] = []
        else:
            report.skip(name, why)
    subjects = dict(rounds)
    programs = built_peers(report)
    for _ in range(options.rounds):
        for name, each in subjects.items():
            each.append(one_round(name, factor))
            if name in ("compiled task", "Python task", BASE):
                each[-1]["memory"] = in_child("hold", name, options.size(100_000, 2_000))
        for name, program in programs.items():
            rounds.setdefault(name, []).append(peer_round(name, program, factor))
    table(report, rounds)
    report.finish()
    if picture is not None:
        draw(rounds, picture)


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "run"]:
        print(json.dumps(child(sys.argv[3], float(sys.argv[4]))), flush=True)
    elif sys.argv[1:3] == ["--child", "hold"]:
        print(holding(sys.argv[3], int(sys.argv[4])), flush=True)
    else:
        main()
