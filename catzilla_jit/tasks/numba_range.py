"""The versions of Numba that the compile stage is tested with.

It uses parts of Numba that have no promise of stability. With another version tasks run as Python:
a wrong answer is worse than a slow one.
"""

from __future__ import annotations

import functools
import importlib.metadata
import warnings

from ..errors import CompileWarning

#: From, to: minor versions. pyproject.toml says the same to installers.
OLDEST, NEWEST = (0, 64), (0, 68)


def complaint(version: str) -> str | None:
    """Return what is wrong with a version, None if nothing is."""
    try:
        minor = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        return f"Numba {version} is no release"
    if minor < OLDEST:
        return f"Numba {version} is older than {_shown(OLDEST)}, the oldest that works"
    if minor > NEWEST:
        return (
            f"Numba {version} is newer than {_shown(NEWEST)}, the newest that this was tested with"
        )
    return None


def _shown(minor: tuple[int, ...]) -> str:
    return ".".join(map(str, minor))


@functools.cache
def installed() -> str | None:
    """Return what is wrong with the installed Numba, None if nothing is; warns, once."""
    try:
        found = complaint(importlib.metadata.version("numba"))
    except importlib.metadata.PackageNotFoundError:
        return None  # its import says so
    if found is not None:
        warnings.warn(f"{found}: tasks run as Python", CompileWarning, stacklevel=2)
    return found
