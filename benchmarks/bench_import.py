"""What does importing the package cost, and how soon does the command line answer?

`from catzilla_jit import task` (NumPy's import included) against `import numba`, each in a
fresh interpreter; and `python -m catzilla_jit.cli --help`, whose goal is in seconds because
a person waits for it. The baseline of the second is an interpreter that does nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

import measure


def interpreter(*arguments: str) -> float:
    command = [sys.executable, *arguments]
    return measure.seconds(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=15)
    report = measure.Report("bench_import", options)
    subjects = {
        "import task": lambda: interpreter("-c", "from catzilla_jit import task"),
        "import numba": lambda: interpreter("-c", "import numba"),
        "cli --help": lambda: interpreter("-m", "catzilla_jit.cli", "--help"),
        "empty interpreter": lambda: interpreter("-c", "pass"),
    }
    measure.in_turn(1, subjects)  # files come into the page cache, bytecode gets written
    figures = measure.in_turn(options.rounds, subjects)
    claim = "import task / import numba"
    report.ratio(claim, figures, "import task", "import numba", "s", 1.15, "at most")
    claim = "cli --help / empty interpreter"
    report.ratio(claim, figures, "cli --help", "empty interpreter", "s", None, "at most")
    seconds = statistics.median(figures["cli --help"])
    report.add(measure.Finding("cli --help", seconds, " s", 0.2, "at most"))
    report.finish()


if __name__ == "__main__":
    main()
