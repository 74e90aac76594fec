"""Reading the statistics of runtimes in other processes.

A runtime's segment is a memfd, so it shows as a link in /proc/PID/fd and can be opened
there by processes of the same user. What is found may be anything that bears the name:
it must be a regular file whose size is sealed (a map of it cannot be cut off), and
segment.py trusts none of its contents.

No NumPy here, nor anything that imports it: the command line starts with this module.
"""

from __future__ import annotations

import contextlib
import dataclasses
import mmap
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import NoRuntime
from ..posix import fcntl
from . import compute, roster, segment, snapshot

_LINK = "/memfd:catzilla_jit"
_CONTROL_LINK = "/memfd:catzilla_jit_trace"
_ROSTER_LINK = f"/memfd:{roster.NAME}"
_F_GET_SEALS = 1034
_F_SEAL_SHRINK = 2
_MOST_BYTES = 1 << 31


@dataclasses.dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """A runtime that is running: its process, its number there, and what the process is."""

    pid: int
    runtime: int
    command: str
    started_at: float  # seconds since the epoch


def _proc(pid: int) -> Path:
    return Path("/proc") / str(pid)


def _is_own(pid: int) -> bool:
    return os.stat(_proc(pid)).st_uid == os.geteuid()


def _links(pid: int, link: str) -> Iterator[Path]:
    """Yield the descriptors of a process that bear the name; OSError if it cannot be looked at."""
    for descriptor in (_proc(pid) / "fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.split(" ", 1)[0] == link:
            yield descriptor


@contextlib.contextmanager
def _opened(path: Path, access: int) -> Iterator[tuple[int, os.stat_result]]:
    """Yield a descriptor of the file and what it is; Damaged unless it is one of this user."""
    # Not blocking: the name may lead to a pipe.
    descriptor = os.open(path, access | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise segment.Damaged("it is no file of this user")
        yield descriptor, status
    finally:
        os.close(descriptor)


def map_segment(path: Path, *, writable: bool = False) -> mmap.mmap:
    """Map the file, usually read-only; Damaged unless it is one that can be read safely."""
    with _opened(path, os.O_RDWR if writable else os.O_RDONLY) as (descriptor, status):
        if not 0 < status.st_size <= _MOST_BYTES:
            raise segment.Damaged("it has no sound size")
        try:
            seals = fcntl.fcntl(descriptor, _F_GET_SEALS)
        except OSError:
            seals = 0
        if not seals & _F_SEAL_SHRINK:
            raise segment.Damaged("its size is not sealed")
        protection = mmap.PROT_READ | mmap.PROT_WRITE if writable else mmap.PROT_READ
        return mmap.mmap(descriptor, status.st_size, prot=protection)


def _inner_pid(pid: int) -> int:
    """Return the number of a process in its own namespace."""
    for line in (_proc(pid) / "status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return pid


def _segments(
    pid: int, complaints: list[str] | None = None
) -> Iterator[tuple[Path, segment.Segment]]:
    """Yield the segments of a process, those that are sound and its own.

    complaints: gets what is wrong with the others.
    """
    for path in _links(pid, _LINK):
        try:
            with map_segment(path) as memory, memoryview(memory) as view:
                found = segment.read(view)
            # A forked child, or whoever was sent the descriptor, is not the runtime.
            if found.pid in (pid, _inner_pid(pid)):
                yield path, found
        except OSError:
            continue
        except segment.Damaged as damaged:
            if complaints is not None:
                complaints.append(str(damaged))


def command(pid: int) -> str:
    """Return the command line of a process, cleaned, at most 200 characters."""
    try:
        words = (_proc(pid) / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ")
    except OSError:
        return ""
    return segment.clean(words)[:200]


def running() -> list[RuntimeInfo]:
    """Return the runtimes of this user that keep statistics, in order of process and start.

    Empty where there is no /proc.
    """
    found = []
    try:
        pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return []
    for pid in pids:
        try:
            if _is_own(pid):
                found += [
                    RuntimeInfo(pid, each.number, command(pid), each.started_unix_ns * 1e-9)
                    for _, each in _segments(pid)
                ]
        except OSError:
            continue  # it has ended, or may not be looked at
    return sorted(found, key=lambda info: (info.pid, info.runtime))


def choose(pid: int, runtime: int | None = None) -> tuple[Path, segment.Segment]:
    """Return where the segment of a runtime lies, and a snapshot of it.

    runtime: its number in the process; by default the first that runs. Raises NoRuntime,
    with a sentence for the user, when there is none that can be read.
    """
    complaints: list[str] = []
    try:
        own = _is_own(pid)
    except OSError:
        raise NoRuntime(f"there is no process {pid}") from None
    if not own:
        raise NoRuntime(f"process {pid} belongs to another user")
    try:
        found = {each.number: (path, each) for path, each in _segments(pid, complaints)}
    except PermissionError:
        raise NoRuntime(f"process {pid} may not be looked at by this user") from None
    except OSError:
        raise NoRuntime(f"process {pid} has ended") from None
    if not found and complaints:
        raise NoRuntime(
            f"process {pid} has a statistics segment that cannot be read: {complaints[0]}"
        )
    if not found:
        raise NoRuntime(
            f"process {pid} runs no catzilla_jit runtime that keeps statistics (one starts with "
            "the first submission; CATZILLA_JIT_STATS=0 and enable_profiling=False hide it)"
        )
    number = min(found) if runtime is None else runtime
    if number not in found:
        numbers = ", ".join(map(str, sorted(found)))
        raise NoRuntime(f"process {pid} has no runtime {number}; it has {numbers}")
    return found[number]


def controls(pid: int) -> Iterator[Path]:
    """Yield what may be the controls (events.py) of a process's runtimes."""
    return _links(pid, _CONTROL_LINK)


def registered(pid: int, runtime: int) -> roster.Document | None:
    """Return the newest roster of a runtime, by its number; None if there is none that is sound.

    A newer one may be published while this looks; then there are two, or the older has gone.
    """
    found = []
    try:
        for path in _links(pid, _ROSTER_LINK):
            with contextlib.suppress(OSError, segment.Damaged):
                found.append(roster.parse(_small_file(path)))
        inner = _inner_pid(pid)
    except OSError:
        return None
    own = [each for each in found if each.pid in (pid, inner) and each.runtime == runtime]
    return max(own, key=lambda each: each.sequence, default=None)


def _small_file(path: Path) -> bytes:
    """Return what a roster's file holds, cut off behind what none is longer than."""
    with _opened(path, os.O_RDONLY) as (descriptor, _):
        return os.pread(descriptor, roster.MOST_BYTES + 1, 0)


def read(pid: int, runtime: int | None = None) -> snapshot.TaskStats:
    """Return the statistics of a runtime of another process (or of this one).

    As `choose`, of which it raises NoRuntime.
    """
    _, found = choose(pid, runtime)
    return dataclasses.replace(compute.compute(found, compute.resident_bytes(pid)), pid=pid)
