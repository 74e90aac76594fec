"""The environment variables of the package: which there are, and how yes and no are written."""

from __future__ import annotations

import os

PREFIX = "CATZILLA_JIT_"
#: All of them, without the prefix. `doctor` names what else is set.
KNOWN = ("CACHE_DIR", "DISABLE_JIT", "DISABLE_NATIVE", "LOG_LEVEL", "STATS", "WORKERS")
_YES = ("1", "yes", "y", "true", "t", "on")
_NO = ("0", "no", "n", "false", "f", "off")


def flag(name: str, default: bool) -> bool:
    """Return whether a variable says yes; ValueError for what is neither yes nor no."""
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in _YES + _NO:
        raise ValueError(
            f"{name} must be 1 or 0 (yes or no, true or false, on or off), not {text!r}"
        )
    return text in _YES


def unknown() -> list[str]:
    """Return the variables that are set and that nothing here reads."""
    known = {PREFIX + name for name in KNOWN}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
