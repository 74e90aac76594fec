"""The way of one task's calls into one pool.

Made by the first submission, forgotten after a fork. `submit` is the pool's own submitter
wherever the straight case is all there is to it; what that does not take (keyword
arguments, defaults, NumPy scalars, values that do not fit, results of other tasks) comes
back here, to `_slow`.

A route is in no cycle, so that a runtime which is dropped goes at once: the submitters that it
holds decline what does not fit, and those with `_slow` are made for whoever asks for `submit`.
"""

from __future__ import annotations

import functools
import inspect
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..pools import payload
from ..pools.interrupt import cancel_awaited, shielded
from ..pools.protocol import Backend, Submitter
from ..runtime import promise
from ..runtime.task_log import captured, open_log
from ..runtime.warmup import before_others
from .by_position import in_order
from .each import Rows
from .exact_arguments import element, exact_values, is_narrow
from .jit_function import JitFunction
from .kinds import MOST_FOREIGN, is_foreign
from .options import Settings
from .submission import Submission, signature_of

if TYPE_CHECKING:
    from ..compile import CompiledTask
    from ..runtime.engine import Engine


class Route:
    """Submits calls of a JitFunction with a task's settings to a runtime's pool."""

    def __init__(
        self,
        jit_function: JitFunction,
        settings: Settings,
        reach: Callable[[], Engine],
        moved: Callable[[], None],
    ) -> None:
        """reach: gives the runtime, which may hold the task that this is the route of."""
        runtime = reach()
        self._jit_function = jit_function
        self._moved = moved
        self._settings = settings
        self._reach = reach
        self._compiles = runtime.enable_c_compilation
        self._forms: list[tuple[CompiledTask, Submitter]] = []
        self._generation = jit_function.generation
        self._foreign: set[tuple[type, ...]] = set()  # whose calls are Python's, whatever they hold
        with before_others():  # which the start of the runtime begins to compile
            self.backend: Backend = runtime.start()
            self._add_forms()
        self._set_python()

    def _set_python(self) -> None:
        """Find what Python workers call: known once it was tried to compile the function."""
        jit_function, settings = self._jit_function, self._settings
        changes = jit_function.in_place is not None
        plain = changes and not self._compiles
        self.function = jit_function.function if plain else jit_function.python
        on_worker = jit_function.function if plain else jit_function.on_worker
        if settings.capture_logs:
            on_worker = captured(on_worker)
        base = self._reach().submitter(
            (jit_function, "python", settings.memory_arena, settings.capture_logs, changes),
            lambda backend: backend.python(
                jit_function.name, on_worker, arena=settings.memory_arena
            ),
        )
        self._python = base.at_level(settings.priority.level, _decline)

    def _add_forms(self) -> None:
        jit_function = self._jit_function
        self._forms = []
        if self._compiles and jit_function.compiled() is not None:
            for form in jit_function.forms:
                self._add(form)
        self._generation = jit_function.generation

    def _renew(self) -> None:
        """Compile anew if what the forms take for constant has changed."""
        self._jit_function.prepare()
        if self._jit_function.generation != self._generation:
            self._add_forms()
            self._set_python()
            self._moved()

    @property
    def submit(self) -> Callable[..., Any]:
        """What queues a call with these arguments, as they are given."""
        observer = self._reach().observer
        if observer is None:
            return self._choose_submit()
        return Submission(self._observed(self._choose_submit(), observer), self._jit_function)

    def _observed(
        self, submit: Callable[..., Any], observer: Callable[..., None]
    ) -> Callable[..., Any]:
        def submit_observed(*args: Any, **kwargs: Any) -> Any:
            result = submit(*args, **kwargs)
            observer(result, self._jit_function.function, self._settings)
            return result

        return submit_observed

    def _choose_submit(self) -> Callable[..., Any]:
        if self._settings.governed:
            return Submission(self._submit_governed, self._jit_function)
        if not self._jit_function.calling.straight and (self._forms or self._specialises):
            return Submission(self._slow, self._jit_function)
        if self._specialises:
            return Submission(self._submit_generic, self._jit_function)
        submitter = self._forms[0][1] if self._forms else self._python
        return submitter.at_level(self._settings.priority.level, self._slow)

    @property
    def signature(self) -> inspect.Signature:
        """Of `submit`; a submitter with a slow path asks for it."""
        return signature_of(self._jit_function)

    @property
    def _specialises(self) -> bool:
        return self._jit_function.generic and self._compiles

    @property
    def _strict(self) -> bool:
        # Only a hint says that an int may be converted, not what came first.
        return self._jit_function.mode != "require" or self._jit_function.generic

    @property
    def direct(self) -> tuple[Submitter, ...]:
        """Whose code a call here and now may run."""
        # The submitter of a form of NumPy's narrow numbers would take a float for one of them.
        generic = self._jit_function.generic
        if not self._jit_function.calling.straight:
            return ()
        return tuple(
            submitter for form, submitter in self._forms if not (generic and is_narrow(form))
        )

    def form_for(self, arguments: list[Any]) -> CompiledTask | None:
        """Return a compiled form for a map over these arguments, or None."""
        self._renew()
        if self._jit_function.calling.takes_more:
            return None
        if not self._specialises:
            return self._forms[0][0] if self._forms else None
        elements = [element(argument) for argument in arguments]
        if self._fitting(elements) is None:
            self._specialise(elements)
        return self._fitting(elements)

    def _fitting(self, values: list[Any]) -> CompiledTask | None:
        for form, _ in self._forms:
            try:
                self._exact(form, values)
            except payload.Unfit:
                continue
            return form
        return None

    def _add(self, form: CompiledTask) -> Submitter:
        jit_function = self._jit_function

        def settle(status: int, error: int, arguments: Any) -> tuple[bool, Any]:
            return jit_function.settle(form, status, error, arguments)

        rerun = jit_function.rerun(form)
        arena = self._settings.memory_arena
        base = self._reach().submitter(
            (jit_function, form, jit_function.generation, arena),
            lambda backend: backend.compiled(
                form,
                settle,
                rerun=rerun,
                guards=jit_function.guards,
                arena=arena,
                strict=self._strict,
            ),
        )
        submitter = base.at_level(self._settings.priority.level, _decline)
        self._forms.append((form, submitter))
        return submitter

    # --- submissions -------------------------------------------------------------------------

    def _submit_generic(self, /, *args: Any, **kwargs: Any) -> Any:
        if self._forms and not is_narrow(self._forms[0][0]):
            result = self._forms[0][1].submit(*args, **kwargs)
            if result is not NotImplemented:
                return result
        foreign = self._foreign and not kwargs and tuple(map(type, args)) in self._foreign
        if foreign and (made := self._python.submit_python(*args)) is not NotImplemented:
            return made
        return self._slow(*args, **kwargs)

    @shielded
    def _slow(self, /, *args: Any, **kwargs: Any) -> Any:
        if (result := self._submit_exact(args, kwargs)) is not NotImplemented:
            return result
        awaited = [value for value in (*args, *kwargs.values()) if promise.is_result(value)]
        if awaited:
            return self._submit_after(awaited, args, kwargs)
        submitter, result = self._prepare(args, kwargs)
        submitter.start(result, 0)
        return result

    def _submit_exact(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Queue a compiled call if a form takes the arguments as they are; else NotImplemented."""
        given = in_order(self._jit_function.function, args, kwargs) if kwargs else args
        if given is None or not (self._strict and self._jit_function.calling.straight):
            return NotImplemented
        for index, (form, submitter) in enumerate(self._forms):
            # The first one was tried with arguments by position.
            if index or (kwargs and not is_narrow(form)):
                result = submitter.submit(*given)
                if result is not NotImplemented:
                    return result
        return NotImplemented

    @shielded
    def _submit_governed(self, /, *args: Any, **kwargs: Any) -> Any:
        """Submit with a delay, a time limit, retries or a log."""
        awaited = [value for value in (*args, *kwargs.values()) if promise.is_result(value)]
        if awaited:
            return self._submit_after(awaited, args, kwargs)
        submitter, result = self._prepare(args, kwargs)
        self._start(submitter, result)
        return result

    def _start(self, submitter: Submitter, result: Any) -> None:
        """Queue a prepared call as the settings say."""
        settings = self._settings
        limit_ns = round(settings.timeout_ms * 1e6) if settings.timeout_ms is not None else 0
        delay_ns = round(settings.delay_ms * 1e6)
        if settings.capture_logs:
            open_log(result)
        if limit_ns or settings.max_retries:
            govern = functools.partial(
                self.backend.govern, limit_ns=limit_ns, policy=settings.retries
            )
            submitter.start(result, delay_ns, govern, self.backend.forgo)
        else:
            submitter.start(result, delay_ns)

    # --- many submissions at once -------------------------------------------------------------

    def submit_each(self, rows: Rows) -> list[Any]:
        """Submit a call per row; see Task.submit_each."""
        queued: list[Any] = []
        try:
            self._queue_each(rows, queued)
        except BaseException as error:
            if queued:
                vars(error)["submitted"] = queued
                cancel_awaited(queued, error)
            raise
        return queued

    @shielded
    def _queue_each(self, rows: Rows, into: list[Any]) -> None:
        """Queue a call per row, put its result into the list at once."""
        self._renew()
        if not self._settings.governed:
            for submitter in (*self.direct, *self._direct_for(rows)):
                if submitter.submit_each(rows.columns, into) is not NotImplemented:
                    return
            if not (self._forms or self._specialises or rows.keywords):
                python = self._python.at_level(self._settings.priority.level, self._slow)
                if python.submit_each_python(rows.columns, into) is not NotImplemented:
                    return
        self._queue_prepared(rows, into)

    def _direct_for(self, rows: Rows) -> Iterator[Submitter]:
        """Yield the submitter of a new form for the types of the first row."""
        first = [column[0] for column in rows.columns if column]
        straight = self._specialises and self._jit_function.calling.straight
        if not straight or not first or any(map(promise.is_result, first)):
            return
        if self._fitting(first) is None:
            new = self._specialise(first)
            if new is not None and new in self.direct:
                yield new

    def _queue_prepared(self, rows: Rows, into: list[Any]) -> None:
        """Make the calls of all rows, then queue them: an unfit one is found before the first."""
        calls: deque[tuple[Submitter, Any] | None] = deque()
        try:
            for index, (args, kwargs) in enumerate(rows):
                calls.append(self._prepare_row(index, args, kwargs))
            for args, kwargs in rows:
                call = calls.popleft()
                if call is None:
                    into.append(self.submit(*args, **kwargs))
                else:
                    self._start(*call)
                    into.append(call[1])
        finally:
            for call in calls:
                if call is not None:
                    call[0].withdraw(call[1])

    def _prepare_row(
        self, index: int, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Submitter, Any] | None:
        """Return a call that is not queued yet; None if it waits for results first."""
        if any(promise.is_result(value) for value in (*args, *kwargs.values())):
            return None
        try:
            return self._prepare(args, kwargs)
        except TypeError as error:
            start = f"task {self._jit_function.name}: "
            text = str(error).removeprefix(start)
            raise TypeError(f"{start}element {index}: {text}") from error.__cause__

    def _submit_after(
        self, awaited: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        runtime = self._reach()  # which lives until this was submitted

        def value(argument: Any) -> Any:
            return argument.result() if promise.is_result(argument) else argument

        def submit(runtime: Engine = runtime) -> Any:
            return self.submit(
                *(value(argument) for argument in args),
                **{name: value(argument) for name, argument in kwargs.items()},
            )

        return promise.after(self.backend, self._jit_function.name, awaited, submit)

    def _prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Submitter, Any]:
        """Return a call that is not queued yet, and where to start it."""
        self._renew()
        if self._forms or self._specialises:
            values = self._jit_function.bind(args, kwargs)
            found = self._prepare_compiled(values)
            if found is not None:
                return found
            if not kwargs and len(self._foreign) < MOST_FOREIGN and any(map(is_foreign, args)):
                self._foreign.add(tuple(map(type, args)))
        return self._python, self._python.prepare_python(*args, **kwargs)

    def _prepare_compiled(self, values: list[Any]) -> tuple[Submitter, Any] | None:
        complaint: payload.Unfit | None = None
        for form, submitter in self._forms:
            try:
                result = submitter.prepare(*self._exact(form, values))
            except payload.Unfit as error:
                complaint = complaint or error.with_traceback(None)  # no cycle with this frame
                continue
            if result is not NotImplemented:
                return submitter, result
        new = self._specialise(values) if self._compiles else None
        if new is not None:
            result = new.prepare(*values)
            if result is not NotImplemented:
                return new, result
        if self._jit_function.mode == "require":
            # Otherwise Python's own answer for these arguments, whatever it is.
            raise self._misfit(complaint)
        return None

    def _misfit(self, complaint: payload.Unfit | None) -> TypeError:
        if complaint is not None:
            return TypeError(f"task {self._jit_function.name}: argument {complaint}")
        return TypeError(
            f"task {self._jit_function.name}: the arguments do not fit its compiled "
            f"{'forms' if self._specialises else 'form'} "
            f"{', '.join(form.signature for form, _ in self._forms)}"
        )

    def _exact(self, form: CompiledTask, values: list[Any]) -> list[Any]:
        # Who requires compilation gets the form there is; otherwise Python's answer counts.
        return exact_values(form, values, strict=self._strict)

    def _specialise(self, values: list[Any]) -> Submitter | None:
        form = self._jit_function.specialise(values, [form for form, _ in self._forms])
        if form is None:
            return None
        for known, submitter in self._forms:
            if known is form:  # by another thread, just now
                return submitter
        submitter = self._add(form)
        self._moved()
        return submitter


def _decline(*_: Any, **__: Any) -> Any:
    """Stand for the slow path of a submitter whose user goes that way itself."""
    return NotImplemented
