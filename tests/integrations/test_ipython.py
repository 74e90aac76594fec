"""`%load_ext catzilla_jit` and %catzilla_stats, in an IPython shell without a terminal."""

from __future__ import annotations

import pytest

from catzilla_jit import Runtime
from catzilla_jit.integrations import ipython

pytest.importorskip("IPython")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    yield shell
    shell.run_line_magic("unload_ext", "catzilla_jit")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def runtime():
    with Runtime(workers=1) as runtime:
        runtime.add_task(len, "abc", compile_to_c=False).result()
        yield runtime


def test_magic_returns_the_statistics_of_a_runtime(shell, runtime):
    shell.run_line_magic("load_ext", "catzilla_jit")
    shell.user_ns["rt"] = runtime
    stats = shell.run_line_magic("catzilla_stats", "rt")
    assert stats.total_tasks_processed == 1


def test_statistics_are_a_picture_in_a_terminal_and_a_table_in_a_notebook(shell, runtime):
    shell.run_line_magic("load_ext", "catzilla_jit")
    data, _ = shell.display_formatter.format(runtime.stats())
    assert "1 done: 0 compiled, 1 Python" in data["text/plain"]
    assert data["text/html"].startswith("<p><b>runtime")


def test_explanation_in_a_terminal_is_what_people_read(shell):
    with Runtime(workers=1) as runtime:

        @runtime.task
        async def send(user: int) -> None: ...

        data, _ = shell.display_formatter.format(send.explain())
        assert data["text/plain"] == str(send.explain())


def test_unloading_takes_the_magic_back(shell):
    shell.run_line_magic("load_ext", "catzilla_jit")
    shell.run_line_magic("unload_ext", "catzilla_jit")
    assert shell.find_line_magic("catzilla_stats") is None


def test_line_is_parsed(runtime):
    names = {"rt": runtime}
    assert ipython.parse("rt", names) == (runtime, None)
    assert ipython.parse("rt --watch", names) == (runtime, 1.0)
    assert ipython.parse("--watch 0.5 rt", names) == (runtime, 0.5)
    assert ipython.parse("--watch rt", names) == (runtime, 1.0)
    assert ipython.parse("rt --watch 5    # every five seconds", names) == (runtime, 5.0)


def test_wrong_line_is_shown_without_a_traceback(shell, capsys):
    shell.run_line_magic("load_ext", "catzilla_jit")
    shell.run_cell("%catzilla_stats --watch 0")
    shown = capsys.readouterr()
    assert "usage: %catzilla_stats" in shown.err
    assert "Traceback" not in shown.out + shown.err


@pytest.mark.parametrize("line", ["nothing", "a b", "--watch 0", "--watch soon", "rt x --watch 1"])
def test_wrong_line_says_the_usage(runtime, line):
    with pytest.raises(ipython.UsageError, match="%catzilla_stats"):
        ipython.parse(line, {"rt": runtime})
