"""The table by which compiled code knows how deep it is in calls (`recursion.py` says how).

Saved code refers to it by its name, so this is imported before any is loaded.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import llvmlite.binding as llvm
import numpy

TABLE = "cz_depths"
WORDS = 4  # of a place
PLACES = 1 << 16  # of which only those of threads that run are ever touched

_places = numpy.zeros(WORDS * PLACES, numpy.int64)  # lives as long as the code, which is for good
llvm.add_symbol(TABLE, _places.ctypes.data)
