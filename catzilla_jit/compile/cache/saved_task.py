"""A compiled task as bytes, and back, without Numba.

Saved are what the runtime has to know, the machine code, and `rest`: what Numba needs to go on
from there (`numba_state.py`). A chunk function of the task is saved beside it once it is wanted.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import pickle
import sys
from typing import Any

from catzilla_jit.compile.backend import numba_symbols
from catzilla_jit.compile.backend.elf import defined
from catzilla_jit.compile.cache import disk
from catzilla_jit.compile.diagnostics.evaluation import Evaluation
from catzilla_jit.compile.slots import Slot
from catzilla_jit.compile.target.variable_names import ENVIRONMENT, OBJECT

VARIABLES = (OBJECT, ENVIRONMENT)
#: Packages that wait for nothing of the user's when they are imported.
INSTALLED = {*sys.stdlib_module_names, "catzilla_jit", "llvmlite", "numba", "numpy"} - {"__main__"}


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
    repeatable: bool  # it may be run again as Python after it has run in part
    overwritten: tuple[int, ...]  # the arguments that it only writes to
    loops: tuple[tuple[int, tuple[str, ...]], ...]  # in parallel: their lines and their sums
    evaluations: tuple[Evaluation, ...] = ()  # of its array expressions


@dataclasses.dataclass(frozen=True)
class Saved:
    """A task on disk."""

    facts: Facts
    object_code: bytes
    #: The constants of each environment and each object, by the symbol of the variable for it.
    constants: bytes
    rest: bytes

    def variables(self) -> dict[str, Any] | None:
        """Make what the variables of the code point at; None if not all of it is to be had here."""
        try:
            constants, objects = unpickled(self.constants)
            environments = {
                name: numba_symbols.environment(held) for name, held in constants.items()
            }
        except Exception:  # a class that is no more, one that raises as it is made
            return None
        found = {**environments, **objects}
        return found if variables_of(self.object_code) <= found.keys() else None


@dataclasses.dataclass(frozen=True)
class SavedChunk:
    """A chunk function on disk."""

    symbol: str
    object_code: bytes
    rest: bytes


class _Unpickler(pickle.Unpickler):
    """An unpickler that waits for no module of the user's: another thread may import it."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in INSTALLED and module not in sys.modules:
            raise pickle.UnpicklingError(f"{module} is not imported")
        if module not in sys.modules:
            return super().find_class(module, name)
        return functools.reduce(getattr, name.split("."), sys.modules[module])


class _Importless(_Unpickler):
    """An unpickler for who holds the compiler lock, which an import could wait for."""

    def find_class(self, module: str, name: str) -> Any:
        if module not in sys.modules:
            raise pickle.UnpicklingError(f"{module} is not imported")
        return super().find_class(module, name)


def unpickled(data: bytes, *, imports: bool = True) -> Any:
    """Return what was pickled; can raise anything. Without `imports` nothing is imported."""
    return (_Unpickler if imports else _Importless)(io.BytesIO(data)).load()


def variables_of(object_code: bytes) -> set[str]:
    """Return the variables of code that somebody has to set."""
    return {name for name in defined(object_code) if name.startswith(VARIABLES)}


def read(digest: str) -> Saved | None:
    """Return the task that was saved under a digest; None without one, or with a damaged one."""
    found = _read(digest)
    return found if isinstance(found, Saved) and isinstance(found.facts, Facts) else None


def read_chunk(digest: str, pattern: str) -> SavedChunk | None:
    """Return the chunk function of a saved task, or None."""
    found = _read(f"{digest}.{pattern}")
    return found if isinstance(found, SavedChunk) else None


def _read(name: str) -> object:
    data = disk.read(name)
    try:
        return None if data is None else unpickled(data)
    except Exception:  # damaged data can raise anything
        return None


def write(digest: str, task: Saved) -> None:
    disk.write(digest, pickle.dumps(task))


def write_chunk(digest: str, pattern: str, chunk: SavedChunk) -> None:
    disk.write(f"{digest}.{pattern}", pickle.dumps(chunk))
