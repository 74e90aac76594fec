"""What all tests share: a script run in an interpreter of its own, and a cache of compiled code."""

from __future__ import annotations

import gc
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator

import pytest

import catzilla_jit
from support import faults, long_tables

ROOT = pathlib.Path(catzilla_jit.__file__).parent.parent
TESTS = pathlib.Path(__file__).parent
Script = Callable[..., "subprocess.CompletedProcess[str]"]
_WAITING = "the program has ended and waits for its tasks: "

# What is compiled is kept for the processes of this run, and not for the next: that is to tell
# whether it still compiles. tools/tests.py names one directory for all its processes.
_own_cache = "TESTS_CACHE_OF_CATZILLA_JIT" not in os.environ
if _own_cache:
    os.environ["TESTS_CACHE_OF_CATZILLA_JIT"] = tempfile.mkdtemp(prefix="catzilla_jit_tests")
os.environ["CATZILLA_JIT_CACHE_DIR"] = os.environ["TESTS_CACHE_OF_CATZILLA_JIT"]

# The compiler makes some hundred thousand objects for a function: Python's own thresholds spend one
# part in twenty of a compilation on looking at them again. Scripts run with those.
gc.set_threshold(20_000, 20, 50)

# A shell starts what runs in its background with Ctrl-C ignored, and programs inherit that:
# the tests that interrupt themselves or a child would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    if _own_cache:
        shutil.rmtree(os.environ["TESTS_CACHE_OF_CATZILLA_JIT"], ignore_errors=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    # What failed is found again by its name, in another process (`--last-failed`).
    if re.search(r" at 0x[0-9a-f]", item.nodeid):
        raise pytest.UsageError(f"{item.nodeid}: the name holds an address; choose other ids")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = config.option.keyword or config.option.lf or any("::" in arg for arg in config.args)
    unwanted = [] if named else long_tables.left_out(items)
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in set(unwanted)]


@pytest.fixture(autouse=True)
def _no_faults_of_the_compiler() -> Iterator[None]:
    """Fail a test in which the compiler failed by a fault of its own."""
    faults.watch()
    before = len(faults.found)
    yield
    faults.watch()  # where this test has loaded the compiler
    if faults.found[before:]:
        raise faults.found[-1]


def _script(source: str, place: pathlib.Path | None) -> pathlib.Path:
    """Return a file with this source, the same for the same source if no place is given.

    Code knows where it was written, so what one run of a script has compiled another can load.
    """
    if place is not None:
        path = place / "script.py"
        path.write_text(source)
        return path
    name = hashlib.sha256(source.encode()).hexdigest()[:16]
    folder = pathlib.Path(os.environ["TESTS_CACHE_OF_CATZILLA_JIT"]) / "scripts" / name
    path = folder / "script.py"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / f"{os.getpid()}.tmp"
        written.write_text(source)
        written.replace(path)
    return path


@pytest.fixture
def script(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Script:
    """Return run(source, *arguments, timeout=180, check=True): the script's outcome.

    It can import what lies beside it, and `support`.

    With check it must end with 0 and print nothing on stderr, but that it waits for its tasks: that
    is said after two seconds, and depends on what else the machine does.
    """
    # There, two scripts of one test have one place, and share what they compile.
    compiling = request.path.parent.name == "compile"

    def run(
        source: str, *arguments: str, timeout: float = 180, check: bool = True, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        path = _script(textwrap.dedent(source), tmp_path if compiling else None)
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, (ROOT, tmp_path, TESTS))),
                **environ,
            },
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
        )
        if check:
            words = re.sub(f"^{_WAITING}.*\n", "", done.stderr, flags=re.MULTILINE)
            assert (done.returncode, words) == (0, ""), done.stderr + done.stdout
        return done

    return run
