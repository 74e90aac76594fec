"""jemalloc: where it lies, and how a process starts with it. The one place that names its files.

A running process cannot change its allocator, and the library's thread-local storage
keeps it from being loaded later, so it comes by LD_PRELOAD at the start of the process:
through `catzilla-jit run`, a Jupyter kernel spec, or by hand.

The command line starts with this module, so it imports little before it is asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

LIBRARY_NAMES = ("libjemalloc.so.2", "libjemalloc.so")
INSTALL_HINT = "Debian, Ubuntu: apt-get install libjemalloc2"

#: What jemalloc is told where nobody has told it anything: a thread of its own gives freed pages
#: back after a fifth of a second, instead of ten seconds and only while the program allocates
#: (benchmarks/bench_churn.py).
SETTINGS = "background_thread:true,dirty_decay_ms:200,muzzy_decay_ms:0"

# Allocators that must not be mixed: one of them in LD_PRELOAD is somebody's decision.
_ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc", "libasan", "libtsan")


def find_library() -> str | None:
    """Return the path of jemalloc's shared library for this interpreter, None without one."""
    kind = _machine_kind(Path(sys.executable))
    for path in _candidates():
        if kind is not None and _machine_kind(path) == kind:
            return str(path)
    return None


def environment(library: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with the library preloaded before what LD_PRELOAD holds already.

    MALLOC_CONF is SETTINGS unless it is there. Where LD_PRELOAD names an allocator, `environ` is
    returned as it is.
    """
    present = environ.get("LD_PRELOAD", "")
    if names_allocator(present):
        return dict(environ)
    preload = f"{library}:{present}" if present else library
    return {"MALLOC_CONF": SETTINGS, **environ, "LD_PRELOAD": preload}


def names_allocator(preload: str) -> bool:
    """Tell whether a value of LD_PRELOAD holds an allocator."""
    names = [Path(part).name for part in preload.replace(":", " ").split()]
    return any(allocator in name for name in names for allocator in _ALLOCATORS)


def _candidates() -> Iterator[Path]:
    for directory in _directories():
        for name in LIBRARY_NAMES:
            path = Path(directory, name)
            if path.is_file():
                yield path
    yield from _ldconfig()


def _directories() -> Iterator[str]:
    """Yield where the dynamic linker looks, a conda environment's own directory first."""
    import sysconfig

    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    yield str(Path(sys.base_prefix, "lib"))
    multiarch = sysconfig.get_config_var("MULTIARCH")
    for root in ("/usr/local/lib", "/usr/lib", "/lib"):
        if multiarch:
            yield f"{root}/{multiarch}"
        yield from (f"{root}64", root)


def _ldconfig() -> Iterator[Path]:
    """Yield what the linker's cache knows beyond the usual directories."""
    import subprocess

    search = os.environ.get("PATH", "") + ":/sbin:/usr/sbin"
    try:
        listing = subprocess.run(
            ["ldconfig", "-p"], capture_output=True, text=True, timeout=5,
            env={**os.environ, "PATH": search},
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return
    for line in listing.splitlines():
        name, _, path = line.strip().partition(" (")
        if name in LIBRARY_NAMES and " => " in path:
            yield Path(path.rpartition(" => ")[2])


def _machine_kind(path: Path) -> bytes | None:
    """Return word size, byte order and machine from the ELF header; None if there is none."""
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError:
        return None
    return header[4:6] + header[18:20] if header.startswith(b"\x7fELF") else None
