"""Simulation: how large epidemics become, over many runs of a random process.

Each call simulates one epidemic among 1,000 people event by event: someone infects someone else,
or recovers (D. T. Gillespie, "Exact stochastic simulation of coupled chemical reactions", Journal
of Physical Chemistry 81, 1977). Many runs die out at once, others reach nearly everybody, so the
calls take very different times; a map keeps all workers busy to the end all the same.

For outbreaks theory knows the part z of the people that is reached: z = 1 - exp(-contacts * z).
The program exits with status 1 if the simulation is far from it.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from catzilla_jit import task

PEOPLE = 1000
RUNS = 2000


@task(compile_to_c="require")
def people_reached(seed: int, contacts: float) -> int:
    """Return how many are infected in the end.

    contacts: how many the first one infects on average.
    """
    np.random.seed(seed)
    healthy, ill = PEOPLE - 1, 1
    while ill > 0:
        infections = contacts * healthy / PEOPLE
        if np.random.random() * (infections + 1.0) < infections:
            healthy -= 1
            ill += 1
        else:
            ill -= 1
    return PEOPLE - healthy


def expected_part(contacts: float) -> float:
    """Return the largest z with z = 1 - exp(-contacts * z)."""
    z = 1.0
    for _ in range(1000):
        z = 1.0 - math.exp(-contacts * z)
    return z


def main() -> int:
    contacts = np.array([0.5, 1.5, 2.0, 3.0, 5.0])
    # A column of seeds against a row of contacts: one call for each combination.
    seeds = np.arange(RUNS * len(contacts)).reshape(RUNS, len(contacts))
    reached = people_reached.map(seeds, contacts, progress=True)
    print("contacts  outbreaks  reached by them  expected")
    worst = 0.0
    for number, sizes in zip(contacts, reached.T, strict=True):
        outbreaks = sizes[sizes > PEOPLE / 5]
        part = outbreaks.mean() / PEOPLE if len(outbreaks) else 0.0
        expected = expected_part(number)
        if number >= 2.0:  # near 1 there is no line between outbreaks and others
            worst = max(worst, abs(part - expected))
        print(f"{number:8.1f}  {len(outbreaks) / RUNS:9.1%}  {part:15.1%}  {expected:8.1%}")
    return int(worst > 0.02)


if __name__ == "__main__":
    sys.exit(main())
