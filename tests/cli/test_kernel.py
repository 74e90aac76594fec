"""`catzilla-jit kernel install`: a kernel spec where Jupyter looks for it, without Jupyter."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest

from catzilla_jit import jemalloc
from catzilla_jit.integrations import kernel_spec

needs_jemalloc = pytest.mark.skipif(
    jemalloc.find_library() is None, reason="jemalloc is not installed"
)


@needs_jemalloc
@pytest.mark.parametrize(
    ("arguments", "variables", "place"),
    [
        ((), {}, ".local/share/jupyter"),
        (("--user",), {"XDG_DATA_HOME": "xdg"}, "xdg/jupyter"),
        ((), {"JUPYTER_DATA_DIR": "own"}, "own"),
        (("--prefix", "env"), {}, "env/share/jupyter"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the directories are Linux's")
def test_kernel_is_installed_where_jupyter_looks(cli, tmp_path, arguments, variables, place):
    absolute = {name: str(tmp_path / value) for name, value in variables.items()}
    result = cli("kernel", "install", *arguments, **absolute)
    assert result.returncode == 0, result.stderr
    spec = json.loads((tmp_path / place / "kernels/catzilla-jit/kernel.json").read_text())
    assert spec["argv"][0] == sys.executable
    assert "{connection_file}" in spec["argv"]
    assert spec["env"] == {
        "LD_PRELOAD": jemalloc.find_library(),
        "MALLOC_CONF": jemalloc.SETTINGS,
    }
    assert spec["language"] == "python"
    assert "kernels/catzilla-jit" in result.stdout


@needs_jemalloc
def test_installing_again_replaces_it_and_a_name_may_be_chosen(cli, tmp_path):
    for _ in range(2):
        result = cli("kernel", "install", "--prefix", str(tmp_path), "--name", "mine")
        assert result.returncode == 0
    assert (tmp_path / "share/jupyter/kernels/mine/kernel.json").exists()


@pytest.mark.parametrize("name", ["../x", "a b", ".hidden", ""])
def test_a_name_that_is_no_directory_name_is_refused(cli, tmp_path, name):
    result = cli("kernel", "install", "--prefix", str(tmp_path), "--name", name)
    assert result.returncode == 2


@needs_jemalloc
def test_a_place_that_cannot_be_written_is_one_line(cli, tmp_path):
    (tmp_path / "share").write_text("in the way")
    result = cli("kernel", "install", "--prefix", str(tmp_path))
    assert result.returncode == 3
    assert result.stderr.startswith("catzilla-jit: the kernel cannot be written: ")
    assert result.stderr.count("\n") == 1


def test_install_writes_one_file(tmp_path: pathlib.Path):
    directory = kernel_spec.install(tmp_path, "/lib/libjemalloc.so.2", "k")
    assert [path.name for path in directory.iterdir()] == ["kernel.json"]


@needs_jemalloc
def test_installed_kernel_runs_with_jemalloc(cli, tmp_path, monkeypatch):
    pytest.importorskip("ipykernel")
    manager = pytest.importorskip("jupyter_client.manager")
    assert cli("kernel", "install", "--user", JUPYTER_DATA_DIR=str(tmp_path)).returncode == 0
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(jemalloc.__file__).parents[1]))
    kernel, client = manager.start_new_kernel(startup_timeout=120, kernel_name="catzilla-jit")
    try:
        reply = client.execute(
            "from catzilla_jit import get_memory_stats",
            user_expressions={"allocator": "get_memory_stats()['allocator']"},
            reply=True,
            timeout=60,
        )
        shown = reply["content"]["user_expressions"]["allocator"]["data"]
        assert shown["text/plain"] == "'jemalloc'"
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
        kernel.context.destroy()
