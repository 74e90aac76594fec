"""Forking while another thread compiles.

The child inherits Numba's compiler lock as it is; held by a thread that the child does not have,
it would never be released. So the forking thread takes it first, which waits for a compilation
under way.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import os

from numba.core.compiler_lock import global_compiler_lock


@functools.cache
def guard_forks() -> None:
    """Take the compiler lock around every fork of this process from now on."""
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


guard_forks()
