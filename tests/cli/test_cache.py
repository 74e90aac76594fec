"""`catzilla-jit cache`, `completion`, and `python -m catzilla_jit`."""

from __future__ import annotations

import subprocess
import sys

import pytest

FILE = "a" * 64


@pytest.fixture
def folder(tmp_path, environ):
    tmp_path.chmod(0o700)
    environ["CATZILLA_JIT_CACHE_DIR"] = str(tmp_path)
    folder = tmp_path / "catzilla_jit_code"
    folder.mkdir(mode=0o700)
    (folder / FILE).write_bytes(b"12345")
    (folder / "somebody's").write_bytes(b"678")
    return folder


def ours(environ, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "catzilla_jit", *arguments],
        env=environ, capture_output=True, text=True,
    )  # fmt: skip


def test_cache_is_shown_and_cleared_of_our_files(folder, environ):
    assert ours(environ, "cache").stdout == f"{folder}\n1 files, 5 bytes\n"
    assert ours(environ, "cache", "path").stdout == f"{folder}\n"
    assert ours(environ, "cache", "clear").stdout == "1 files removed\n"
    assert [path.name for path in folder.iterdir()] == ["somebody's"]
    assert ours(environ, "cache", "size").stdout == "0 files, 0 bytes\n"


def test_cache_that_is_not_safe_is_said(folder, environ):
    folder.parent.chmod(0o777)
    done = ours(environ, "cache", "clear")
    assert done.returncode == 3
    assert "no directory that is safe" in done.stderr
    assert (folder / FILE).exists()


def test_completion_knows_the_commands(environ):
    pytest.importorskip("shtab")
    assert "--prometheus" in ours(environ, "completion", "bash").stdout
