"""Forking while another thread compiles, or imports what compiles.

The child inherits locks as they are; one that is held by a thread which the child does not have
would never be released. So the forking thread waits for imports under way first, whose end may
need the compiler lock, and then takes that lock, which waits for a compilation under way. An
import that has begun meanwhile is waited for again, without the lock.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import os

from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit import importing

#: A thread that forks while it imports itself finds its import under way for ever.
ATTEMPTS = 3


def _before() -> None:
    for _ in range(ATTEMPTS):
        importing.finish()
        global_compiler_lock.acquire()
        if not importing.in_progress():
            return
        global_compiler_lock.release()
    global_compiler_lock.acquire()


os.register_at_fork(
    before=_before,
    after_in_parent=global_compiler_lock.release,
    after_in_child=global_compiler_lock.release,
)
