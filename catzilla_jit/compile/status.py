"""The status of a kernel whose answer Python has and compiled code has not."""

from __future__ import annotations

#: Returned by the entry when Python's answer would not fit the compiled types (an integer beyond
#: 64 bits, a power that is a fraction): a task without side effects is then run as Python.
STATUS_OVERFLOW = 2
