"""Whether anything is compiled in this process."""

from __future__ import annotations

from ..environment import flag

#: Set to 1, it makes every task run as Python: for debuggers, and to compare.
SWITCH = "CATZILLA_JIT_DISABLE_JIT"


def switched_off() -> str | None:
    """Return why nothing is compiled here: the environment says so, or Numba is another one."""
    from .numba_range import installed  # it imports what takes a tenth of our own import's time

    return f"{SWITCH} is set" if flag(SWITCH, False) else installed()
