"""A function and what became of compiling it.

If the hints name a machine type for every parameter, there is one compiled form, made on first use
or by `warm_up`. Otherwise the function is generic: each combination of argument types that it is
called with gets a form of its own, up to MOST_FORMS; calls with further ones run as Python.
"""

from __future__ import annotations

import inspect
import logging
import threading
import types
import warnings
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from .. import forks, signatures  # noqa: F401 -- the import of forks guards them
from ..errors import CompileError, CompileWarning
from ..lazily import lazily
from ..pools.interrupt import call_exposed, shielded
from ..pools.living import Living
from ..pools.protocol import Rerun
from ..posix import at_fork
from ..runtime.process import refresh_rosters
from ..stats.roster import COMPILED, PYTHON, WAITING, Entry
from .attempt import attempt
from .by_position import UNKNOWN, Calling, calling
from .by_signal import came_by_signal
from .constants import Constants
from .coroutine_function import is_coroutine_function
from .failures import callers_level, exception_of, overflow_status, reworded
from .in_place import InPlace
from .kinds import candidates
from .map_arguments import containers
from .options import Settings
from .repeated import repeated
from .switch import SWITCH, switched_off

if TYPE_CHECKING:
    from ..compile import CompiledTask, CompileRefused, Explanation
    from ..pools.protocol import Guards

MOST_FORMS = 8

#: Why a function whose hints leave types to the arguments is not compiled yet.
LATER = "it is compiled at its first submission, for the types of the arguments"

_log = logging.getLogger("catzilla_jit")


class JitFunction:
    """Compiles its function at most once per signature; shared by all tasks made of it."""

    def __init__(self, function: Callable[..., Any], settings: Settings) -> None:
        self.function = function
        self.settings = settings
        self.forms: list[CompiledTask] = []  # the first is the one of the hints, if there is one
        self.in_place: InPlace | None = None  # the forms that change what they are given
        self.generic = False  # the hints leave types to the values
        self.ready = False  # looked at: compiled, generic, or refused
        self.switched_off: str | None = None  # why it was not, when it was looked at
        self.guards: Guards = ()  # what the forms take for constant
        self.generation = 0  # how often that has changed
        self._refused: CompileRefused | None = None
        self._warned = False
        self._constants = Constants()
        self._tried: dict[Any, CompileRefused | None] = {}  # argument types, and why not
        self._compiled_for: dict[Any, CompiledTask | None] = {}  # those that were, and the form
        self._lock = threading.RLock()
        _jit_functions.add(self)

    @lazily
    def signature(self) -> inspect.Signature:
        try:
            return signatures.own(self.function)
        except ValueError:  # some of Python's built-in functions tell nothing
            return UNKNOWN

    @lazily
    def calling(self) -> Calling:
        """How its code is called."""
        return calling(self.function)

    @lazily
    def containers(self) -> dict[str, type]:
        """The parameters whose hints say array, list or tuple."""
        return containers(self.function)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def python(self) -> Callable[..., Any]:
        """What runs where compiled code does not: the function."""
        if self.in_place is not None:
            return self.in_place
        if self._refused is None or not self._refused.parallel:
            return self.function
        from ..compile import in_turn

        return in_turn(self.function)

    @property
    def on_worker(self) -> Callable[..., Any]:
        """What a Python worker calls: `python`, or a coroutine function run to its end."""
        if not is_coroutine_function(self.function):
            return self.python
        from .coroutine import to_its_end  # asyncio takes as long to import as the rest of us

        return to_its_end(self.function)

    def rerun(self, form: CompiledTask) -> Rerun | None:
        """What a worker runs instead of compiled code that left the 64 bits of its integers."""
        return Rerun(self._again(form), overflow_status()) if form.repeatable else None

    def _again(self, form: CompiledTask) -> Callable[..., Any]:
        return repeated(self.calling.by_position, self.name, form.overwritten)

    def in_loops(self, task: Callable[..., Any]) -> Callable[..., Any]:
        """What a map calls for each element: the task itself, or as `on_worker`."""
        return self.on_worker if is_coroutine_function(self.function) else task

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be compiled, now or at the next call."""
        return self.ready and not self.generic

    @property
    def mode(self) -> bool | str | None:
        return self.settings.compile_to_c

    @shielded
    def compiled(self) -> CompiledTask | None:
        """Compile on the first call; None: as Python, or generic. CompileError if it must not."""
        self.prepare()
        if self.switched_off and self.mode:
            self._warn(self.switched_off)
        if self._refused is not None and not self.generic and self.in_place is None:
            self._complain(self._refused)
        return self.forms[0] if self.forms else None

    def prepare(self) -> None:
        """Compile for the hints if that has not happened; no warning, no error."""
        if not self.ready or self._stale():
            self._prepare()

    @shielded
    def _prepare(self) -> None:
        if self.ready and self._stale():
            self._forget()
        if not self.ready:
            with self._lock:
                if not self.ready:
                    self.switched_off = switched_off()
                    if self.mode is not False and not self.switched_off:
                        self._compile_hinted()
                    self.ready = True
                    refresh_rosters()

    def _stale(self) -> bool:
        return self._constants.stale(bool(self.forms or self.in_place))

    def _forget(self) -> None:
        """A global or a closed-over variable that was taken for constant has changed."""
        with self._lock:
            if self._stale():
                self._constants.end()
                self.forms, self.in_place = [], None
                self.generic = False
                self._refused = None
                self._tried, self._compiled_for = {}, {}
                for cached in ("signature", "containers", "calling"):  # of the code before
                    self.__dict__.pop(cached, None)
                self.generation += 1
                self.ready = False

    def _compile_hinted(self) -> None:
        function = self.function
        self._constants.begin(function)
        form = self._compile(None)
        if form is None and self.in_place is None and isinstance(function, types.FunctionType):
            from ..compile import needs_values

            self.generic = needs_values(self.calling.compiled)

    def _compile(self, argument_types: Any) -> CompiledTask | None:
        form = self._compiled(self.calling.compiled, argument_types)
        if form is not None:
            self.forms.append(form)
        elif self._refused is not None and self.mode != "require":
            self._compile_in_place(self._refused, argument_types)
        return form

    def _compile_in_place(self, refused: CompileRefused, argument_types: Any) -> None:
        """Compile on copies of the lists and dicts that the function was refused for changing."""
        from ..compile.diagnostics import rules

        # One of the two types may be that of what it was given.
        causes = {rules.GIVEN_CONTAINER, rules.RETURN_TYPES, rules.TWO_TYPES}
        changes = self.calling.straight and any(each.code in causes for each in refused.reasons)
        if not changes or not isinstance(self.function, types.FunctionType):
            return
        from ..compile import hinted_types, on_copies

        known = argument_types or hinted_types(self.function, name=self.name)
        made = on_copies(self.function, known)
        form = self._compiled(made[0], known) if made is not None else None
        if made is None or form is None or not form.pure:
            self._refused = refused
            return
        if self.in_place is None:
            self.in_place = InPlace(self.function, self.bind)
            self.generation += 1
        self.in_place.add(form, made[1], self.guards)

    def _compiled(self, function: Any, argument_types: Any) -> CompiledTask | None:
        if not (self.forms or self.in_place):
            self._constants.look_again()
        form, self._refused = attempt(
            function, self.settings, argument_types, freezes=self._constants.freezes
        )
        self.guards = self._constants.guards
        return form

    @shielded
    def specialise(
        self, values: Sequence[Any], known: Collection[CompiledTask] = ()
    ) -> CompiledTask | None:
        """Return a form for the types of these values, or None: new, or another thread's.

        A generic function gets one for each combination; others where an int comes in a float's
        place, as Python would compute with the int. known: those that the caller has tried.
        """
        if not isinstance(self.function, types.FunctionType):
            return None
        if not self.generic and (not self.forms or self.mode == "require"):
            return None
        from ..compile import CompileRefused, argument_types_for, hinted_types

        with self._lock:
            if not self.generic and not self._tried:
                self._tried[hinted_types(self.calling.compiled, name=self.name)] = None
            try:
                found = argument_types_for(self.calling.compiled, values, name=self.name)
            except CompileRefused as refused:
                if self.generic and not self.forms:
                    self._refused = CompileRefused(refused.name, refused.reasons)
                    self._tried[None] = self._refused  # it does not wait for a submission any more
                self._complain(refused)
                return None
            form, why = self._compile_one_of(found, values, known)
            if form is None and why is not None and self.in_place is None:
                self._complain(why)
            return form

    def _compile_one_of(
        self, found: Any, values: Sequence[Any], known: Collection[Any]
    ) -> tuple[CompiledTask | None, CompileRefused | None]:
        """Return the form for these values, or None and why, if one was ever tried for them."""
        refused: CompileRefused | None = None
        for each in candidates(self.function, found, values, self._compiled_for):
            form = self._compiled_for.get(each)
            if form is not None and not any(form is other for other in known):
                return form, None
            held = self.in_place.forms if self.in_place is not None else []
            if each in self._tried or len(self.forms) + len(held) >= MOST_FORMS:
                refused = refused or self._tried.get(each)
                continue
            self._tried[each] = None
            form = self._compile(each)
            refresh_rosters()
            self._tried[each] = refused = self._refused
            if refused is None:
                self._compiled_for[each] = form
                return form, None
        return None, refused

    def _complain(self, refused: CompileRefused) -> None:
        if self.mode == "require":
            raise CompileError(str(refused)) from None
        if self.mode is True:
            self._warn("; ".join(map(str, refused.reasons)))

    def _warn(self, why: str) -> None:
        if not self._warned:
            self._warned = True
            message = CompileWarning(f"task {self.name} runs as Python: {why}")
            warnings.warn(message, stacklevel=callers_level())

    @shielded
    def explain(self) -> Explanation:
        """Compile if that has not happened, and say what came of it."""
        from ..compile import CompileRefused, Explanation, Reason
        from ..compile.diagnostics import rules

        self.prepare()
        if self.forms:
            return Explanation.of(self.forms[0], self._file())
        if self.in_place is not None:
            return Explanation.of_in_place(self.in_place.forms[0])
        why, advice = self.switched_off, "leave the option out to let it compile"
        if self.mode is False:
            why = "compile_to_c=False"
        elif why:
            ours = why.startswith(SWITCH)
            advice = "unset it to let tasks compile" if ours else "install a Numba that is known"
        if why:
            reason = Reason(rules.SWITCHED_OFF, None, why, advice)
            return Explanation.of(CompileRefused(self.name, (reason,)))
        assert self._refused is not None
        waits = self.generic and not self._tried
        return Explanation.of(self._refused, self._file(), waits=waits)

    def roster_entry(self) -> Entry:
        """Return what is known about the function by now; compiles nothing, takes no lock."""
        forms, refused = self.forms, self._refused
        if self.in_place is not None:
            forms = self.in_place.forms
        if forms:
            signature = forms[0].signature
            if len(forms) > 1:
                signature += f" and {len(forms) - 1} more"
            return Entry(self.name, COMPILED, signature)
        why = self._not_asked()
        if why is None and (not self.ready or (self.generic and not self._tried)):
            why = LATER if self.ready else "its turn has not come"
            return Entry(self.name, WAITING, reason=why)
        if why is not None or refused is None:
            return Entry(self.name, PYTHON, reason=why or "")
        first = refused.reasons[0]
        return Entry(self.name, PYTHON, None, first.summary, first.line, first.file or self._file())

    def _file(self) -> str:
        """Return the path of the function's source; empty where it has none."""
        return getattr(getattr(self.function, "__code__", None), "co_filename", "")

    def _not_asked(self) -> str | None:
        """Return why nobody tries to compile it; None if somebody does."""
        if self.mode is False:
            return "compile_to_c=False"
        return self.switched_off or switched_off()

    # --- what a compiled call left behind ---------------------------------------------------

    def settle(
        self, form: CompiledTask, status: int, error: int, arguments: tuple[Any, ...]
    ) -> tuple[bool, Any]:
        """Turn a failed compiled call into its exception, or into the value Python gives."""
        if form.repeatable and status == overflow_status():
            try:
                return False, call_exposed(self._again(form), *arguments)
            except BaseException as exception:
                if came_by_signal(exception):
                    raise  # for the thread that asks, which may ask again
                return True, exception
        raised = exception_of(form, status, error)
        if status == overflow_status():
            raised = reworded(raised, f"task {self.name}")
        return True, raised

    def settle_item(self, form: CompiledTask, status: int, error: int, index: int) -> BaseException:
        """Turn a failed item of a compiled map into its exception; the words of ours name it."""
        raised = exception_of(form, status, error)
        if status == overflow_status():
            raised = reworded(raised, f"task {self.name}, element {index} of the map")
        return raised

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Return one value per parameter, defaults filled in; TypeError names the task."""
        return list(self.bound(args, kwargs).arguments.values())

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        """Return what each parameter gets, defaults filled in; TypeError names the task."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"task {self.name}: {error}") from None
        bound.apply_defaults()
        return bound


#: All of the process, for the child of a fork.
_jit_functions: Living[JitFunction] = Living()


def _after_fork_in_child() -> None:
    """Let go of what threads of the parent were at: they do not exist here.

    The compile stage holds a fork back while it compiles; it cannot know what comes after.
    """
    for jit_function in _jit_functions.all():
        jit_function._lock = threading.RLock()
        if not jit_function.ready:
            jit_function.forms = []


at_fork(after_in_child=_after_fork_in_child)
