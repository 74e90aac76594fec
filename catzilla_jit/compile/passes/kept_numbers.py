"""Where NumPy's numbers go into containers, or to a `random.Random`: parts of a walk.

The walk is that of `check_numpy_parity.py`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.origins import Origins, has_numpy
from catzilla_jit.compile.datamodel.own_generator import OwnRandom
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.library import twister
from catzilla_jit.compile.passes import foreign_arrays

#: What draws from items, and takes numbers for counts and chances alone.
FROM_ITEMS = {"choice", "choices", "sample", "shuffle"}
ADVICE = "put in float(x) or int(x)"


class Checks(foreign_arrays.Checks):
    """The walk's part for containers."""

    collected: frozenset[str]  # lists that only become arrays
    origins: Origins

    def _taken(self, container: str, names: list[str]) -> None:
        """A list would give back a number of Python where NumPy's went in."""
        if any(has_numpy(self.origins[name]) and not self._is_array(name) for name in names):
            message = f"NumPy's numbers are put into a {container}"
            self._refuse(rules.NUMPY_NUMBERS_KEPT, message, ADVICE)

    def _put(self, name: str, container: str, names: list[str]) -> None:
        """A container that is known to hold NumPy's numbers alone gives them back."""
        if not self._is_kept(name) and name not in self.collected:
            self._taken(container, names)

    def _is_kept(self, name: str) -> bool:
        """Tell whether a variable is for a container of which it is known who made its numbers."""
        return name in self.origins.containers and not self.origins.is_undecided(name)

    def _is_new(self, name: str) -> bool:
        """Tell whether a call makes such a container, of items that are known."""
        return name in self.origins.containers.new and self._is_kept(name)

    def _drawn(self, expr: Any) -> None:
        """What Python's generator makes of NumPy's numbers is NumPy's; it takes none as a seed."""
        callee = self.typemap[expr.func.name]
        if isinstance(callee, types.BoundFunction):
            draws = isinstance(callee.this, OwnRandom)
            draws = draws and number_kinds.method_name(callee) not in FROM_ITEMS
        else:
            draws = number_kinds.called(self.typemap, expr) is twister.seeded
        given = [*expr.args, *(value for _, value in expr.kws)]
        given += [] if expr.vararg is None else [expr.vararg]
        if draws and any(has_numpy(self.origins[each.name]) for each in given):
            message = "a random.Random is called with NumPy's numbers"
            self._refuse(rules.NUMPY_NUMBERS_PASSED, message, "pass float(x) or int(x)")

    def _source(self, target: str, expr: Any) -> None:
        """A container that comes from elsewhere may hold NumPy's numbers."""
        if expr.op == "call":
            self._drawn(expr)
        if expr.op in ("build_list", "build_map") or target in self.collected:
            return
        if self.origins.is_undecided(target) and has_numpy(self.origins.of_value(target, expr)):
            message = "NumPy's numbers are put into a container"
            self._refuse(rules.NUMPY_NUMBERS_KEPT, message, ADVICE)
