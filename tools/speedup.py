"""Draw docs/pictures/speedup.svg from the figures that benchmarks/bench_examples.py has left.

    make docs-pictures

A panel for each example: what it does on all cores in the times of one worker. A bar is the median
of the rounds; its whisker goes from the lowest to the highest. Without
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
PICTURE = ROOT / "docs" / "pictures" / "speedup.svg"
COLORS = ("#a9a9a9", "#2a6f97")


def panels_of(document: Mapping[str, Any]) -> dict[str, list[Sequence[float]]]:
    """Return, by example, the speeds with one worker and with all, in those of one worker."""
    found = {}
    for finding in document["findings"]:
        name = finding["claim"].partition(",")[0]
        rounds = [finding["rounds"][f"{name}, {where}"] for where in ("one worker", "all")]
        one = statistics.median(rounds[0])
        found[name.replace("_", "-")] = [[figure / one for figure in each] for each in rounds]
    return found


def draw_panel(axis: Axes, name: str, speeds: Sequence[Sequence[float]], cores: int) -> None:
    """Draw two bars, and the line that no program is above."""
    for place, (figures, color) in enumerate(zip(speeds, COLORS, strict=True)):
        middle = statistics.median(figures)
        ends = [[middle - min(figures)], [max(figures) - middle]]
        axis.bar(place, middle, color=color, width=0.7)
        axis.errorbar(place, middle, yerr=ends, color="#303030", lw=1, capsize=2)
        axis.annotate(f"{middle:.2f}", (place, 0.08), ha="center", color="white", weight="bold")
    axis.axhline(cores, color="#303030", lw=0.6, ls=":")
    axis.set_xticks(range(2), ["1", str(cores)])
    axis.set_title(name, fontsize=9, fontweight="bold")
    axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Draw the picture, or say what is missing."""
    file = RESULTS / "bench_examples.json"
    if not file.exists():
        print("docs/pictures/speedup.svg stays: no figures of bench_examples (make bench)")
        return
    document = json.loads(file.read_text())
    machine, panels = document["machine"], panels_of(document)
    matplotlib.rcParams.update({"font.size": 8, "svg.hashsalt": "catzilla_jit"})
    figure = Figure(figsize=(7.5, 2.4), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (name, speeds) in zip(axes, panels.items(), strict=True):
        draw_panel(axis, name, speeds, machine["cores"])
    axes[0].set_ylabel("times one worker")
    figure.supxlabel(
        f"workers, on {machine['cores']} cores of {machine['cpu']}. Bars: medians of the "
        "rounds; whiskers: the lowest and the highest.",
        fontsize=7,
    )
    figure.savefig(PICTURE, metadata={"Date": None})
    print("docs/pictures/speedup.svg")


if __name__ == "__main__":
    main()
