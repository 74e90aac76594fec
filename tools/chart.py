"""Draw docs/pictures/benchmarks.svg from the figures that `make bench` has left.

    make docs-pictures

A bar is the median of the rounds, its whisker goes from the smallest to the largest. Without
figures in benchmarks/results the picture stays as it is.
"""

from __future__ import annotations

import json
import pathlib
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "pictures" / "benchmarks.svg"
OURS, THEIRS = "#2a6f97", "#a9a9a9"

Rounds = Mapping[str, Sequence[float]]
# For each panel: its title, the benchmark, and the findings in it that hold the figures.
PANELS = (
    (
        "one submission per task, all results read: tasks/s",
        "bench_submit",
        (
            "compiled task / ThreadPoolExecutor",
            "Python task / ThreadPoolExecutor",
            "compiled task / Go",
        ),
    ),
    (
        "map of Black-Scholes, 4 M options: elements/s",
        "bench_map",
        ("uniform cost, map / prange",),
    ),
    (
        "map, cost rising with the index: elements/s",
        "bench_map",
        ("cost rising with the index, map / prange",),
    ),
    (
        "memory of a pending task and its result: bytes",
        "bench_memory",
        ("compiled task / ThreadPoolExecutor",),
    ),
)
OURSELVES = {"compiled task", "Python task", "map"}
NAMES = {
    "Go": "Go worker pool",
    "prange": "numba.prange",
    "map": "map of a compiled task",
}


def rounds_of(document: Mapping[str, Any], claims: Sequence[str]) -> Rounds:
    """Return the figures of every subject in the findings, largest median first."""
    found = {
        name: figures
        for finding in document["findings"]
        if finding["claim"] in claims
        for name, figures in finding["rounds"].items()
    }
    return dict(sorted(found.items(), key=lambda item: -statistics.median(item[1])))


def shown(value: float) -> str:
    """Return a figure with two or three digits."""
    for factor, unit in ((1e6, " M"), (1e3, " k")):
        if value >= 10 * factor or value >= factor > 1e3:
            return f"{value / factor:.3g}{unit}"
    return f"{value:,.0f}"


def draw_panel(axis: Axes, title: str, rounds: Rounds) -> None:
    """Draw a horizontal bar per subject."""
    largest = max(max(figures) for figures in rounds.values())
    for place, (name, figures) in enumerate(rounds.items()):
        middle = statistics.median(figures)
        low, high = middle - min(figures), max(figures) - middle
        axis.barh(place, middle, color=OURS if name in OURSELVES else THEIRS, height=0.7)
        axis.errorbar(middle, place, xerr=[[low], [high]], color="#303030", lw=1, capsize=2)
        axis.annotate(
            shown(middle), (max(figures), place), (5, 0), textcoords="offset points", va="center"
        )
    axis.set_yticks(range(len(rounds)), [NAMES.get(name, name) for name in rounds])
    axis.invert_yaxis()
    axis.set_xlim(0, largest * 1.2)
    axis.set_title(title, loc="left", fontsize=9, fontweight="bold")
    axis.xaxis.set_major_formatter(lambda value, _: shown(value))
    axis.spines[["top", "right"]].set_visible(False)


def caption(document: Mapping[str, Any]) -> str:
    machine, versions = document["machine"], document["versions"]
    go = f", {' '.join(versions['go'].split()[2:3])}" if "go" in versions else ""
    return (
        f"{machine['cores']} cores of {machine['cpu']}, {machine['system'].split('-')[0]}, "
        f"Python {versions['python']}, Numba {versions['numba']}{go}. "
        "Bars: medians; whiskers: smallest to largest round."
    )


def main() -> None:
    """Draw the picture, or say what is missing."""
    names = {benchmark for _, benchmark, _ in PANELS}
    missing = sorted(name for name in names if not (RESULTS / f"{name}.json").exists())
    if missing:
        print(
            f"docs/pictures/benchmarks.svg stays: no figures of {', '.join(missing)} (make bench)"
        )
        return
    documents = {name: json.loads((RESULTS / f"{name}.json").read_text()) for name in names}
    matplotlib.rcParams.update({"font.size": 8, "svg.hashsalt": "catzilla_jit"})
    panels = [
        (title, rounds_of(documents[benchmark], claims)) for title, benchmark, claims in PANELS
    ]
    figure = Figure(figsize=(7.5, 5.2), layout="constrained")
    axes = figure.subplots(len(panels), height_ratios=[len(rounds) + 0.8 for _, rounds in panels])
    for axis, (title, rounds) in zip(axes, panels, strict=True):
        draw_panel(axis, title, rounds)
    figure.supxlabel(caption(documents["bench_submit"]), fontsize=7, x=0.01, ha="left")
    figure.savefig(PICTURE, metadata={"Date": None})
    print("docs/pictures/benchmarks.svg")


if __name__ == "__main__":
    main()
