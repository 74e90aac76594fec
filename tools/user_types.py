"""Check a user's program with mypy --strict and pyright, as its author would run them.

tests/types/program.py marks the lines that must be reported by `# error`. Both tools must report
each of them and no other line. Exit status 0: so it is.

usage: python tools/user_types.py
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "tests" / "types" / "program.py"
Reports = dict[int, str]  # by line


def mypy(program: Path) -> Reports:
    """Return what mypy --strict says, without any configuration of this project."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.11",
         "--no-error-summary", "--hide-error-context", "--cache-dir", str(program.parent / "mypy"),
         str(program)],
        capture_output=True, text=True, cwd=program.parent,
    )  # fmt: skip
    if done.stderr:
        sys.exit(done.stderr)
    found = re.findall(r"program\.py:(\d+): error: (.*)", done.stdout)
    return {int(line): text for line, text in found}


def pyright(program: Path) -> Reports:
    """Return what pyright says at its standard level."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pyright")), "--outputjson", "--pythonpath",
         sys.executable, "--pythonversion", "3.11", str(program)],
        capture_output=True, text=True, cwd=program.parent,
    )  # fmt: skip
    try:
        said = json.loads(done.stdout)["generalDiagnostics"]
    except ValueError:
        sys.exit(f"pyright has not run: {done.stdout}{done.stderr}")
    return {
        each["range"]["start"]["line"] + 1: each["message"]
        for each in said
        if each["severity"] == "error"
    }


def main() -> int:
    source = PROGRAM.read_text()
    wanted = {i for i, line in enumerate(source.splitlines(), 1) if line.endswith("# error")}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        # Outside of the project, whose settings and sources are not the user's.
        program = Path(folder) / "program.py"
        program.write_text(source)
        for check in (mypy, pyright):
            reports = check(program)
            for line in sorted(wanted - reports.keys()):
                print(f"{check.__name__}: line {line} is wrong and was not reported")
            for line in sorted(reports.keys() - wanted):
                print(f"{check.__name__}: line {line} is right: {reports[line]}")
            wrong += len(wanted ^ reports.keys())
            print(f"{check.__name__}: {len(wanted & reports.keys())} of {len(wanted)} errors shown")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
