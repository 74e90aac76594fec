"""What CMake builds for which Python."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
CMAKE = shutil.which("cmake", path=PATH)

pytestmark = [
    pytest.mark.skipif(CMAKE is None, reason="there is no cmake here"),
    pytest.mark.skipif(sys.platform != "linux", reason="nothing native is built elsewhere"),
]


@pytest.fixture
def configure(tmp_path: Path):  # type: ignore[no-untyped-def]
    """configure(free_threaded, *options): what CMake says of a build for such a Python."""

    def run(free_threaded: bool, *options: str) -> str:
        modules = tmp_path / "modules"
        modules.mkdir()
        (modules / "sitecustomize.py").write_text(
            "import sysconfig\n"
            f"sysconfig.get_config_vars()['Py_GIL_DISABLED'] = {int(free_threaded)}\n"
        )
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={modules} exec {sys.executable} "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        command = [str(CMAKE), "-S", str(ROOT), "-B", str(tmp_path / "build"), *options]
        done = subprocess.run(
            [*command, f"-DPython_EXECUTABLE={python}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_wheel_for_a_free_threaded_python_has_no_native_part(configure) -> None:  # type: ignore[no-untyped-def]
    told = configure(True, "-DSKBUILD_STATE=wheel")
    assert "free-threaded" in told
    assert "no native libraries" in told
    assert "C compiler" not in told


def test_c_tests_are_built_beside_a_free_threaded_python(configure, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "no native libraries" not in configure(True)
    files = "\n".join(str(path) for path in (tmp_path / "build").rglob("*"))
    assert "catzilla_jit.dir" in files
    assert "_binding.dir" not in files


def test_python_with_a_gil_gets_the_binding(configure, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "free-threaded" not in configure(False, "-DSKBUILD_STATE=wheel")
    files = "\n".join(str(path) for path in (tmp_path / "build").rglob("*"))
    assert "_binding.dir" in files
