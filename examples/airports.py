"""All great-circle distances between the airports of the world, as tasks.

The input is examples/data/airports.csv: 7,884 airports (source and licence beside it).
Two jobs run on the default runtime:

* every domestic route, one `submit` per pair of airports of the same country, for the
  longest one of each country;
* every pair of airports, one `map` of a column against a row (62 million calls, a matrix
  of 0.5 GB), for the most isolated airport and the like.

The matrix is then checked against the same formula in NumPy; the program exits with
status 1 where they differ. Run it with `make demo`, or:

    python examples/airports.py [--airports N]
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from catzilla_jit import get_memory_stats, get_task_stats, task

DATA = Path(__file__).parent / "data" / "airports.csv"
EARTH_RADIUS_KM = 6371.0088  # mean radius R1 of the International Union of Geodesy and Geophysics
TOLERANCE = 1e-9  # relative; both sides round in the 16th digit, the formula amplifies it
WINDOW = 100_000  # results of single submissions held at a time

FloatArray = npt.NDArray[np.float64]


class Airport(NamedTuple):
    iata: str
    name: str
    country: str
    lat: float
    lon: float

    def __str__(self) -> str:
        return f"{self.name} ({self.iata}, {self.country})"


Pair = tuple[Airport, Airport]


class Route(NamedTuple):
    km: float
    start: Airport
    end: Airport


@task
def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance in kilometres between two points given in degrees.

    The haversine formula on a sphere: R. W. Sinnott, "Virtues of the Haversine", Sky and
    Telescope 68 (1984), page 159.
    """
    phi1 = math.radians(lat1)
    phi2 = math.radians(lat2)
    half_lat = math.sin((phi2 - phi1) / 2)
    half_lon = math.sin(math.radians(lon2 - lon1) / 2)
    a = half_lat * half_lat + math.cos(phi1) * math.cos(phi2) * half_lon * half_lon
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(a)))


def haversine_numpy(
    lat1: FloatArray, lon1: FloatArray, lat2: FloatArray, lon2: FloatArray
) -> FloatArray:
    """Return the same for whole arrays: what the matrix is checked against."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat = np.sin((phi2 - phi1) / 2)
    half_lon = np.sin(np.radians(lon2 - lon1) / 2)
    a = half_lat * half_lat + np.cos(phi1) * np.cos(phi2) * half_lon * half_lon
    distance: FloatArray = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(a)))
    return distance


def read_airports(limit: int | None) -> list[Airport]:
    """Read the data set; with a limit, that many airports spread over the whole file."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [
            Airport(row["iata"], row["name"], row["country"], float(row["lat"]), float(row["lon"]))
            for row in csv.DictReader(file)
        ]
    if limit is None or limit >= len(rows):
        return rows
    return [rows[i * len(rows) // limit] for i in range(limit)]


def domestic_pairs(airports: list[Airport]) -> Iterator[Pair]:
    by_country: dict[str, list[Airport]] = {}
    for airport in airports:
        by_country.setdefault(airport.country, []).append(airport)
    for group in by_country.values():
        yield from itertools.combinations(group, 2)


def longest_domestic(pairs: Iterator[Pair], count: int, bar: Progress) -> dict[str, Route]:
    """Submit one task per pair; return the longest route of each country."""
    line = bar.add_task("domestic routes", total=count)
    longest: dict[str, Route] = {}
    while window := list(itertools.islice(pairs, WINDOW)):
        results = [haversine.submit(a.lat, a.lon, b.lat, b.lon) for a, b in window]
        for (a, b), result in zip(window, results, strict=True):
            km = result.result()
            if a.country not in longest or km > longest[a.country].km:
                longest[a.country] = Route(km, a, b)
        bar.update(line, advance=len(window))
    return longest


def all_pairs(lat: FloatArray, lon: FloatArray, bar: Progress) -> FloatArray:
    """Map the task over a column of airports against a row of airports."""
    line = bar.add_task("all pairs", total=1.0)
    batch = haversine.submit_map(lat[:, None], lon[:, None], lat, lon)
    while not batch.done():
        bar.update(line, completed=batch.progress)
        time.sleep(0.05)
    matrix: FloatArray = batch.wait()
    bar.update(line, completed=1.0)
    return matrix


def largest_relative_error(
    matrix: FloatArray, lat: FloatArray, lon: FloatArray, bar: Progress
) -> float:
    """Compare with NumPy, some rows at a time to bound the memory."""
    line = bar.add_task("check against NumPy", total=len(lat))
    worst = 0.0
    for start in range(0, len(lat), 256):
        rows = slice(start, start + 256)
        expected = haversine_numpy(lat[rows, None], lon[rows, None], lat, lon)
        difference = np.abs(matrix[rows] - expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(difference == 0.0, 0.0, difference / expected)
        # A NaN on either side must not pass as small.
        worst = max(worst, float(np.nan_to_num(relative, nan=math.inf).max()))
        bar.update(line, advance=len(expected))
    return worst


def print_findings(
    console: Console, airports: list[Airport], matrix: FloatArray, longest: dict[str, Route]
) -> None:
    far, near = np.unravel_index(int(matrix.argmax()), matrix.shape)
    mean = matrix.mean(axis=1)
    np.fill_diagonal(matrix, math.inf)  # an airport is not its own neighbour
    neighbour = matrix.argmin(axis=1)
    alone = int(matrix.min(axis=1).argmax())
    domestic = max(longest.values(), key=lambda route: route.km)

    def say(title: str, text: str) -> None:
        console.print(f"[bold]{title}[/]\n  {text}", highlight=False)

    say(
        "Most isolated airport",
        f"{airports[alone]}:\n  {matrix[alone].min():,.0f} km to {airports[neighbour[alone]]}",
    )
    say("Farthest apart", f"{airports[far]} and\n  {airports[near]}: {matrix[far, near]:,.0f} km")
    say(
        "Closest to all others on average, and farthest from them",
        f"{airports[int(mean.argmin())]}: {mean.min():,.0f} km\n"
        f"  {airports[int(mean.argmax())]}: {mean.max():,.0f} km",
    )
    say(
        "Longest way inside one country",
        f"{domestic.start} to\n  {domestic.end}: {domestic.km:,.0f} km",
    )


def resident_mb(peak: bool = False) -> float:
    if peak:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description="Distances between the airports of the world.")
    parser.add_argument("--airports", type=int, metavar="N", help="use only N airports")
    limit = parser.parse_args().airports
    # A table wider than 80 columns breaks in many terminals; a pipe has no width at all.
    console = Console(width=min(80, Console().width))

    airports = read_airports(limit)
    count = sum(1 for _ in domestic_pairs(airports))
    lat = np.array([airport.lat for airport in airports])
    lon = np.array([airport.lon for airport in airports])
    console.print(
        f"{len(airports):,} airports, {count:,} domestic routes, {len(airports) ** 2:,} pairs"
    )

    began = time.perf_counter()
    haversine.warm_up()
    compile_seconds = time.perf_counter() - began
    if not haversine.compiled:
        console.print("[yellow]haversine runs as Python here: use --airports 300[/]")

    columns = (
        TextColumn("{task.description:20}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        began = time.perf_counter()
        longest = longest_domestic(domestic_pairs(airports), count, bar)
        single_seconds = time.perf_counter() - began
        single_mb = resident_mb()

        began = time.perf_counter()
        matrix = all_pairs(lat, lon, bar)
        map_seconds = time.perf_counter() - began

        began = time.perf_counter()
        error = largest_relative_error(matrix, lat, lon, bar)
        numpy_seconds = time.perf_counter() - began

    console.print()
    print_findings(console, airports, matrix, longest)

    table = Table(title="\nWhat it took", title_justify="left", min_width=60)
    for heading in ("", "tasks", "seconds", "tasks/s"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, tasks, seconds in (
        ("single submissions", count, single_seconds),
        ("map", matrix.size, map_seconds),
        ("NumPy, with the check", matrix.size, numpy_seconds),
    ):
        table.add_row(name, f"{tasks:,}", f"{seconds:.2f}", f"{tasks / seconds:,.0f}")
    console.print(table)

    facts = Table.grid(padding=(0, 2))
    facts.add_row("workers", str(get_task_stats().total_workers))
    facts.add_row("compilation", f"{compile_seconds:.2f} s")
    facts.add_row("resident memory", f"{single_mb:,.0f} MB after the single submissions")
    matrix_mb = matrix.nbytes / 2**20
    facts.add_row("", f"{resident_mb(peak=True):,.0f} MB at the peak (matrix: {matrix_mb:,.0f} MB)")
    facts.add_row("allocator", str(get_memory_stats()["allocator"]))
    facts.add_row("against NumPy", f"largest relative error {error:.1e}, allowed {TOLERANCE:.0e}")
    console.print(facts, highlight=False)

    if error > TOLERANCE:
        console.print("[red]The result differs from NumPy's.[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
