"""The commands that the specification names work where it says that they are run."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PRINTS = {
    "background_tasks/main.py": "'allocator': '",
    "advanced_tasks/workflow_example.py": "LookupError('no user -1')",
}


def run(command, folder):
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=180,
    )  # fmt: skip


@pytest.mark.parametrize("script", sorted(PRINTS))
def test_example_runs_in_its_own_folder(script):
    path = ROOT / "examples" / script
    done = run([sys.executable, path.name], path.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert PRINTS[script] in done.stdout


def test_benchmarks_are_those_of_the_command_line():
    done = run([sys.executable, "benchmarks/background_task_benchmarks.py", "--help"], ROOT)
    assert done.returncode == 0
    assert "catzilla-jit bench" in done.stdout


@pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("make") and shutil.which("cc")),
    reason="needs cmake, make and a C compiler",
)
def test_make_builds_the_c_tests_and_a_program_that_runs_them(tmp_path):
    configured = run(["cmake", str(ROOT), "-DCATZILLA_JIT_BINDING=OFF"], tmp_path)
    assert configured.returncode == 0, configured.stderr
    targets = run(["make", "help"], tmp_path).stdout.split()
    assert "test_background_tasks" in targets
    programs = [path.stem for path in (ROOT / "native" / "tests").glob("test_*.c")]
    depends = (tmp_path / "CMakeFiles" / "Makefile2").read_text()
    rule = "native/tests/CMakeFiles/test_background_tasks.dir/all: native/tests/CMakeFiles"
    assert [name for name in programs if f"{rule}/{name}.dir/all" not in depends] == []
    listed = run(["./test_background_tasks", "-N"], tmp_path)
    assert f"Total Tests: {len(programs)}" in listed.stdout
