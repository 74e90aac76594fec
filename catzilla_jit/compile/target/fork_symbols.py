"""The functions of libcatzilla_jit.so that compiled code calls to fork and join.

Saved code refers to them by their names, so this is imported before any is loaded. Without the
library a function that forks is not compiled.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import pathlib

import llvmlite.binding as llvm

LIBRARY = pathlib.Path(__file__).parents[2] / "libcatzilla_jit.so"

#: What struct cz_frame has where (native/include/catzilla_jit.h).
STATUS, ERROR, DROP, SERIAL, PAYLOAD = 4, 8, 24, 40, 64
#: Bytes that result and arguments may take.
ROOM = 448


def _load() -> bool:
    if not LIBRARY.exists():
        return False
    try:
        llvm.load_library_permanently(str(LIBRARY))
    except RuntimeError:  # built for another machine
        return False
    return True


AVAILABLE = _load()
