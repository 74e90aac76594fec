"""Try the package with each version of Numba: which of them pyproject.toml may admit.

One wheel goes into a virtual environment per version, under build/numba, beside the newest release
of that minor version and the NumPy that it takes. The installed copy is told that this version is
tested (catzilla_jit/tasks/numba_range.py: others run tasks as Python). There tools/smoke.py tries
nine kinds of task, and tools/tests.py runs the tests that lean most on Numba's insides, on the
native pool (--tests "tests/compile tests/behaviour" for all that compile). The table at the end
says what came of it; exit status 0 if no version has failed.
A version that cannot be installed on this Python is listed, and is no failure.

usage: python tools/numba_matrix.py [--numba "0.67 0.66"] [--tests "tests/compile ..."] [--smoke]
--smoke: the tasks alone
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "numba"
VERSIONS = "0.68 0.67 0.66 0.65 0.64"
#: The files that lean most on Numba's insides: how code is entered, left, kept and loaded, and what
#: arithmetic, text and containers give.
TESTS = (
    "tests/compile/test_entry.py tests/compile/test_loaded.py tests/compile/test_cache.py "
    "tests/compile/test_abandon.py tests/compile/test_process.py tests/compile/test_recursion.py "
    "tests/compile/test_comparison.py tests/compile/test_meaning.py "
    "tests/compile/test_integers.py tests/compile/test_whole_numbers.py "
    "tests/compile/test_boxing.py tests/compile/test_bytes.py tests/compile/test_containers.py "
    "tests/compile/test_numpy_parity.py tests/compile/test_numpy_loops.py "
    "tests/behaviour/test_cancel_running.py tests/behaviour/test_fork_join.py "
    "tests/behaviour/test_raised.py tests/behaviour/test_calls_between_tasks.py "
    "tests/behaviour/test_map_failures.py tests/compile/test_parallel_loops.py "
    "tests/integrations/test_numba_threads.py"
)
#: What the tests of TESTS import, and what the package does.
NEEDS = ("rich>=13", "pytest>=9", "hypothesis>=6")
RANGE = re.compile(r"^OLDEST, NEWEST = .*$", re.MULTILINE)


@dataclasses.dataclass
class Row:
    """What came of one version."""

    numba: str
    packages: str = ""
    smoke: str = "-"
    tests: str = "-"
    failed: bool = False


def main() -> int:
    options = argparse.ArgumentParser(usage=(__doc__ or "").split("usage: ")[1])
    options.add_argument("--numba", default=VERSIONS)
    options.add_argument("--tests", default=TESTS)
    options.add_argument("--smoke", action="store_true")
    given = options.parse_args()
    wheel = built()
    rows = [tried(version, wheel, given) for version in given.numba.split()]
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"\n{'Numba':8} {'with':38} {'nine kinds of task':22} tests  (Python {version})")
    for row in rows:
        print(f"{row.numba:8} {row.packages:38} {row.smoke:22} {row.tests}")
    return 1 if any(row.failed for row in rows) else 0


def built() -> Path:
    """Return the wheel of the sources as they are."""
    folder = ROOT / "build" / "wheel-numba"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip(Path(sys.executable)), *command, str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "--disable-pip-version-check"]


def tried(version: str, wheel: Path, given: argparse.Namespace) -> Row:
    """Install and try one minor version, like "0.67"."""
    row = Row(version)
    print(f"\n== Numba {version}", flush=True)
    python = environment(version)
    if python is None:
        row.smoke = "cannot be installed"
        return row
    install = [*pip(python), "install", "--quiet", "--no-deps", "--force-reinstall"]
    # Bytecode of the range as it was would be taken for that of the changed file: of one size,
    # and often of one second.
    subprocess.run([*install, "--no-compile", str(wheel)], check=True)
    admit(python, version)
    row.packages = installed(python)
    with tempfile.TemporaryDirectory(prefix="catzilla_jit_numba") as folder:
        env = {**os.environ, "CATZILLA_JIT_CACHE_DIR": folder}
        # Not from the source tree, which would be imported instead of the wheel.
        smoke = shutil.copy(ROOT / "tools" / "smoke.py", folder)
        passed = subprocess.run([python, smoke], cwd=folder, env=env).returncode == 0
    row.smoke = "pass" if passed else "FAIL"
    row.failed = not passed
    if not given.smoke:
        row.tests, passed = tests(python, given.tests.split())
        row.failed |= not passed
    return row


def environment(version: str) -> Path | None:
    """Return the Python of the version's environment, made if need be; None: no such wheel."""
    python = BUILD / version / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(BUILD / version)], check=True)
    wanted = [f"numba=={version}.*", *NEEDS]
    # Sources would need an LLVM of just the right version.
    install = [*pip(python), "install", "--quiet", "--only-binary", "numba,llvmlite,numpy"]
    done = subprocess.run([*install, *wanted], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(done.stderr, end="")
        if "No matching distribution" in done.stderr or "ResolutionImpossible" in done.stderr:
            return None
        raise SystemExit(f"Numba {version} was not installed, and not for want of a wheel")
    return python


def admit(python: Path, version: str) -> None:
    """Let the installed copy take the version for a tested one."""
    (site,) = (python.parent.parent / "lib").glob("python3.*/site-packages")
    place = site / "catzilla_jit" / "tasks" / "numba_range.py"
    minor = tuple(map(int, version.split(".")))
    text, count = RANGE.subn(f"OLDEST, NEWEST = {minor}, {minor}", place.read_text())
    if count != 1:
        raise SystemExit(f"{place} does not say its range as `OLDEST, NEWEST = ...`")
    place.write_text(text)


def installed(python: Path) -> str:
    """Return "0.67.1, llvmlite 0.49.0, NumPy 2.4.0"."""
    program = (
        "from importlib.metadata import version as v; "
        'print(f\'{v("numba")}, llvmlite {v("llvmlite")}, NumPy {v("numpy")}\')'
    )
    told = subprocess.run([python, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.strip()


def tests(python: Path, chosen: list[str]) -> tuple[str, bool]:
    """Run the tests; return their last line, and whether all have passed."""
    command = [python, ROOT / "tools" / "tests.py", "--repeat", "--pool", "native", *chosen]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")
    last = ""
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    status = process.wait()
    if status not in (0, 1):
        return f"FAIL: tools/tests.py ended with status {status}", False
    return last if status == 0 else f"FAIL: {last}", status == 0


if __name__ == "__main__":
    sys.exit(main())
