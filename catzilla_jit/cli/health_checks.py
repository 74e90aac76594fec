"""What `catzilla-jit doctor` looks at. Each check is a function that yields findings.

A finding is "ok", "note" (works, and something could be better), "warning" (works, and will
disappoint), or "broken". Every finding but "ok" says what to do.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from .. import environment, jemalloc, logs
from ..display.terminal import printable
from ..posix import resource

LEVELS = ("ok", "note", "warning", "broken")
Check = Callable[[], "Iterator[Finding]"]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    value: str
    level: str = "ok"
    advice: str = ""


def examine(checks: tuple[Check, ...]) -> Iterator[Finding]:
    """Yield the findings of each check; a check that fails is a finding itself."""
    for check in checks:
        try:
            yield from check()
        except Exception as error:
            name = check.__name__
            text = printable(f"{type(error).__name__}: {error}")
            yield Finding(name, text, "broken", "this is an error in catzilla_jit: report it")


# --- software -----------------------------------------------------------------------------------


def versions() -> Iterator[Finding]:
    from .. import __version__

    yield Finding("catzilla_jit", f"{__version__} in {Path(__file__).parent.parent}")
    python = f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        yield Finding("python", python)
    else:
        advice = "use the usual build of Python: this one is not tested"
        yield Finding("python", f"{python}, free-threaded", "warning", advice)
    for name in ("numba", "llvmlite", "numpy", "rich"):
        try:
            yield Finding(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            advice = f"pip install {name}, or install catzilla_jit again with its dependencies"
            yield Finding(name, "not installed", "broken", advice)


def native_library() -> Iterator[Finding]:
    from ..pools.native import library as native

    why = native.unavailable()
    if why is None:
        yield Finding("native library", f"loaded, interface version {native.ABI_VERSION}")
        return
    sentence, _, advice = why.partition("; ")
    if environment.flag("CATZILLA_JIT_DISABLE_NATIVE", False):
        level = "note"
    else:
        level = "broken" if native.LIBRARY.exists() else "warning"
    yield Finding("native library", printable(sentence), level, printable(advice))


def trial() -> Iterator[Finding]:
    """Compile a task, run it on a worker, and compare its answer."""
    from ..tasks.runtime import Runtime

    begin = time.perf_counter()
    try:
        with Runtime(workers=1) as runtime:
            task = runtime.task(_cube, name="doctor", compile_to_c=_wants_compilation())
            answer = task.submit(3.0).result(timeout=120)
            compiled = task.compiled
    except Exception as error:
        text = printable(f"{type(error).__name__}: {error}")
        advice = "reinstall numba and catzilla_jit; if that does not help, report this output"
        yield Finding("trial task", text, "broken", advice)
        return
    seconds = time.perf_counter() - begin
    if answer != 27.0:
        advice = "reinstall numba and catzilla_jit; results of this installation are not to trust"
        yield Finding("trial task", f"answered {answer!r}, not 27.0", "broken", advice)
        return
    how = "compiled and ran" if compiled else "ran as Python"
    yield Finding("trial task", f"{how} in {seconds:.2f} s, Numba's import included")


def _cube(x: float) -> float:
    return x * x * x


def _wants_compilation() -> Literal["require"] | None:
    return None if _switched_off() else "require"


_SWITCHES = ("CATZILLA_JIT_DISABLE_JIT", "NUMBA_DISABLE_JIT")


def _switched_off() -> list[str]:
    found = [_SWITCHES[0]] if environment.flag(_SWITCHES[0], False) else []
    # Numba's own, as Numba reads it.
    return found + [_SWITCHES[1]] * (os.environ.get(_SWITCHES[1], "0") not in ("", "0"))


def compilation() -> Iterator[Finding]:
    for name in _switched_off():
        yield Finding(
            "compilation", f"switched off by {name}", "warning", f"unset {name} to compile tasks"
        )
    # Imported by the compile stage, which alone may import them; the trial may have come from the
    # cache, without Numba.
    try:
        importlib.import_module("catzilla_jit.compile.build")
    except ImportError:
        return
    numba, llvm = sys.modules["numba"], sys.modules["llvmlite.binding"]
    yield Finding("target", llvm.get_host_cpu_name())
    yield from _cache()
    if numba.config.USING_SVML:
        yield Finding("vector math", "Intel SVML is used for math functions in loops")
    elif platform.machine() == "x86_64":
        advice = "pip install icc_rt lets Numba vectorize math functions in loops (fastmath)"
        yield Finding("vector math", "Intel SVML is not installed", "note", advice)


def _cache() -> Iterator[Finding]:
    from ..compile.cache import disk

    directory = disk.directory()
    if directory is not None:
        files, size = disk.size()
        text = f"{directory}, {files:,} files of {size / (1 << 20):,.1f} MiB together"
        yield Finding("compile cache", printable(text))
        return
    advice = (
        f"every start compiles again; let {disk.VARIABLE} name a directory of yours that others "
        "cannot enter (mode 700), on a disk that can be written"
    )
    yield Finding("compile cache", "there is no directory that is safe", "warning", advice)


# --- machine ------------------------------------------------------------------------------------


def allocator() -> Iterator[Finding]:
    maps = _read("/proc/self/maps")
    for name in ("jemalloc", "tcmalloc", "mimalloc"):
        if f"lib{name}" in maps:
            yield Finding("allocator", f"{name} is loaded")
            return
    library = jemalloc.find_library()
    if library is None:
        advice = f"install it ({jemalloc.INSTALL_HINT}), then: catzilla-jit run SCRIPT"
        yield Finding("allocator", "malloc; jemalloc is not installed", "note", advice)
    else:
        advice = "start programs with: catzilla-jit run SCRIPT"
        yield Finding("allocator", f"malloc; jemalloc lies in {library}", "note", advice)


def processors() -> Iterator[Finding]:
    from ..runtime import workers

    usable, present = workers.usable_cpus(), os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else present
    quota = workers._cgroup_quota()
    parts = [f"{usable} usable of {present}"]
    if affinity < present:
        parts.append(f"affinity allows {affinity}")
    if quota is not None:
        parts.append(f"the cgroup's quota is {quota:g}")
    yield Finding("processors", ", ".join(parts))
    try:
        chosen = workers.default_workers()
    except ValueError as error:
        yield Finding("workers", printable(str(error)), "broken", "correct or unset the variable")
        return
    text = f"{chosen} by default, and {workers.default_python_workers(None)} for Python tasks"
    if chosen > usable:
        advice = f"CATZILLA_JIT_WORKERS beyond {usable} makes compiled tasks wait for each other"
        yield Finding("workers", text, "warning", advice)
    else:
        yield Finding("workers", text)


def clock() -> Iterator[Finding]:
    source = _read("/sys/devices/system/clocksource/clocksource0/current_clocksource").strip()
    if source == "tsc" and platform.machine() == "x86_64":
        yield Finding("clock", "the processor's counter (tsc)")
    else:
        advice = "nothing to do: every time stamp costs some 20 to 50 ns more than with tsc"
        yield Finding("clock", f"the system's ({printable(source) or 'unknown'})", "note", advice)


# --- limits -------------------------------------------------------------------------------------

_FEW_THREADS = 256
_LITTLE_SPACE = 4 << 30


def limits() -> Iterator[Finding]:
    if resource is None:
        return
    yield _limit(
        "user processes", resource.RLIMIT_NPROC, "", _FEW_THREADS,
        "ulimit -u: every worker is a thread, and threads count",
    )  # fmt: skip
    yield _limit(
        "address space", resource.RLIMIT_AS, "bytes", _LITTLE_SPACE,
        "ulimit -v: each worker reserves a stack of 8 MiB, and Numba some hundred MiB",
    )  # fmt: skip
    yield _limit("stack", resource.RLIMIT_STACK, "bytes", 1 << 20, "ulimit -s 8192")
    yield _limit("locked memory", resource.RLIMIT_MEMLOCK, "bytes", 0, "")
    most = _read("/sys/fs/cgroup/pids.max").strip()
    if most.isdigit():
        used = _read("/sys/fs/cgroup/pids.current").strip()
        left = int(most) - int(used) if used.isdigit() else int(most)
        level = "warning" if left < _FEW_THREADS else "ok"
        advice = "raise the container's limit of processes (pids)" if level != "ok" else ""
        yield Finding("cgroup threads", f"{left} left of {most}", level, advice)


def _limit(name: str, number: int, unit: str, least: int, advice: str) -> Finding:
    soft, _hard = resource.getrlimit(number)
    if soft == resource.RLIM_INFINITY:
        return Finding(name, "no limit")
    text = f"{soft / (1 << 20):,.1f} MiB" if unit == "bytes" else f"{soft:,}"
    return Finding(name, text, "warning", advice) if soft < least else Finding(name, text)


def huge_pages() -> Iterator[Finding]:
    text = _read("/sys/kernel/mm/transparent_hugepage/enabled")
    mode = text.partition("[")[2].partition("]")[0]
    if mode == "always":
        advice = (
            "resident memory may look larger than it is used; madvise in "
            "/sys/kernel/mm/transparent_hugepage/enabled avoids that"
        )
        yield Finding("huge pages", "always", "note", advice)
    elif mode:
        yield Finding("huge pages", printable(mode))


def statistics() -> Iterator[Finding]:
    if not environment.flag("CATZILLA_JIT_STATS", True):
        advice = "unset CATZILLA_JIT_STATS to see programs started from here in catzilla-jit stats"
        yield Finding("statistics", "switched off by CATZILLA_JIT_STATS", "note", advice)
    elif not hasattr(os, "memfd_create") or not Path("/proc/self/fd").is_dir():
        advice = "this system has no memfd or no /proc: catzilla-jit stats cannot see programs"
        yield Finding("statistics", "not visible from outside", "note", advice)


def stopping() -> Iterator[Finding]:
    if not os.access("/proc/self/maps", os.R_OK):
        advice = "mount /proc: without it compiled calls that are cancelled go on unseen"
        yield Finding("stopping", "compiled code cannot be stopped", "warning", advice)


def messages() -> Iterator[Finding]:
    value = os.environ.get(logs.VARIABLE, "")
    wrong = logs.complaint(value)
    if wrong is not None:
        yield Finding("log level", printable(wrong), "warning", f"correct or unset {logs.VARIABLE}")
    elif value:
        yield Finding("log level", value.upper())


def variables() -> Iterator[Finding]:
    known = ", ".join(environment.PREFIX + name for name in environment.KNOWN)
    for name in environment.unknown():
        text = f"{printable(name)} is set, and there is no such variable"
        yield Finding("environment", text, "warning", f"there are: {known}")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


CHECKS: tuple[Check, ...] = (
    versions, native_library, trial, compilation, allocator, processors, clock, limits, huge_pages,
    statistics, stopping, messages, variables,
)  # fmt: skip
