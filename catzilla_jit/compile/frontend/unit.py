"""The functions of one task: the task, the helpers it calls, theirs, recursively.

Each is compiled in a namespace of its own that holds what its code names: the values of its
module as they are now, with plain Python functions replaced by helpers. The user's modules are
not touched. A function that refers to itself finds itself, so recursion works.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import types as pytypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from numba.core import ir, types
from numba.core.dispatcher import Dispatcher

from catzilla_jit import forking, signatures
from catzilla_jit.compile.analysis.origins import EITHER, NUMPY, PYTHON, Given, Origin, joined
from catzilla_jit.compile.datamodel.bytes_type import as_constant
from catzilla_jit.compile.datamodel.data_object import maker
from catzilla_jit.compile.datamodel.enum_member import Named
from catzilla_jit.compile.datamodel.plain_class import (
    is_plain_dataclass,
    is_plain_named_tuple,
)
from catzilla_jit.compile.diagnostics import rules, source_line
from catzilla_jit.compile.diagnostics.refuse import refuse, refuse_class
from catzilla_jit.compile.frontend.assigned_globals import assigned_in, assigned_names
from catzilla_jit.compile.frontend.fact import Fact, fact_of
from catzilla_jit.compile.frontend.findings import Findings
from catzilla_jit.compile.frontend.frozen import Frozen, frozen
from catzilla_jit.compile.frontend.made_functions import (
    constants_of,
    in_namespace,
    is_named_enum,
)
from catzilla_jit.compile.frontend.names import (
    callee,
    is_filled,
    named_values,
    reaches_itself,
)
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.frontend.parallel_loops import LOOP, ParallelLoop
from catzilla_jit.compile.frontend.recording import Recordings
from catzilla_jit.compile.frontend.rewrite import Rewritten, rewrite
from catzilla_jit.compile.frontend.rewriting import OWN_VALUES
from catzilla_jit.compile.frontend.subclasses import subclass_in
from catzilla_jit.compile.frontend.unfit_code import (
    refuse_generator_function,
    refuse_generators,
    refuse_prange,
)
from catzilla_jit.compile.library import builtin_functions, number_text, text
from catzilla_jit.compile.library.arrays import overloads, reductions
from catzilla_jit.compile.library.format_spec import Formatter
from catzilla_jit.compile.library.overloads import CHOICES
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target.forked_calls import handle_of
from catzilla_jit.compile.target.helper import Chooser, Helper
from catzilla_jit.compile.target.loop_marks import with_origin

CALLS = builtin_functions.CALLS
#: Types of arguments that nobody can change, and names of what has effects beside.
VALUES = (types.Number, types.Boolean, types.UnicodeType, types.NoneType)
EFFECTS = {"print", "random"}
#: Functions of our own that return the numbers they are given, or a sum of them.
PASSING = {"sum_of", "largest_of", "smallest_of", "prod_of"}


class CompilationUnit:
    """What is compiled, with which options; one per attempt. What comes out: `findings`."""

    def __init__(
        self,
        options: Options,
        pipeline: type,
        bails_at_raises: bool = False,
        mixes: bool = False,
        keeps_lists: bool = False,
    ) -> None:
        self.options = options
        self.pipeline = pipeline
        self.bails_at_raises = bails_at_raises  # Python raises the exceptions that need computing
        self.mixes = mixes  # the numbers that helpers take and return may be NumPy's
        self.keeps_lists = keeps_lists  # an array is made of a comprehension when that is whole
        self.findings = Findings()
        self.argument_origins: tuple[Origin, ...] = ()  # of the task; Python made them if empty
        self.may_run_once = False  # the task may turn out to be one that cannot run again
        self._task: pytypes.FunctionType | None = None
        self._helpers: dict[pytypes.FunctionType, Helper] = {}
        self._assigned_names: dict[int, set[str]] = {}
        self._choosers: dict[Any, Helper] = {}
        self._makers: dict[type, Any] = {}  # of objects of a class, by it
        self._functions: dict[pytypes.FunctionType, pytypes.FunctionType] = {}
        self._general: dict[pytypes.FunctionType, pytypes.FunctionType] = {}
        self._constants: dict[int, tuple[Any, Frozen | None]] = {}  # by the identity of the list
        self.loops: dict[pytypes.FunctionType, ParallelLoop] = {}  # by the function of a part
        self.written: dict[pytypes.FunctionType, set[str]] = {}  # the parameters that it writes to
        #: Containers: the parameters that a function may change, and those of its forks.
        self.changed: dict[pytypes.FunctionType, set[int]] = {}
        self.forked_with: dict[pytypes.FunctionType, list[tuple[int, Any, ir.Loc]]] = {}
        self.numbers = 0  # of the loops that were written
        self.recordings = Recordings(self.findings, self._constants)
        #: Is told of each helper of the library before that compiles.
        self.adopt: Callable[[CompilationUnit, Helper], None] | None = None

    def task(
        self, original: pytypes.FunctionType, argument_types: Sequence[Any]
    ) -> pytypes.FunctionType:
        """Return the task itself in its namespace; call this before anything else."""
        known = self._known(original, argument_types, self.argument_origins)
        constants = constants_of(original, argument_types)
        rewritten = self._rewritten(original, as_task=True, known=known, constants=constants)
        self.findings.keys = rewritten.keys if rewritten else None
        self._task = self._prepare(original, rewritten)
        changes = not all(isinstance(type_, VALUES) for type_ in argument_types)
        self.may_run_once = changes or not EFFECTS.isdisjoint(original.__code__.co_names)
        return self._task

    def is_task(self, function: pytypes.FunctionType) -> bool:
        """Tell whether it is the task itself, prepared."""
        return function is self._task

    def argument_origin(self, function: pytypes.FunctionType, place: int, name: str) -> Origin:
        """Return who made the numbers that a prepared function is given at a place."""
        if function in self.loops and name not in self.loops[function].plain:
            return EITHER
        if self.is_task(function):
            return self.argument_origins[place] if self.argument_origins else PYTHON
        return EITHER if self.mixes and not is_own(function) else PYTHON

    def origin_of(self, callee: Any, arguments: list[Origin], given: Given | None) -> Origin:
        """Return who made what a call of a function of the unit returns; None for others."""
        if isinstance(callee, types.Function) and callee.typing_key in (handle_of, forking.join):
            return arguments[0 if callee.typing_key is forking.join else 1]
        if isinstance(callee, types.Function) and callee.typing_key is with_origin:
            return PYTHON if arguments[0] == PYTHON else EITHER
        if isinstance(callee, types.RecursiveCall):
            return EITHER if self.mixes else PYTHON
        if not isinstance(callee, types.Dispatcher):
            return None
        helper = callee.dispatcher
        if not self.is_library(helper):
            return self.findings.result_origin(helper.py_func, given)
        name = helper.py_func.__name__
        if name in reductions.NAMES or overloads.is_chooser(name):
            return NUMPY
        return joined(arguments) if name in PASSING else PYTHON

    def is_library(self, helper: Any) -> bool:
        """Tell whether a helper is one of ours, not the user's."""
        return isinstance(helper, Chooser) or is_own(helper.py_func)

    @property
    def rules(self) -> str:
        """What the code of a library function depends on beside its types."""
        return repr((self.options, self.bails_at_raises, self.mixes, self.keeps_lists))

    @property
    def result_origin(self) -> Origin:
        """Return who made what the task returns."""
        return self.findings.result_origin(self._task)

    def function(self, original: pytypes.FunctionType) -> pytypes.FunctionType:
        """Return a function in its own namespace."""
        if original in self._functions:
            return self._functions[original]
        return self._prepare(original, self._rewritten(original, as_task=False))

    def _rewritten(
        self,
        original: pytypes.FunctionType,
        *,
        as_task: bool,
        known: Mapping[str, Fact] | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> Rewritten | None:
        return rewrite(
            original,
            as_task=as_task,
            bail_at_raises=self.bails_at_raises,
            prints=self.options.prints or not self.options.exact,
            parallel=self._refuse if self.options.parallel else None,
            freezes=self.options.freezes,
            known=known,
            constants=constants,
            exact=self.options.exact,
        )

    def _known(
        self,
        original: pytypes.FunctionType,
        argument_types: Sequence[Any],
        origins: Sequence[Origin] = (),
    ) -> dict[str, Fact]:
        """Return what the types of arguments tell of parameters, and the origins of numbers.

        Nothing of a function that calls itself: what calls it has to be the same function.
        """
        if reaches_itself(original):
            return {}
        names = signatures.own(original).parameters
        other = EITHER if self.mixes or not self.options.exact else PYTHON
        given = origins if self.options.exact and origins else (other,) * len(argument_types)
        told = zip(names, argument_types, given, strict=False)
        facts = {name: fact_of(type_, origin) for name, type_, origin in told}
        return {name: fact for name, fact in facts.items() if fact is not None}

    def _for_types(
        self, original: pytypes.FunctionType, argument_types: Sequence[Any]
    ) -> pytypes.FunctionType:
        """Return a helper for arguments of some types: what these decide is decided."""
        general = self.function(original)
        known = self._known(original, argument_types)
        rewritten = self._rewritten(original, as_task=False, known=known) if known else None
        if rewritten is None or not rewritten.folded:
            return general
        made = self._prepare(original, rewritten)
        self._functions[original] = general
        self._general[made] = general
        return made

    def general(self, function: Any) -> Any:
        """Return the function of which a prepared one is for arguments of some types only."""
        return self._general.get(function, function)

    def _prepare(
        self, original: pytypes.FunctionType, rewritten: Rewritten | None
    ) -> pytypes.FunctionType:
        namespace: dict[str, Any] = {"__name__": original.__globals__.get("__name__", "__main__")}
        if rewritten is not None:
            self.findings.bails_at_handlers |= rewritten.bails_at_handlers
            self.findings.makes_exceptions |= rewritten.makes_exceptions
            self.findings.says = self.findings.says or rewritten.says
            if rewritten.chooses is not None and self.findings.numpy_choice is None:
                self.findings.numpy_choice = ir.Loc(
                    original.__code__.co_filename, rewritten.chooses
                )
        code = original.__code__ if rewritten is None else rewritten.code
        sources = dict(zip(original.__code__.co_freevars, original.__closure__ or (), strict=True))
        refuse_generator_function(original, self._refuse)
        refuse_generators(code, self._refuse)
        if self.options.parallel:
            refuse_prange(original, code, self._refuse)
        cells = {name: pytypes.CellType() for name in code.co_freevars}
        made = in_namespace(original, as_constant(code), namespace, tuple(cells.values()))
        self._functions[original] = made
        if LOOP in original.__dict__:
            self.loops[made] = original.__dict__[LOOP]
        own = dict(original.__dict__.get(OWN_VALUES, ()))
        own.update(rewritten.values if rewritten else ())
        for name, value in named_values(original, code):
            self._refuse_assigned(original, name, value)
            self._refuse_subclass(original, name, value)
            namespace[name] = self.value(value)
        for name, value in own.items():
            self._refuse_subclass(original, name, value)
            namespace[name] = self.value(value)
        for value in (*(original.__defaults__ or ()), *(original.__kwdefaults__ or {}).values()):
            self._refuse_subclass(original, "as a default", value)
        for name, cell in cells.items():
            if is_filled(sources[name]):
                self._refuse_subclass(original, name, sources[name].cell_contents)
                cell.cell_contents = self.value(sources[name].cell_contents)
        return made

    @property
    def helpers_of_user(self) -> list[pytypes.FunctionType]:
        """Return the functions of the user that the task calls, as they were written."""
        return [each for each in self._functions if not is_own(each)]

    @property
    def frames(self) -> int:
        """The most Python frames between two recursive calls: each function, each comprehension."""
        ours = (builtin_functions.__name__, number_text.__name__, text.__name__)
        own = [each for each in self._functions if each.__module__ not in ours]
        return sum(1 + len(list(_nested(each.__code__))) for each in own)

    def helper(self, original: pytypes.FunctionType) -> Helper:
        """Return the handle through which compiled code calls a function."""
        made = self.function(original)
        if original not in self._helpers:
            whole = is_own(original) or made in self.loops  # one for all types
            choose = None if whole else functools.partial(self._for_types, original)
            helper = Helper(made, self.options, self.pipeline, choose)
            helper.takes_constants = made not in self.loops
            helper.source = original
            self._helpers[original] = self._adopted(helper)
        return self._helpers[original]

    def library_helper(self, function: Any, arguments: int, *, ours: bool = False) -> Helper | None:
        """Return what stands for a call of a function of Python, if something has to.

        ours: it is called by the user, for whom ours may be taken for NumPy's.
        """
        try:
            plain: Any = CALLS.get((function, arguments))
            choice = CHOICES.get((function, arguments))
            if choice is None and ours and self.options.exact:
                choice = overloads.CALLS.get((function, arguments))
        except TypeError:  # an unhashable value
            return None
        if plain is None and choice is None:
            return None
        helper = self.chooser(choice, arguments) if plain is None else self.helper(plain)
        helper.stands_for = function
        return helper

    def chooser(self, choice: Any, arguments: int = 1) -> Helper:
        """Return the handle on what a choice chooses by the types of the arguments."""
        key = choice, arguments
        if key not in self._choosers:
            made = Chooser(choice, self.function, self.options, self.pipeline, arguments)
            self._choosers[key] = self._adopted(made)
        return self._choosers[key]

    def _adopted(self, helper: Helper) -> Helper:
        if self.adopt is not None and self.is_library(helper):
            helper.recording = self.recordings.recording
            self.adopt(self, helper)
        return helper

    def _refuse_assigned(self, function: pytypes.FunctionType, name: str, value: Any) -> None:
        """Give up on a constant that some function of the module changes."""
        if callable(value) or isinstance(value, pytypes.ModuleType):
            return
        if name in assigned_in(function.__code__):  # refused as such, with its line
            return
        if name in self._assigned(function.__globals__):
            message = f"the function reads the global {name}, which a function assigns"
            line = source_line.line_of(function.__code__, source_line.LOADS, name)
            file = function.__code__.co_filename
            self._refuse(rules.CHANGING_GLOBAL, line, message, "pass it as an argument", file)

    def _refuse_subclass(self, function: pytypes.FunctionType, name: str, value: Any) -> None:
        """Give up on a constant whose class may override what compiled code does."""
        class_ = subclass_in(value)
        if class_ is not None:
            line = source_line.line_of(function.__code__, source_line.LOADS, name)
            loc = ir.Loc(function.__code__.co_filename, line)
            refuse_class(self.findings.reasons, loc, name, class_)

    def _assigned(self, module: dict[str, Any]) -> set[str]:
        if id(module) not in self._assigned_names:
            self._assigned_names[id(module)] = assigned_names(module)
        return self._assigned_names[id(module)]

    def refuse_parallel(self, value: Any) -> None:
        """Give up on a function with threads of its own: two tasks in it abort the process."""
        if isinstance(value, Dispatcher) and value.targetoptions.get("parallel"):
            name = value.py_func.__name__
            message = f"the function calls {name}, which is compiled with parallel=True"
            self._refuse(rules.PARALLEL, None, message, "compile it without parallel")

    def _refuse(
        self, code: str, line: int | None, message: str, advice: str, file: str = ""
    ) -> NoReturn:
        refuse(self.findings.reasons, code, ir.Loc(file, line), message, advice)

    def environments(self) -> dict[str, Any]:
        """Return the environments of the helpers compiled so far, by their symbols."""
        helpers = [*self._helpers.values(), *self._choosers.values()]
        results = [result for helper in helpers for result in helper.overloads.values()]
        own = {result.fndesc.env_name: result.environment for result in results}
        return {**self.recordings.environments, **own}

    def value(self, value: Any) -> Any:
        """Return what compiled code sees where Python sees `value`."""
        self.refuse_parallel(value)
        if isinstance(value, Formatter):
            return self.chooser(value)
        if type(value) in (list, dict) and self.options.freezes:
            return self._constant(value)
        if is_named_enum(value):
            return Named(value)
        if is_plain_dataclass(value) or (is_plain_named_tuple(value) and value._field_defaults):
            return self.helper(self._makers.setdefault(value, maker(value)))
        function = callee(value)
        return as_constant(value) if function is None else self.helper(function)

    def _constant(self, value: Any) -> Any:
        """Return what stands for a list or dict of the module; itself where nothing does."""
        if id(value) not in self._constants:
            made = frozen(value, len(self._constants))
            self._constants[id(value)] = value, made
        return self._constants[id(value)][1] or value


def _nested(code: pytypes.CodeType) -> Iterator[pytypes.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            yield constant
            yield from _nested(constant)
