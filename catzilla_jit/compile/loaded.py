"""The compiled tasks of this process, and how a saved one becomes executable."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from catzilla_jit.compile.backend import loader
from catzilla_jit.compile.cache import saved_task
from catzilla_jit.compile.cache.saved_task import Facts, Saved
from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.diagnostics.reason import CompileRefused
from catzilla_jit.compile.slots import Slot
from catzilla_jit.compile.with_numba import import_numba

if TYPE_CHECKING:
    from catzilla_jit.compile.backend.kernel import Kernel


#: What became of each function in this process; its machine code is kept for good as well.
known: dict[tuple[str, str], CompiledTask | CompileRefused] = {}


#: Digests whose symbols stand for something else in this process: what the function names was
#: assigned while it was compiled. Nothing is loaded or kept under them.
spoiled: set[str] = set()


def loaded(name: str, digest: str, portable: bool, begun: float) -> CompiledTask | None:
    """Return the task of this process or the disk; None if that takes Numba."""
    if not portable or digest in spoiled:
        return None
    if (name, digest) not in known:
        # Before the lock is taken: it may import, and who imports may wait for the lock.
        task = saved_task.read(digest)
        variables = variables_for(task) if task is not None else None
        if task is None or variables is None or not loader.is_loadable(task.object_code):
            return None
        with loader.LOCK:
            if (name, digest) not in known:
                known[name, digest] = load(task, variables, name, digest, begun)
    found = known.get((name, digest))
    return found if isinstance(found, CompiledTask) else None


def variables_for(task: Saved) -> dict[str, Any] | None:
    """Make what the variables of a saved task's code point at; None if that cannot be."""
    return {} if loader.is_plain(task.object_code) else task.variables()


def load(
    task: Saved, variables: dict[str, Any], name: str, digest: str, begun: float
) -> CompiledTask:
    """Make the code of a saved task executable that `loader.is_loadable`."""
    facts = task.facts
    symbols = [symbol for boxes in facts.boxes.values() for symbol in boxes if symbol]
    at = loader.load(task.object_code, [facts.entry, *symbols], variables)
    return CompiledTask(
        facts,
        with_boxes(facts, at.__getitem__),
        at[facts.entry],
        task.object_code,
        _kernel_of(task, variables),
        name=name,
        digest=digest,
        compile_seconds=time.perf_counter() - begun,
        from_cache=True,
    )


def with_boxes(facts: Facts, address: Callable[[str], int]) -> tuple[Slot, ...]:
    """Return the slots with the addresses of their functions."""
    found = []
    for slot in facts.slots:
        if slot.name in facts.boxes:
            pack, unpack, release = (address(s) if s else 0 for s in facts.boxes[slot.name])
            slot = dataclasses.replace(slot, pack=pack, unpack=unpack, release=release)
        found.append(slot)
    return tuple(found)


def _kernel_of(task: Saved, variables: dict[str, Any]) -> Callable[[], Kernel]:
    @functools.cache
    def kernel() -> Kernel:
        import_numba()
        from catzilla_jit.compile.cache.numba_state import thaw

        return thaw(task, variables)

    return kernel
