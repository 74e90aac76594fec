"""What the passes and the lowering find out about a unit while they compile it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from catzilla_jit.compile.analysis.origins import PYTHON, Given, Origin, has_either, joined

if TYPE_CHECKING:
    from catzilla_jit.compile.diagnostics.evaluation import Evaluation
    from catzilla_jit.compile.diagnostics.reason import Reason

Form = tuple[tuple[Any, ...], Callable[[tuple[Origin, ...]], Origin]]


@dataclasses.dataclass(slots=True)
class Findings:
    """Of one attempt to compile one unit; each field has one writer, named behind it."""

    #: Why it was refused; empty if it was not. Every pass that refuses.
    reasons: list[Reason] = dataclasses.field(default_factory=list)
    #: The keys of the dict that the task returns as a tuple. The unit.
    keys: tuple[str, ...] | None = None
    #: It raises exceptions whose arguments are computed. The unit.
    makes_exceptions: bool = False
    #: An exception that a handler of it would see bails out. The unit.
    bails_at_handlers: bool = False
    #: The line of a statement that only Python can run, such as a warning. The unit.
    says: int | None = None
    #: The numbers that helpers take and return are NumPy's, which was not known. The check of
    #: NumPy parity.
    wants_mixes: bool = False
    #: What is made an array of is written to it at once. The pass over closures.
    collects: bool = False
    #: Where it bails out with a result that is NumPy's to choose. The check of NumPy parity, and
    #: the lowering of items.
    numpy_choice: Any = None
    #: How its array expressions are evaluated. The last pass.
    evaluations: list[Evaluation] = dataclasses.field(default_factory=list)
    #: What it does beside returning (`analysis/effects.py`). The lowering, as those below.
    effects: set[str] = dataclasses.field(default_factory=set)
    #: The numbers of the arguments that it overwrites without a look at them.
    overwritten: set[int] = dataclasses.field(default_factory=set)
    #: The sums of its parallel loops, by their lines.
    loops: dict[int, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    #: It has `try`, whose handlers see no exception that bails out.
    tries: bool = False
    #: A function calls itself, through others or not.
    recursive: bool = False
    #: What recursive calls return, by symbol (`target/recursive_calls.py`).
    expected: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: A number of Python's would be returned as one of NumPy's.
    doubts_result: bool = False
    #: Who makes what each function returns.
    result_origins: dict[Any, Origin] = dataclasses.field(default_factory=dict)

    #: The same of each form that a function was compiled in, by the types of its arguments: what
    #: tells who makes the result, if it is told who has made the arguments. The lowering.
    origins_for: dict[Any, list[Form]] = dataclasses.field(default_factory=dict)
    #: The functions of which that is being asked.
    asked: set[Any] = dataclasses.field(default_factory=set)
    #: The helpers that tell whose number they return, at run time. The lowering.
    tells: dict[Any, bool] = dataclasses.field(default_factory=dict)

    def result_origin(self, function: Any, given: Given | None = None) -> Origin:
        """Return who makes what a prepared function returns; Python where nothing tells.

        given: the types and origins of its arguments, if those are known.
        """
        general = self.result_origins.get(function, PYTHON)
        forms = self.origins_for.get(function)
        if given is None or not forms or not has_either(general) or function in self.asked:
            return general  # a function that calls itself through others is asked once
        called = tuple(type_ for type_, _ in given)
        fit = [ask for form, ask in forms if form == called] or [ask for _, ask in forms]
        self.asked.add(function)
        found = joined(ask(tuple(origin for _, origin in given)) for ask in fit)
        self.asked.remove(function)
        return found
