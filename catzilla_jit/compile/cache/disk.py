"""The disk cache: one file per name, in a directory of ours that only the user can write to.

What is read here is executed, so the directory must belong to the user and be closed to others, as
must the one around it that the user may have chosen; if not, there is no cache. All is done
relative to the opened directory, which cannot be exchanged on the way. Only plain files whose names
have our form are read, written or removed: what else lies there is somebody's.

Files appear whole or not at all, and begin with a checksum of their name and of the rest. A file
that cannot be read, is too large, has another's content, or was damaged is treated as absent. What
is in a file is for `saved_task.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping

VARIABLE = "CATZILLA_JIT_CACHE_DIR"
#: Our directory, in the one that is chosen.
FOLDER = "catzilla_jit_code"
MOST_FILES = 4000
MOST_BYTES = 2**26  # of one file
CHECKSUM = 32  # bytes
#: A digest, and the pattern of a chunk function or the mark of a library function; and what is
#: being written.
NAME = re.compile(r"[0-9a-f]{64}(\.([csv]{1,255}|l))?")
UNFINISHED = re.compile(r"\.new-[0-9a-f]{16}")
#: What is this old and unfinished was left by a process that was killed.
UNFINISHED_SECONDS = 3600.0
_FOLDER_FLAGS = sum(
    getattr(os, name, 0) for name in ("O_RDONLY", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
)


def directory() -> pathlib.Path | None:
    """Return the directory of the cache, made if need be; None when there is none that is safe."""
    chosen = _chosen()
    if chosen is None or not hasattr(os, "geteuid"):  # whose a file is cannot be told
        return None
    folder = chosen / FOLDER
    try:
        chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_closed(chosen.stat()):
            return None
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        return folder if _is_closed(folder.lstat()) and os.access(folder, os.W_OK) else None
    except (OSError, ValueError):
        return None


def _is_closed(status: os.stat_result) -> bool:
    """Tell whether it is a directory of the user's that is closed to others."""
    mine = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    return mine and stat.S_ISDIR(status.st_mode)


def _chosen() -> pathlib.Path | None:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        path = os.path.expanduser(chosen)
        return None if path.startswith("~") else pathlib.Path(path)
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # says the standard
        home = os.path.expanduser("~/.cache") if os.environ.get("HOME", "~") else ""
    return pathlib.Path(home, "catzilla_jit") if os.path.isabs(home) else None


@contextlib.contextmanager
def _opened() -> Iterator[int | None]:
    """Yield a descriptor of the directory, None without one."""
    path = directory()
    try:
        folder = None if path is None else os.open(path, _FOLDER_FLAGS)
    except OSError:
        folder = None
    try:
        yield folder if folder is not None and _is_closed(os.fstat(folder)) else None
    finally:
        if folder is not None:
            os.close(folder)


def read(name: str) -> bytes | None:
    """Return what was written under a name, or None."""
    with _opened() as folder:
        found = None if folder is None else _content(folder, name)
    if found is None:
        return None
    data = found[CHECKSUM:]
    return data if found[:CHECKSUM] == _checksum(name, data) else None


def _content(folder: int, name: str) -> bytes | None:
    """Return the bytes of a plain file of a size that can be ours."""
    # A pipe would be waited for without NONBLOCK.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return None
        with open(handle, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    except OSError:
        return None
    finally:
        os.close(handle)


def write(name: str, data: bytes) -> None:
    """Keep data under a name; a full disk or a lost race only means that it is not kept."""
    write_all({name: data})


def write_all(files: Mapping[str, bytes]) -> None:
    """Keep the data of several names."""
    with _opened() as folder, contextlib.suppress(OSError):
        if folder is not None:
            for name, data in files.items():
                if len(data) + CHECKSUM <= MOST_BYTES and NAME.fullmatch(name):
                    _put(folder, name, _checksum(name, data) + data)
            _tidy(folder)


def _put(folder: int, name: str, content: bytes) -> None:
    unfinished = f".new-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(unfinished, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
        os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished, dir_fd=folder)
        raise


def _checksum(name: str, data: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + data).digest()


def _tidy(folder: int) -> None:
    """Remove what killed processes have left unfinished, and the oldest files of too many."""
    kept = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                continue
            written = entry.stat(follow_symlinks=False).st_mtime
            if NAME.fullmatch(entry.name):
                kept.append((written, entry.name))
            elif UNFINISHED.fullmatch(entry.name) and written < time.time() - UNFINISHED_SECONDS:
                _remove(folder, entry.name)
    if len(kept) > MOST_FILES:
        for _, name in sorted(kept)[: len(kept) // 4]:
            _remove(folder, name)


def size() -> tuple[int, int]:
    """Return how many files of compiled code there are, and their bytes."""
    with _opened() as folder:
        found = [] if folder is None else _ours(folder)
    return len(found), sum(size for _, size in found)


def clear() -> int:
    """Remove them; return how many. What runs has its code already, and keeps it."""
    with _opened() as folder:
        found = [] if folder is None else _ours(folder)
        for name, _ in found:
            assert folder is not None
            _remove(folder, name)
    return len(found)


def _ours(folder: int) -> list[tuple[str, int]]:
    """Return the names and sizes of the plain files of our form."""
    with os.scandir(folder) as entries:
        return [
            (entry.name, entry.stat(follow_symlinks=False).st_size)
            for entry in entries
            if entry.is_file(follow_symlinks=False)
            and (NAME.fullmatch(entry.name) or UNFINISHED.fullmatch(entry.name))
        ]


def _remove(folder: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # another process does the same
        os.unlink(name, dir_fd=folder)
