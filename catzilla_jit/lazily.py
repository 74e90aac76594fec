"""An attribute that is computed when it is first asked for.

functools.cached_property does so under one lock for all objects (before Python 3.12): held by
another thread at a fork, it is never released in the child.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazily(Generic[T]):
    """Compute the attribute once, or more often if several threads ask at the same time."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> lazily[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> lazily[T] | T:
        if instance is None:
            return self
        value = self._compute(instance)
        return vars(instance).setdefault(self._compute.__name__, value)  # type: ignore[no-any-return]
