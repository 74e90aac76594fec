"""The behaviour suite: what the API promises, for compiled and for Python tasks.

Every test that asks for `kind` or `make` runs for both. The whole suite runs on the pool that
this process has; tools/tests.py runs it once more on the pure-Python pool, as does
CATZILLA_JIT_DISABLE_NATIVE=1 pytest tests/behaviour.
"""

from __future__ import annotations

from support.fixtures import gate, kind, make, make_on, notes, runtime, single

__all__ = ["gate", "kind", "make", "make_on", "notes", "runtime", "single"]
