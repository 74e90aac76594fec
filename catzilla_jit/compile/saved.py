"""A compiled task as bytes, and back, without Numba.

Saved are what the runtime has to know, the machine code, and `rest`: what Numba needs to go on
from there (`frozen.py`). A chunk function of the task is saved beside it once it is wanted.
"""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

from catzilla_jit.compile import clibrary, store
from catzilla_jit.compile.slots import Slot


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of a compiled task beside its code; the slots are without addresses."""

    signature: str
    slots: tuple[Slot, ...]
    payload_size: int
    entry: str  # the symbol
    boxes: dict[str, list[str]]  # the symbols of pack, unpack, release, by slot
    interruptible: bool
    pure: bool


@dataclasses.dataclass(frozen=True)
class Saved:
    """A task on disk."""

    facts: Facts
    object_code: bytes
    constants: bytes  # those of each environment, by the symbol of the variable for it
    rest: bytes

    def environments(self) -> dict[str, Any]:
        """Make the environments of the code."""
        found = pickle.loads(self.constants)
        return {name: clibrary.environment(values) for name, values in found.items()}


@dataclasses.dataclass(frozen=True)
class SavedChunk:
    """A chunk function on disk."""

    symbol: str
    object_code: bytes
    rest: bytes


def read(digest: str) -> Saved | None:
    """Return the task that was saved under a digest; None without one, or with a damaged one."""
    found = _read(digest)
    return found if isinstance(found, Saved) and isinstance(found.facts, Facts) else None


def read_chunk(digest: str, pattern: str) -> SavedChunk | None:
    """Return the chunk function of a saved task, or None."""
    found = _read(f"{digest}.{pattern}")
    return found if isinstance(found, SavedChunk) else None


def _read(name: str) -> object:
    data = store.read(name)
    try:
        return None if data is None else pickle.loads(data)
    except Exception:  # damaged data can raise anything
        return None


def write(digest: str, task: Saved) -> None:
    store.write(digest, pickle.dumps(task))


def write_chunk(digest: str, pattern: str, chunk: SavedChunk) -> None:
    store.write(f"{digest}.{pattern}", pickle.dumps(chunk))
