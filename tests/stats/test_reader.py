"""Statistics of other processes: found, read, and refused in one sentence."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

import catzilla_jit
from catzilla_jit import Runtime
from catzilla_jit.errors import NoRuntime
from catzilla_jit.stats import reader

ROOT = Path(catzilla_jit.__file__).parent.parent

WORK = """
    import json, sys, threading
    from catzilla_jit import get_task_stats, shutdown, task

    @task(compile_to_c="require")
    def add(a: float, b: float) -> float:
        return a + b

    def work():
        for _ in range(8):
            for r in [add.submit(float(i), 0.5) for i in range(5000)]:
                r.result()

    def numbers():
        found = get_task_stats()
        print(json.dumps([found.total_tasks_processed, found.p50_execution_time_ms]), flush=True)

    add.submit(1.0, 1.0).result()
    print("ready", flush=True)
    worker = threading.Thread(target=work)
    for line in sys.stdin:
        match line.strip():
            case "begin": worker.start()
            case "join": worker.join()
            case "shutdown": shutdown()
        numbers()
"""


class Program:
    """A Python program with a runtime, driven line by line."""

    def __init__(self, source: str, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(source)],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._out.readline() == "ready\n"

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def ask(self, word: str) -> list[Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        answer: list[Any] = json.loads(self._out.readline())
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def start(source: str = WORK, **environ: str) -> Program:
        started.append(Program(source, environ))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_another_process_sees_the_same_numbers_while_tasks_run(
    program: Callable[..., Program],
) -> None:
    other = program()
    pid = other.process.pid
    assert [info.pid for info in reader.running()].count(pid) == 1
    last = other.ask("begin")[0]
    for _ in range(5):
        before = reader.read(pid).total_tasks_processed
        inside = other.ask("look")[0]
        after = reader.read(pid).total_tasks_processed
        assert last <= before <= inside <= after
        last = after
    total, p50 = other.ask("join")
    found = reader.read(pid)
    assert total == found.total_tasks_processed == 40_001
    assert found.p50_execution_time_ms == pytest.approx(p50, rel=1e-3)
    assert found.tasks["add"].total.completed == 40_001
    assert found.memory_usage_mb > 1


def test_a_runtime_that_was_shut_down_is_gone(program: Callable[..., Program]) -> None:
    other = program()
    other.ask("shutdown")
    with pytest.raises(NoRuntime, match="runs no catzilla_jit runtime"):
        reader.read(other.process.pid)


def test_catzilla_jit_stats_0_hides_a_runtime(program: Callable[..., Program]) -> None:
    other = program(
        """
        from catzilla_jit import task

        @task
        def add(a: float, b: float) -> float:
            return a + b

        add.submit(1.0, 1.0).result()
        print("ready", flush=True)
        input()
        """,
        CATZILLA_JIT_STATS="0",
    )
    with pytest.raises(NoRuntime, match="CATZILLA_JIT_STATS=0"):
        reader.read(other.process.pid)


def test_the_child_of_a_fork_publishes_its_own(program: Callable[..., Program]) -> None:
    other = program(
        """
        import json, os, sys, warnings
        from catzilla_jit import get_task_stats, task

        warnings.simplefilter("ignore", DeprecationWarning)

        @task(compile_to_c="require")
        def add(a: float, b: float) -> float:
            return a + b

        for _ in range(3):
            add.submit(1.0, 1.0).result()
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(there)  # or it would not see its parent's end
            input_ = os.fdopen(here, "rb", 0)
            input_.readline()
            add.submit(1.0, 1.0).result()
            os.write(1, json.dumps([get_task_stats().total_tasks_processed]).encode() + b"\\n")
            input_.readline()
            os._exit(0)
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps([child]), flush=True)
        for line in sys.stdin:
            os.write(there, line.encode())
        """
    )
    (child,) = other.ask("pid")
    with pytest.raises(NoRuntime):
        reader.read(child)
    assert other.ask("go") == [1]
    assert reader.read(child).total_tasks_processed == 1
    assert reader.read(other.process.pid).total_tasks_processed == 3


def test_processes_that_are_none_get_one_sentence() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(NoRuntime, match=f"there is no process {ended.pid}$"):
        reader.read(ended.pid)
    with (
        pytest.raises(NoRuntime, match="runs no catzilla_jit runtime"),
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as plain,
    ):
        reader.read(plain.pid)


def test_a_process_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(NoRuntime, match="belongs to another user"):
        reader.read(os.getpid())
    assert reader.running() == []


def test_files_that_only_bear_the_name_are_passed_over(runtime: Runtime) -> None:
    before = _running_here()
    task = runtime.task(compile_to_c="require")(_add)
    task.submit(1.0, 2.0).result()
    backend = runtime.start()
    memory = backend.stats_segment()
    assert memory is not None
    impostors = [
        _memfd(b""),
        _memfd(b"czstats\n" + b"\xff" * 5000, sealed=True),
        _memfd(bytes(memory)),  # sound, but it could be cut off under a reader
    ]
    try:
        assert _running_here() == before + 1
    finally:
        for descriptor in impostors:
            os.close(descriptor)


def test_a_layout_of_another_version_is_named() -> None:
    code = """
        import fcntl, os
        other = os.memfd_create("catzilla_jit", os.MFD_ALLOW_SEALING)
        os.write(other, b"czstats\\n" + (99).to_bytes(4, "little") + bytes(5000))
        fcntl.fcntl(other, 1033, 2 | 4)  # F_ADD_SEALS: shrink, grow
        print("ready", flush=True)
        input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(NoRuntime, match="its layout is version 99, this catzilla_jit reads"):
            reader.read(process.pid)
        process.kill()


def test_a_segment_of_another_process_is_passed_over(program: Callable[..., Program]) -> None:
    """Whoever holds a runtime's file, by inheritance or otherwise, is no runtime."""
    before = _running_here()
    other = program()
    for path in Path(f"/proc/{other.process.pid}/fd").iterdir():
        if os.readlink(path).startswith("/memfd:catzilla_jit "):
            descriptor = os.open(path, os.O_RDONLY)
    try:
        assert _running_here() == before
    finally:
        os.close(descriptor)


def _running_here() -> int:
    """Return how many runtimes of this process there are; other tests may have left some."""
    return sum(info.pid == os.getpid() for info in reader.running())


def _add(a: float, b: float) -> float:
    return a + b


def _memfd(contents: bytes, sealed: bool = False) -> int:
    descriptor = os.memfd_create("catzilla_jit", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(descriptor, contents)
    if sealed:
        fcntl.fcntl(descriptor, 1033, 2 | 4)  # F_ADD_SEALS: shrink, grow
    return descriptor


def test_several_runtimes_of_a_process_have_numbers(runtime: Runtime) -> None:
    runtime.task(_add, compile_to_c="require").submit(1.0, 2.0).result()
    with Runtime(workers=1) as second:
        second.task(_add, compile_to_c="require").submit(1.0, 2.0).result()
        first_number, second_number = runtime.stats().runtime, second.stats().runtime
        numbers = [i.runtime for i in reader.running() if i.pid == os.getpid()]
        assert {first_number, second_number} <= set(numbers)
        assert reader.read(os.getpid(), second_number).runtime == second_number
        with pytest.raises(NoRuntime, match="has no runtime 99999"):
            reader.read(os.getpid(), 99999)


def test_reading_needs_no_numpy() -> None:
    code = (
        "import sys; from catzilla_jit.stats import reader as statsreader; statsreader.running();"
        "print(*sorted(n for n in ('numba', 'numpy', 'ctypes', 'rich') if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ""
