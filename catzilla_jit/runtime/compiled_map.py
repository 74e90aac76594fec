"""Maps of compiled tasks: their arguments, laid out for one call of the pool.

Arguments broadcast against each other like NumPy's. Dimensions are merged as far as the
strides allow; up to two remain, which the chunk function walks without a copy of a
broadcast argument. What needs more is copied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..pools.payload import SCALARS, Compiled, Unfit, exact_array
from ..pools.protocol import Backend, BatchCall, SettleItem
from .batch import BatchResult
from .broadcast import Array, _output, _UnfitType, broadcast, lay_out, unfit_argument
from .left_batch import LeftBatch
from .left_items import LeftItems
from .warmup import before_others


def submit_compiled(
    backend: Backend,
    task: Compiled,
    name: str,
    values: Sequence[Any],
    *,
    out: Array | None,
    level: int,
    collect: bool,
    chunk_size: int,
    settle: SettleItem,
    progress: bool,
    arena: bool = False,
    again: Callable[..., Any] | None = None,
    any_number: bool = True,
) -> BatchResult[Any]:
    """Queue a map of a compiled task; TypeError, ValueError or OverflowError before it is.

    again: what computes an item that compiled code has no answer to; None: such an item fails.
    any_number: arrays of NumPy's other types are taken as well, where nothing is lost.
    """
    arrays = []
    names = [slot.name for slot in task.arguments]
    if any(slot.code == "O" for slot in (task.result, *task.arguments)):
        raise _UnfitType(f"task {name}: only tasks of numbers are mapped as machine code")
    for slot, value in zip(task.arguments, values, strict=True):
        try:
            arrays.append(exact_array(slot.code, value, any_number=any_number))
        except Unfit as error:
            raise unfit_argument(error, f"task {name}: argument {slot.name!r} {error}") from None
    shape = broadcast(name, names, arrays)
    result = _output(name, task, shape, out)
    for parameter, array in zip(names, arrays, strict=True):
        if out is not None and np.may_share_memory(out, array) and array is not out:
            raise ValueError(
                f"task {name}: out overlaps argument {parameter!r}; items would read what "
                "others have written"
            )
    pattern, spans, inner = lay_out(task, arrays, result)
    chunk = _chunk(backend, name, task, pattern)
    returns_none = SCALARS[task.result.code].dtype is None
    left = None if again is None else LeftItems(name, again, arrays, result, returns_none)
    handle = backend.batch(
        BatchCall(
            name, task, chunk, spans, inner, result.size, chunk_size, level, collect, arena, left
        )
    )
    if left is not None:
        handle = both = LeftBatch(handle, left, settle, collect)
        settle = both.settle
    return BatchResult(
        backend, name, handle, None if returns_none else result, result.size, settle, progress,
        gaps=collect and not returns_none,
    )  # fmt: skip


# A look-up of compiled code takes less.
_COMPILES_NS = 1_000_000


def _chunk(backend: Backend, name: str, task: Compiled, pattern: str) -> int:
    """Return the chunk function, which is compiled for the first map of its pattern."""
    chunk = task.known_chunk(pattern)
    if chunk is not None:
        return chunk
    began = time.monotonic_ns()
    with before_others():
        chunk = task.chunk(pattern)
    ended = time.monotonic_ns()
    if ended - began > _COMPILES_NS:
        backend.note_compilation(f"{name} (map)", began, ended, False, False)
    return chunk
