"""The base of Task: what a call of the task runs here and now.

Two implementations, as for results: native/binding/direct.c, and the class here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import NativeUnavailable
from .native import library


class PythonDirectCall:
    """Calls the first compiled form that takes the arguments, else the function."""

    __slots__ = ("_forms", "_function")

    def _set_direct(self, forms: tuple[Any, ...], function: Callable[..., Any]) -> None:
        self._forms = forms
        self._function = function

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        for form in self._forms:
            value = form.call(*args, **kwargs)
            if value is not NotImplemented:
                return value
        return self._function(*args, **kwargs)


def _find() -> Any:
    try:
        return library.load().binding.DirectCall
    except NativeUnavailable:
        return PythonDirectCall


if TYPE_CHECKING:
    DirectCall = PythonDirectCall
else:
    DirectCall = _find()
