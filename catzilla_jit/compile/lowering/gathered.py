"""Arrays that take the place of a list: `numpy.array([f(x) for x in xs])`.

Numba makes an array of the type of the items at once. NumPy looks at the items: where all that came
is of a lesser kind than the others, ints that might have been floats, the array is of that kind. So
a kernel leaves where an item of a lesser kind is written (`shadow_kind.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import ir

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import collected


def names(lower: Any) -> frozenset[str]:
    """Return the variables of a function that hold such arrays."""
    return frozenset(
        each.target.name
        for block in lower.blocks.values()
        for each in block.find_insts(ir.Assign)
        if isinstance(each.value, ir.Expr) and each.value.op == "call" and _makes(lower, each.value)
    )


def _makes(lower: Any, call: Any) -> bool:
    function = number_kinds.called(lower.fndesc.typemap, call)
    return function is collected.collected or function is collected.NUMBAS
