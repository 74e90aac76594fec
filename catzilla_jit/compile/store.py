"""The disk cache: one file per digest, in a directory that only the user can write to.

What is read here is executed, so the directory must belong to the user and be closed to others;
if it is not, there is no cache. Files appear whole or not at all, and begin with a checksum of the
rest: a file that cannot be read, or that a crash or the disk has damaged, is treated as absent.
What is in a file is for `saved.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import stat
import tempfile

VARIABLE = "CATZILLA_JIT_CACHE_DIR"
MOST_FILES = 2000
CHECKSUM = 32  # bytes


def directory() -> pathlib.Path | None:
    """Return the cache directory, made if need be; None when there is none that is safe."""
    path = _wanted()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except (OSError, RuntimeError):
        return None
    mine = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    return path if mine and os.access(path, os.W_OK) else None


def _wanted() -> pathlib.Path:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return pathlib.Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(home) / "catzilla_jit"


def read(digest: str) -> bytes | None:
    """Return what was written under a digest, or None."""
    folder = directory()
    if folder is None:
        return None
    try:
        found = (folder / digest).read_bytes()
    except OSError:
        return None
    data = found[CHECKSUM:]
    return data if found[:CHECKSUM] == _checksum(data) else None


def write(digest: str, data: bytes) -> None:
    """Keep data under a digest; a full disk or a lost race only means that it is not kept."""
    folder = directory()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(data))
                file.write(data)
            os.replace(temporary, folder / digest)
        except OSError:
            os.unlink(temporary)
        _forget_the_oldest(folder)


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _forget_the_oldest(folder: pathlib.Path) -> None:
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(files) > MOST_FILES:
        files.sort(key=lambda path: path.stat().st_mtime)
        for path in files[: len(files) // 4]:
            path.unlink(missing_ok=True)
