"""What comes before the import of any module that imports Numba, on whatever thread."""

from __future__ import annotations

import importlib

from catzilla_jit import importing


def import_numba() -> None:
    """Import Numba, whole, and have its target made.

    The import of Numba's dicts makes the target, and so wants the compiler lock, if nobody has made
    it; whoever holds that lock, to compile for the first time, imports the dicts. Once the target
    is there, no import waits for that lock.
    """
    importing.import_whole("numba")
    importlib.import_module("catzilla_jit.compile.target.compiler_lock")
