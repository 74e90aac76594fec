"""What `task.submit` is besides a pool's own submitter: callables that tell their signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Protocol


class Described(Protocol):
    """A JitFunction, as far as its signature goes."""

    function: Callable[..., Any]

    @property
    def signature(self) -> inspect.Signature: ...


class Bindable(Protocol):
    """A task."""

    _jit_function: Any
    submit: Callable[..., Any]

    def bind(self) -> Any: ...


def signature_of(jit_function: Described) -> inspect.Signature:
    """Return the signature of `submit`: the function's, with a TaskResult as what is returned."""
    try:
        signature = inspect.signature(jit_function.function)
    except ValueError:
        signature = jit_function.signature
    given = signature.return_annotation
    if given is signature.empty:
        return signature.replace(return_annotation="TaskResult")
    name = given if isinstance(given, str) else inspect.formatannotation(given)
    return signature.replace(return_annotation=f"TaskResult[{name}]")


class Submission(functools.partial[Any]):
    """Queue a call of the task; return its handle."""

    # A partial, which calls on without a frame of Python.
    __name__ = "submit"
    _jit_function: Described

    def __new__(cls, call: Callable[..., Any], jit_function: Described) -> Submission:
        """Make what calls `call` and has the signature of the function."""
        made = super().__new__(cls, call)
        made._jit_function = jit_function
        return made

    @property
    def __signature__(self) -> inspect.Signature:
        return signature_of(self._jit_function)


class FirstSubmission:
    """Queue a call of the task; return its handle."""

    # Until the task has a pool.
    __slots__ = ("__self__",)
    __name__ = "submit"

    def __init__(self, task: Bindable) -> None:
        self.__self__ = task

    @property
    def __signature__(self) -> inspect.Signature:
        return signature_of(self.__self__._jit_function)

    def __reduce__(self) -> Any:
        return getattr, (self.__self__, "submit")

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        submit = self.__self__.submit  # for who has kept this one, the pool's by now
        if type(submit) is FirstSubmission:
            submit = self.__self__.bind().submit
        return submit(*args, **kwargs)
