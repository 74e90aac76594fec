"""What tools/tests.py says of tests that fail, fail once, or take their process with them."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types

import pytest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "tests.py"

SUITE = {
    "tests/one/test_failing.py": """
        import os, pathlib
        def test_steady(): pass
        def test_broken(): assert False, "as always"
        def test_unsteady():
            print("what was printed")
            before = pathlib.Path(__file__ + os.environ["POOL"])
            assert before.exists() or before.touch(), "the first time"
        """,
    "tests/two/test_crashing.py": """
        import os
        def test_crash(): os.abort()
        """,
    "tests/three/test_of_the_pool.py": """
        import os
        def test_pool(): assert os.environ["POOL"] == "native"
        """,
}


@pytest.fixture
def tool(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The tool on a suite of its own, SUITE."""
    for name, source in SUITE.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text("\n".join(line[8:] for line in source.splitlines()))
    spec = importlib.util.spec_from_file_location("tool_tests", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tool_tests", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "REPORTS", tmp_path / "build")
    monkeypatch.setattr(module, "POOLS", {"native": {"POOL": "native"}, "pure": {"POOL": "pure"}})
    monkeypatch.setattr(module, "BOTH_POOLS", ("tests/three",))
    return module


def test_only_what_fails_again_or_crashes_fails_the_run(
    tool: types.ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--repeat", "--pool", "native"]) == 1
    said = capfd.readouterr().out
    end = said[said.index("## unsteady") :]
    assert "test_failing.py::test_unsteady (native pool)" in end
    assert "the first time" in end
    assert "what was printed" in end
    assert "as always" not in end
    assert "test_failing.py::test_broken (native pool)" in end[end.index("## failed") :]
    lost = end[end.index("native-two ended before its tests had") :]
    assert "Fatal Python error: Aborted" in lost
    assert end.splitlines()[-1].startswith("3 passed, 2 failed, 0 skipped, 1 unsteady in ")


def test_unsteady_tests_fail_no_run(
    tool: types.ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    chosen = ["tests/one/test_failing.py", "tests/three"]
    broken = tool.ROOT / chosen[0]
    broken.write_text(broken.read_text().replace("assert False", "assert True"))
    assert tool.main(["--repeat", "--pool", "native", *chosen]) == 0
    assert ", 0 failed, 0 skipped, 1 unsteady" in capfd.readouterr().out.splitlines()[-1]


def test_process_that_crashes_once_is_unsteady(
    tool: types.ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tool.ROOT / "tests/two/test_crashing.py"
    file.write_text(
        "import os, pathlib\n"
        "def test_before(): pass\n"
        "def test_crash():\n"
        "    place = pathlib.Path(__file__ + '.once')\n"
        "    place.exists() or place.touch() or os.abort()\n"
    )
    assert tool.main(["--repeat", "--pool", "native", "tests/two"]) == 0
    said = capfd.readouterr().out
    end = said[said.index("## unsteady") :]
    assert "# native-two, which ended before its tests (native pool)" in end
    assert "Fatal Python error: Aborted" in end
    assert end.splitlines()[-1].startswith("2 passed, 0 failed, 0 skipped, 1 unsteady in ")


def test_both_pools_run_what_both_must_pass(
    tool: types.ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    assert tool.main([]) == 1
    said = capfd.readouterr().out
    assert "test_of_the_pool.py::test_pool (pure pool)" in said
    # Without --repeat, what failed is left for `pytest --last-failed`.
    assert "test_unsteady" in (tool.ROOT / ".pytest_cache/v/cache/lastfailed").read_text()
