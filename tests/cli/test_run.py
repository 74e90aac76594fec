"""`catzilla-jit run`: the program is what plain Python makes of it, plus jemalloc and SIGTERM."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import zipfile

import pytest

from catzilla_jit import jemalloc

SHOW = """\
import json, sys
print(json.dumps([sys.argv, sys.path[0], __name__, __file__, __spec__ and __spec__.name,
                  sys.modules["__main__"].__dict__ is globals(), "main" in globals()]))
"""


@pytest.fixture
def python(environ, tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def show(tmp_path) -> pathlib.Path:
    (tmp_path / "deeper").mkdir()
    script = tmp_path / "deeper" / "show.py"
    script.write_text(SHOW)
    (tmp_path / "deeper" / "__main__.py").write_text(SHOW)
    with zipfile.ZipFile(tmp_path / "zipped.pyz", "w") as archive:
        archive.writestr("__main__.py", SHOW)
    return script


@pytest.mark.parametrize(
    "program",
    [
        ("deeper/show.py",),
        ("deeper/show.py", "a", "-m", "--no-jemalloc", "--help", "--", "b"),
        ("-m", "deeper.show", "a", "--help"),
        ("-m", "deeper"),
        ("deeper", "a"),
        ("zipped.pyz", "a"),
    ],
)
def test_program_sees_what_python_shows_it(cli, python, show, program):
    expected = python(*program)
    assert expected.returncode == 0, expected.stderr
    result = cli("run", *program)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads(expected.stdout)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("import sys; sys.exit('a message')", 1),
        ("def f():\n    return 1 / 0\nf()", 1),
        ("x = (", 1),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('no') from e", 1),
    ],
)
def test_exit_code_and_traceback_are_the_programs_own(cli, python, tmp_path, source, code):
    (tmp_path / "program.py").write_text(source)
    expected = python("program.py")
    result = cli("run", "--no-jemalloc", "program.py")
    assert result.returncode == expected.returncode == code
    assert result.stderr == expected.stderr


def test_missing_script_leaves_with_2_as_python_does(cli, python):
    result = cli("run", "--no-jemalloc", "nowhere.py")
    assert result.returncode == 2
    assert result.stderr == python("nowhere.py").stderr


@pytest.mark.parametrize("arguments", [(), ("-m",), ("--nonsense", "x.py")])
def test_wrong_usage(cli, arguments):
    result = cli("run", *arguments)
    assert result.returncode == 2
    assert "error:" in result.stderr


# --- jemalloc ---------------------------------------------------------------------------------

LOADED = """\
import os
print("jemalloc" in open("/proc/self/maps").read(), os.environ.get("LD_PRELOAD", ""))
"""


@pytest.fixture
def loaded(tmp_path) -> str:
    script = tmp_path / "loaded.py"
    script.write_text(LOADED)
    return str(script)


def test_jemalloc_is_preloaded_where_it_is_installed(cli, loaded):
    library = jemalloc.find_library()
    result = cli("run", loaded)
    assert result.returncode == 0
    if library is None:
        assert result.stdout.split() == ["False"]
        assert result.stderr.count("\n") == 1
        assert "jemalloc is not installed" in result.stderr
    else:
        assert result.stdout.split() == ["True", library]
        assert result.stderr == ""


def test_no_jemalloc_leaves_the_environment_alone(cli, loaded):
    result = cli("run", "--no-jemalloc", loaded)
    assert result.stdout.split() == ["False"]
    assert result.stderr == ""


def test_preload_goes_before_what_is_there():
    made = jemalloc.environment("/lib/libjemalloc.so.2", {"LD_PRELOAD": "/x/other.so", "A": "1"})
    assert made.pop("MALLOC_CONF") == jemalloc.SETTINGS
    assert made == {"LD_PRELOAD": "/lib/libjemalloc.so.2:/x/other.so", "A": "1"}


def test_settings_of_jemalloc_that_were_chosen_stay():
    made = jemalloc.environment("/lib/libjemalloc.so.2", {"MALLOC_CONF": "stats_print:true"})
    assert made["MALLOC_CONF"] == "stats_print:true"


@pytest.mark.parametrize("present", ["/a/libjemalloc.so.2", "x.so /usr/lib/libtcmalloc.so.4"])
def test_an_allocator_that_was_chosen_stays(present):
    assert jemalloc.environment("/new.so", {"LD_PRELOAD": present}) == {"LD_PRELOAD": present}


def test_a_library_of_another_machine_is_passed_over(tmp_path, monkeypatch):
    strange = tmp_path / "libjemalloc.so.2"
    strange.write_bytes(b"\x7fELF" + bytes(60))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert jemalloc.find_library() != str(strange)


# --- SIGTERM ----------------------------------------------------------------------------------

DRAIN = """\
import atexit, sys, threading
from catzilla_jit import configure, task
runtime = configure(workers=1, enable_auto_scaling=False)
inside, go = threading.Event(), threading.Event()

@task(compile_to_c=False)
def first() -> None:
    inside.set()
    sys.stdin.readline()

@task(compile_to_c=False)
def write(n: int) -> None:
    print("ran", n, flush=True)

atexit.register(print, "exit functions ran", flush=True)
first.submit()
for n in range(3):
    write.submit(n)
inside.wait()

def block():
    with runtime:
        try:
            print("ready", flush=True)
            threading.Event().wait()
        finally:
            print("leaving", flush=True)

try:
    if sys.argv[1] == "block":
        block()
    print("ready", flush=True)
    if sys.argv[1] == "wait":
        threading.Event().wait()
finally:
    print("finally ran", flush=True)
"""


@pytest.fixture
def draining(environ, tmp_path):
    """Start DRAIN, wait until its first task runs and blocks on stdin."""
    script = tmp_path / "drain.py"
    script.write_text(DRAIN)
    started = []

    def start(how: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "catzilla_jit.cli", "run", "--no-jemalloc", str(script), how],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_sigterm_finishes_what_was_submitted_and_leaves_with_143(draining):
    process = draining("wait")
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "finally ran\n"
    output, _ = process.communicate("\n", timeout=30)
    assert output.splitlines() == ["ran 0", "ran 1", "ran 2", "exit functions ran"]
    assert process.returncode == 143


def test_sigterm_while_the_last_tasks_are_finished_does_not_lose_them(draining):
    process = draining("end")
    assert process.stdout.readline() == "finally ran\n"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate("\n", timeout=30)
    assert output.splitlines() == ["ran 0", "ran 1", "ran 2", "exit functions ran"]
    assert process.returncode == 143


def test_sigterm_in_a_with_block_finishes_what_was_submitted(draining):
    process = draining("block")
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "leaving\n"
    output, _ = process.communicate("\n", timeout=30)
    assert output.splitlines() == ["ran 0", "ran 1", "ran 2", "finally ran", "exit functions ran"]
    assert process.returncode == 143


@pytest.mark.parametrize("how", ["wait", "block"])
def test_second_sigterm_leaves_at_once(draining, how):
    process = draining(how)
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == ("leaving\n" if how == "block" else "finally ran\n")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    assert process.stdout.read() == ""


def test_forked_child_dies_of_sigterm_as_usual(cli, tmp_path):
    script = tmp_path / "forks.py"
    script.write_text(
        "import os, signal\n"
        "end, ready = os.pipe()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.write(ready, b'x')\n"
        "    while True:\n"
        "        signal.pause()\n"
        "os.read(end, 1)\n"
        "os.kill(child, signal.SIGTERM)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert cli("run", "--no-jemalloc", str(script)).stdout == "-15\n"


WAITS = """\
import atexit, signal
from catzilla_jit import configure, task
configure(workers=1)

@task(compile_to_c="require")
def spin(turns: int) -> float:
    x = 0.0
    for i in range(turns):
        x += (i % 7) * 0.5
    return x

spin.submit(1).result()
result = spin.submit(200_000_000)
atexit.register(lambda: print(result.status().value))
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
signal.setitimer(signal.ITIMER_REAL, 0.05)
result.wait()
"""


def test_sigterm_does_not_stop_compiled_work_that_is_waited_for(cli, tmp_path):
    (tmp_path / "waits.py").write_text(WAITS)
    result = cli("run", "--no-jemalloc", "waits.py")
    assert result.stdout == "completed\n"
    assert result.returncode == 143
