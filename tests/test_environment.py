"""What the environment variables do to a program, and how they are written."""

from __future__ import annotations

import importlib
import pathlib
import re
import sys

import pytest

import catzilla_jit
from catzilla_jit import Runtime, environment
from catzilla_jit.tasks import numba_range

ROOT = pathlib.Path(catzilla_jit.__file__).parent

MODES = """
    import sys, warnings
    from catzilla_jit import errors, task

    @task(compile_to_c=None if sys.argv[1] == "None" else eval(sys.argv[1]))
    def double(x: float) -> float:
        return 2 * x

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert double.submit(2.0).result() == 4.0
        assert double.map([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert not double.compiled
    assert "numba" not in sys.modules
    assert "CATZILLA_JIT_DISABLE_JIT" in str(double.explain())
    print([warning.category.__name__ for warning in seen], [w.filename == __file__ for w in seen])
"""


@pytest.mark.parametrize(
    ("mode", "warned"),
    [("None", "[] []"), ("True", "['CompileWarning'] [True]"),
     ("'require'", "['CompileWarning'] [True]")],
)  # fmt: skip
def test_without_jit_every_task_runs_as_python(script, mode, warned):
    done = script(MODES, mode, CATZILLA_JIT_DISABLE_JIT="1")
    assert done.stdout.strip() == warned


def test_without_jit_a_function_without_hints_runs_as_python(script):
    script(
        """
        import sys
        from catzilla_jit import get_task_stats, task

        @task
        def add(x, y):
            return x + y

        assert add.submit(1, 2).result() == 3
        assert add.submit(1.0, 2).result() == 3.0
        found = get_task_stats()
        assert (found.compiled_tasks, found.python_tasks) == (0, 2)
        """,
        CATZILLA_JIT_DISABLE_JIT="1",
    )


def test_0_switches_nothing_off(script):
    script(
        """
        from catzilla_jit import task

        @task
        def double(x: float) -> float:
            return 2 * x

        assert double.compiled
        """,
        CATZILLA_JIT_DISABLE_JIT="0",
    )


LOG = """
    import logging
    import catzilla_jit
    {}
    log = logging.getLogger("catzilla_jit")
    log.debug("low")
    log.warning("high")
"""


@pytest.mark.parametrize(
    ("level", "said"), [("", ["high"]), ("debug", ["low", "high"]), ("ERROR", [])]
)
def test_the_log_level_decides_what_stderr_gets(script, level, said):
    done = script(LOG.format(""), check=False, CATZILLA_JIT_LOG_LEVEL=level)
    assert [line.split()[-1] for line in done.stderr.splitlines()] == said


@pytest.mark.parametrize("configuration", [
    "logging.basicConfig(format='%(message)s')",
    "logging.getLogger('catzilla_jit').addHandler(logging.StreamHandler())",
])  # fmt: skip
def test_messages_are_not_said_twice(script, configuration):
    done = script(LOG.format(configuration), check=False, CATZILLA_JIT_LOG_LEVEL="DEBUG")
    assert done.stderr.splitlines() == ["low", "high"]


def test_a_wrong_log_level_is_one_sentence(script):
    done = script(LOG.format(""), check=False, CATZILLA_JIT_LOG_LEVEL="loud")
    first, *rest = done.stderr.splitlines()
    assert "CATZILLA_JIT_LOG_LEVEL must be one of DEBUG, INFO" in first
    assert "not 'loud'" in first
    assert [line.split()[-1] for line in rest] == ["high"]


def test_the_pool_without_native_code_is_logged(script):
    done = script(
        """
        from catzilla_jit import task

        @task(compile_to_c=False)
        def double(x):
            return 2 * x

        assert double.submit(2).result() == 4
        """,
        check=False,
        CATZILLA_JIT_LOG_LEVEL="INFO",
        CATZILLA_JIT_DISABLE_NATIVE="1",
    )
    assert done.returncode == 0
    assert "INFO catzilla_jit: the native library is switched off" in done.stderr


def test_a_compiled_task_is_logged(script, tmp_path):
    done = script(
        """
        from catzilla_jit import task

        @task
        def double(x: float) -> float:
            return 2 * x

        assert double.compiled
        """,
        check=False,
        CATZILLA_JIT_LOG_LEVEL="INFO",
    )
    assert "INFO catzilla_jit: task double(x: float) -> float: " in done.stderr


@pytest.mark.parametrize(
    ("text", "answer"),
    [("1", True), ("Yes", True), (" on ", True), ("0", False), ("no", False), ("FALSE", False)],
)
def test_flags_are_yes_or_no_in_any_spelling(monkeypatch, text, answer):
    monkeypatch.setenv("CATZILLA_JIT_STATS", text)
    assert environment.flag("CATZILLA_JIT_STATS", not answer) is answer


def test_flag_that_is_empty_has_its_default_and_nonsense_is_refused(monkeypatch):
    monkeypatch.setenv("CATZILLA_JIT_STATS", "")
    assert environment.flag("CATZILLA_JIT_STATS", True) is True
    monkeypatch.setenv("CATZILLA_JIT_STATS", "maybe")
    with pytest.raises(ValueError, match=r"CATZILLA_JIT_STATS must be 1 or 0 .* not 'maybe'"):
        Runtime(workers=1)


def test_unknown_variables_are_found(monkeypatch):
    monkeypatch.setenv("CATZILLA_JIT_STAT", "1")
    assert environment.unknown() == ["CATZILLA_JIT_STAT"]


def test_every_variable_that_the_sources_read_is_known():
    source = "".join(path.read_text() for path in ROOT.rglob("*.py"))
    read = set(re.findall(r"\"CATZILLA_JIT_([A-Z_]+)\"", source))
    assert read == set(environment.KNOWN)


ELSEWHERE = """
    import os, sys
    for name in ("fcntl", "resource", "pwd", "grp"):
        sys.modules[name] = None
    for name in (
        "register_at_fork", "fork", "geteuid", "getuid", "sched_getaffinity", "memfd_create",
        "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK",
    ):
        delattr(os, name)
    from catzilla_jit import Executor, Runtime, gather, task

    @task
    def double(x: float) -> float:
        return 2 * x

    with Runtime(workers=1) as runtime, Executor(1) as executor:
        mine = runtime.task(double)
        print(gather(mine.submit(2.0), mine.submit(3.0)), mine.map([1.0]).tolist(), mine.compiled)
        print(executor.submit(abs, -1).result(), runtime.stats().total_tasks_processed)
"""


def test_system_without_posix_runs_on_the_python_pool(script):
    done = script(ELSEWHERE, CATZILLA_JIT_DISABLE_NATIVE="1")
    assert done.stdout == "[4.0, 6.0] [2.0] True\n1 3\n"


@pytest.mark.parametrize(
    ("module", "library"),
    [("dask", "distributed"), ("joblib", "joblib"), ("opentelemetry", "opentelemetry")],
)
def test_integration_without_its_library_says_what_to_install(monkeypatch, module, library):
    monkeypatch.setitem(sys.modules, library, None)
    for name in [n for n in sys.modules if n.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"catzilla_jit.integrations.{module}", raising=False)
    monkeypatch.delitem(sys.modules, "catzilla_jit.integrations.dask_worker", raising=False)
    with pytest.raises(ImportError, match=rf"pip install 'catzilla_jit\[{module}\]'"):
        importlib.import_module(f"catzilla_jit.integrations.{module}")


NEWER = """
    import importlib.metadata, sys, warnings
    version = importlib.metadata.version
    importlib.metadata.version = lambda name: "0.99.1" if name == "numba" else version(name)
    from catzilla_jit import task

    @task
    def double(x: float) -> float:
        return 2 * x

    @task
    def triple(x: float) -> float:
        return 3 * x

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        print(double.submit(2.0).result(), triple.map([1.0]).tolist(), double.compiled)
    print(*(warning.message for warning in seen))
    assert "numba" not in sys.modules
    print("newer than" in str(triple.explain()))
"""


def test_numba_that_was_not_tested_is_named_once_and_tasks_run_as_python(script):
    text = "Numba 0.99.1 is newer than 0.68, the newest that this was tested with"
    assert script(NEWER).stdout == f"4.0 [3.0] False\n{text}: tasks run as Python\nTrue\n"


def test_tested_versions_are_those_that_installers_are_told():
    project = (ROOT.parent / "pyproject.toml").read_text()
    low, high = numba_range.OLDEST, numba_range.NEWEST
    assert f'"numba>={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"' in project
    assert numba_range.complaint("0.68.1") is None
    assert "older" in numba_range.complaint("0.60.0")
