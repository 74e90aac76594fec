"""Numba's compiler lock, and what has to be there before it is taken.

Numba imports some fifty of its modules under this lock, when something is compiled for the first
time. The import of one of them, `numba.typed.typeddict`, makes the CPU target, which holds a lock
of Numba's for what is made once and then wants the compiler lock. Two threads that meet on these
ways wait for each other. So this module makes the target when it is imported, and who is going to
compile imports the rest first. Under the lock nothing is imported, and no module of the user's
is waited for (docs/design.md has the order of all locks).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,attr-defined"

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator

import numba  # noqa: F401 -- the whole before its parts
from numba.core import event
from numba.core.compiler_lock import global_compiler_lock
from numba.core.event import Event, Listener
from numba.core.registry import cpu_target

from catzilla_jit.compile.target.abandon import go_on
from catzilla_jit.compile.target.warnings_filter import quiet

cpu_target.typing_context  # noqa: B018 -- made by the first look
cpu_target.target_context  # noqa: B018


class _Passes(Listener):
    """Asks before each pass of Numba's whether the compilation is still wanted."""

    def on_start(self, event: Event) -> None:
        go_on()

    def on_end(self, event: Event) -> None:
        pass


event.register("numba:run_pass", _Passes())


@contextlib.contextmanager
def compiler() -> Iterator[None]:
    """Hold Numba's compiler lock, with all that is imported under it in place."""
    # One import, which a fork waits for as a whole.
    importlib.import_module("catzilla_jit.compile.target.parts")
    with global_compiler_lock, quiet():
        yield
