"""A function and what became of compiling it."""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import CompileError, CompileWarning
from .settings import Settings

if TYPE_CHECKING:
    from .compile import CompiledTask, Explanation, Reason


class Program:
    """Compiles its function at most once; shared by all tasks made of it."""

    def __init__(self, function: Callable[..., Any], settings: Settings) -> None:
        self.function = function
        self.settings = settings
        self.reasons: tuple[Reason, ...] = ()
        self.ready = False  # compiled, or known not to be
        self._compiled: CompiledTask | None = None
        self._lock = threading.RLock()

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def mode(self) -> bool | str | None:
        return self.settings.compile_to_c

    def compiled(self) -> CompiledTask | None:
        """Compile on the first call; None: it runs as Python. CompileError if it must not."""
        if not self.ready:
            with self._lock:
                if not self.ready:
                    self._compile()
        return self._compiled

    def compiled_now(self) -> CompiledTask | None:
        """Return the compiled task if there is one by now."""
        return self._compiled

    def explain(self) -> Explanation:
        """Compile if that has not happened yet; return what came of it, never raise for it."""
        from .compile import CompileRefused, Explanation, Reason

        try:
            compiled = self.compiled()
        except CompileError:
            compiled = None
        if compiled is not None:
            return Explanation.of(compiled)
        never = Reason(None, "the task says compile_to_c=False", "leave the option out")
        return Explanation.of(CompileRefused(self.name, self.reasons or (never,)))

    def _compile(self) -> None:
        if self.mode is not False:
            self._try_to_compile()
        self.ready = True

    def _try_to_compile(self) -> None:
        # The import of Numba: not before something is to be compiled.
        from .compile import CompileRefused, compile_task

        settings = self.settings
        try:
            self._compiled = compile_task(
                self.function,
                name=settings.name,
                fastmath=settings.fastmath,
                boundscheck=settings.boundscheck,
                overflow=settings.overflow,
            )
        except CompileRefused as refused:
            self.reasons = refused.reasons
            if self.mode == "require":
                raise CompileError(str(refused)) from None
            if self.mode is True:
                warnings.warn(f"{refused}; it runs as Python", CompileWarning, stacklevel=6)

    def settle(
        self, status: int, error: int, arguments: tuple[Any, ...] | None
    ) -> tuple[bool, Any]:
        """Turn a failed compiled call into its exception, or into the value Python gives."""
        compiled = self._compiled
        assert compiled is not None
        if arguments is not None and self.can_rerun and status == _overflow_status():
            try:
                return False, self.function(*arguments)
            except BaseException as exception:
                return True, exception
        try:
            compiled.raise_error(status, error)
        except BaseException as exception:
            return True, exception.with_traceback(_inside_task(exception))

    @property
    def can_rerun(self) -> bool:
        """Whether nobody would notice that a call ran before it is run again as Python."""
        compiled = self._compiled
        return compiled is not None and compiled.pure

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Return one value per parameter, defaults filled in; TypeError names the task."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"task {self.name}: {error}") from None
        bound.apply_defaults()
        return list(bound.arguments.values())


def _overflow_status() -> int:
    from .compile import STATUS_OVERFLOW

    return STATUS_OVERFLOW


def _inside_task(exception: BaseException) -> Any:
    """Return the part of the traceback that lies in the task's own source."""
    frame = exception.__traceback__
    own = __file__.rpartition("/")[0] + "/"
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(own):
        frame = frame.tb_next
    return frame
