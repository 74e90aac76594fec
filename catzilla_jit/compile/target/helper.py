"""A function that a task calls: compiled when the task's types reach it, with the task's rules.

Numba calls other functions through dispatchers; this is one whose code goes through our pipeline
and our target context. It cannot be called from Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import inspect
import math
import types as pytypes
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from numba.core import errors, types
from numba.core.dispatcher import Dispatcher
from numba.core.registry import CPUTarget, cpu_target

from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target.context import TaskContext, task_context
from catzilla_jit.compile.target.recursive_calls import MOST_FORMS

#: Where the functions of ours are that tasks call.
LIBRARY = "catzilla_jit.compile.library."


class TaskTarget(CPUTarget):
    """The pair of contexts that tasks are compiled for."""

    @property
    def target_context(self) -> TaskContext:
        return task_context()

    @property
    def typing_context(self) -> Any:
        return cpu_target.typing_context


class Helper(Dispatcher):
    """Numba's handle on a function that compiled code calls."""

    targetdescr = TaskTarget("cpu")

    def __init__(
        self,
        function: pytypes.FunctionType,
        options: Options,
        pipeline: type,
        choose: Callable[[tuple[Any, ...]], Any] | None = None,
    ) -> None:
        """choose: gives the function that is compiled for arguments of some types."""
        super().__init__(function, {}, options.target_options(), pipeline)
        self.takes_constants = True  # a call with a constant may have a form of its own
        self.stands_for: Any = None  # Python's function, in calls of the user's
        #: The function as it was written, or what chooses it by the types.
        self.source: Any = function
        #: Gives the context for the compilation for types; none of its own if it is the user's.
        self.recording: Callable[[Helper, Any], AbstractContextManager[Any]] | None = None
        self._by_position = _by_position(self._compiler.pysig)
        self._compiler.pysig = _plain(self._compiler.pysig)
        if choose is not None:
            self._compiler._get_implementation = lambda args, _keywords: choose(args)

    def being_compiled(self) -> AbstractContextManager[Any]:
        """Return the context in which a call of this function is a recursion."""
        return self._compiling_counter

    def fold_argument_types(self, args: Any, kws: Any) -> Any:
        """Return the types of a recursive call, which Numba asks for here; no constants."""
        signature, types_ = super().fold_argument_types(args, kws)
        return signature, tuple(map(types.unliteral, types_))

    def get_call_template(self, args: Any, kws: Any) -> Any:
        if len(args) > self._by_position:
            raise errors.TypingError(f"too many positional arguments for {self.py_func.__name__}")
        # Each constant would make a form of its own, and in that another.
        if self.is_compiling or not self.takes_constants:
            args = [types.unliteral(each) for each in args]
            kws = {name: types.unliteral(each) for name, each in dict(kws).items()}
        return super().get_call_template(args, kws)

    def compile(self, sig: Any) -> Any:
        if self._compiling_counter.counter > MOST_FORMS:
            raise errors.TypingError("cannot type infer runaway recursion")
        if self.recording is None:
            return super().compile(sig)
        with self.recording(self, sig):
            return super().compile(sig)


def _by_position(signature: inspect.Signature) -> float:
    """Return how many arguments may be given by position."""
    kinds = [each.kind for each in signature.parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return math.inf
    return len(kinds) - kinds.count(inspect.Parameter.KEYWORD_ONLY)


def _plain(signature: inspect.Signature) -> inspect.Signature:
    """Return a signature without keyword-only parameters, which Numba takes for the last ones."""
    parameters = [
        each.replace(kind=each.POSITIONAL_OR_KEYWORD) if each.kind is each.KEYWORD_ONLY else each
        for each in signature.parameters.values()
    ]
    return inspect.Signature(parameters, __validate_parameters__=False)


#: What a call looks like to Numba, by the number of arguments; none of them ever runs.
_BY_COUNT: tuple[Callable[..., Any], ...] = (
    lambda: None,
    lambda a: None,
    lambda a, b: None,
    lambda a, b, c: None,
    lambda a, b, c, d: None,
    lambda a, b, c, d, e: None,
    lambda a, b, c, d, e, f: None,
)


class Chooser(Helper):
    """A helper whose Python function depends on the types of the arguments."""

    def __init__(
        self,
        choice: Callable[..., Any],
        prepare: Callable[[Any], Any],
        options: Options,
        pipeline: type,
        arguments: int = 1,
    ) -> None:
        call = pytypes.FunctionType(_BY_COUNT[arguments].__code__, {}, choice.__name__)
        super().__init__(call, options, pipeline)
        self.choice = self.source = choice

        def implementation(args: tuple[Any, ...], _keywords: dict[str, Any]) -> Any:
            chosen = choice(*args)
            if chosen is None:
                shown = ", ".join(map(str, args))
                raise errors.TypingError(f"{choice.__name__} is not known for {shown}")
            return prepare(chosen)

        self._compiler._get_implementation = implementation


def own_name(type_: Any) -> str:
    """Return the name of the function of ours that a type stands for; "" for other types."""
    helper = type_.dispatcher if isinstance(type_, types.Dispatcher) else None
    if not isinstance(helper, Helper):
        return ""
    function = helper.py_func
    # A function that was made of a text may be of no module.
    ours = isinstance(helper, Chooser) or (function.__module__ or "").startswith(LIBRARY)
    return function.__name__ if ours else ""
