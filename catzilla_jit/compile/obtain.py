"""Compiled tasks: those of this process, those in the disk cache, and the rest from the compiler.

Numba is imported for the last: a process whose tasks are in the cache does without, as far as
their hints tell the types (`annotations.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from catzilla_jit.compile import machine, saved
from catzilla_jit.compile.abandon import while_wanted
from catzilla_jit.compile.annotations import scalar_types
from catzilla_jit.compile.compiled import CompiledTask
from catzilla_jit.compile.fingerprint import fingerprint
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.reason import CompileRefused
from catzilla_jit.compile.saved import Facts, Saved
from catzilla_jit.compile.screen import screen
from catzilla_jit.compile.slots import Slot

if TYPE_CHECKING:
    from numba.core import types

    from catzilla_jit.compile.kernel import Kernel

#: What became of each function in this process; its machine code is kept for good as well.
known: dict[tuple[str, str], CompiledTask | CompileRefused] = {}

#: Digests whose symbols stand for something else in this process: what the function names was
#: assigned while it was compiled. Nothing is loaded or kept under them.
spoiled: set[str] = set()


def compile_task(
    function: Any,
    *,
    name: str,
    argument_types: Sequence[types.Type] | None = None,
    fastmath: bool = False,
    boundscheck: bool = False,
    overflow: str = "check",
    prints: bool = True,
    exact: bool = False,
    is_wanted: Callable[[], bool] | None = None,
) -> CompiledTask:
    """Compile a function for the types its hints name, or for `argument_types`.

    `overflow` is "check" or "wrap"; `prints=False` refuses what prints, `exact` what Numba
    computes otherwise than NumPy. The return type is the inferred one. A function that was
    compiled before, in this process or another, is not compiled again. Takes milliseconds to
    seconds, and Numba's compiler lock. `is_wanted` is asked now and then; once it says False,
    Abandoned is raised. Raises CompileRefused with the reasons when the function must stay Python.
    """
    options = Options(fastmath, boundscheck, overflow, prints, exact)
    begun = time.perf_counter()
    plain = screen(function, name)
    # Without hints for all it is for `build` to find the types, and to look into the cache.
    scalars = scalar_types(plain, name) if argument_types is None else None
    if scalars is not None:
        found = loaded(name, *fingerprint(plain, scalars, options), begun)
        if found is not None:
            return found
    from catzilla_jit.compile.build import build

    with while_wanted(is_wanted):
        return build(plain, name, argument_types, options, begun)


def loaded(name: str, digest: str, portable: bool, begun: float) -> CompiledTask | None:
    """Return the task of this process or the disk; None if that takes Numba."""
    if not portable or digest in spoiled:
        return None
    if (name, digest) not in known:
        # Before the lock is taken: it may import, and who imports may wait for the lock.
        task = saved.read(digest)
        variables = variables_for(task) if task is not None else None
        if task is None or variables is None or not machine.is_loadable(task.object_code):
            return None
        with machine.LOCK:
            if (name, digest) not in known:
                known[name, digest] = load(task, variables, name, digest, begun)
    found = known.get((name, digest))
    return found if isinstance(found, CompiledTask) else None


def variables_for(task: Saved) -> dict[str, Any] | None:
    """Make what the variables of a saved task's code point at; None if that cannot be."""
    return {} if machine.is_plain(task.object_code) else task.variables()


def load(
    task: Saved, variables: dict[str, Any], name: str, digest: str, begun: float
) -> CompiledTask:
    """Make the code of a saved task executable that `machine.is_loadable`."""
    facts = task.facts
    symbols = [symbol for boxes in facts.boxes.values() for symbol in boxes if symbol]
    at = machine.load(task.object_code, [facts.entry, *symbols], variables)
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
        from catzilla_jit.compile.frozen import thaw

        return thaw(task, variables)

    return kernel
