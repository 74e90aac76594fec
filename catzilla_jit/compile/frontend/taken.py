"""What is done to the tree of a function before its expressions are looked at, in this order."""

from __future__ import annotations

from catzilla_jit.compile.frontend.counters import take_counters
from catzilla_jit.compile.frontend.deques import take_deques
from catzilla_jit.compile.frontend.groups import take_groups

TAKING = (take_groups, take_deques, take_counters)
