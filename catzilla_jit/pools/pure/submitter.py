"""What queues the calls of one task on the pure-Python pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from .call import Call, PureTaskResult, python_call
from .compiled_call import Code
from .interrupt import call_shielded
from .lane import Lane

#: As arguments, objects of exactly these types are waited for first.
_result_types: list[type[Any]] = [PureTaskResult]


def add_result_type(kind: type[Any]) -> None:
    """Do what the binding's function of this name does."""
    _result_types.append(kind)


def _no_slow_path(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise TypeError("this submitter takes positional arguments that fit exactly, nothing else")


class Calls(Protocol):
    """What a submitter needs of its pool (pure_pool.py)."""

    @property
    def compiled_lane(self) -> Lane: ...
    @property
    def python_lane(self) -> Lane: ...
    def new(self, lane: Lane, level: int, name: str, call: Call | None) -> PureTaskResult: ...
    def start(self, result: PureTaskResult, delay: float) -> None: ...


class PureSubmitter:
    """Queue a call of the task; return its handle."""

    __name__ = "submit"

    def __init__(
        self,
        pool: Calls,
        name: str,
        code: Code | None,
        function: Callable[..., Any] | None,
        level: int = 2,
        slow: Callable[..., Any] = _no_slow_path,
    ) -> None:
        self._pool = pool
        self._name = name
        self._code = code
        self._function = function
        self._level = level
        self._slow = slow

    @property
    def __signature__(self) -> Any:
        return self._slow.__self__.signature  # type: ignore[attr-defined]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        submit = self.submit if self._code is not None else self.submit_python
        return submit(*args, **kwargs)

    def at_level(self, level: int, slow: Callable[..., Any]) -> PureSubmitter:
        return PureSubmitter(self._pool, self._name, self._code, self._function, level, slow)

    def submit(self, /, *args: Any, **kwargs: Any) -> Any:
        result = self.prepare(*args, **kwargs)
        if result is NotImplemented:
            return self._slow(*args, **kwargs)
        self.start(result, 0)
        return result

    def submit_python(self, /, *args: Any, **kwargs: Any) -> Any:
        if any(type(value) in _result_types for value in (*args, *kwargs.values())):
            return self._slow(*args, **kwargs)
        result = self.prepare_python(*args, **kwargs)
        self.start(result, 0)
        return result

    def submit_each(self, columns: tuple[list[Any], ...], into: list[Any], /) -> Any:
        assert self._code is not None
        calls = [self._code.call(row, {}) for row in zip(*columns, strict=True)]
        if any(call is None for call in calls):
            return NotImplemented
        for call in calls:
            result = self._pool.new(self._pool.compiled_lane, self._level, self._name, call)
            self.start(result, 0)
            into.append(result)
        return None

    def submit_each_python(self, columns: tuple[list[Any], ...], into: list[Any], /) -> Any:
        for row in zip(*columns, strict=True):
            into.append(self.submit_python(*row))

    def withdraw(self, result: Any, /) -> None:
        pass  # nobody else knows of it

    def prepare(self, /, *args: Any, **kwargs: Any) -> Any:
        assert self._code is not None
        call = self._code.call(args, kwargs)
        if call is None:
            return NotImplemented
        return self._pool.new(self._pool.compiled_lane, self._level, self._name, call)

    def prepare_python(self, /, *args: Any, **kwargs: Any) -> Any:
        assert self._function is not None
        call = python_call(self._function, args, kwargs)
        return self._pool.new(self._pool.python_lane, self._level, self._name, call)

    def start(
        self,
        result: Any,
        delay_ns: int,
        govern: Callable[[Any], object] | None = None,
        forgo: Callable[[Any], object] | None = None,
        /,
    ) -> None:
        call_shielded(self._start, result, delay_ns * 1e-9, govern, forgo)

    def _start(
        self,
        result: Any,
        delay: float,
        govern: Callable[[Any], object] | None,
        forgo: Callable[[Any], object] | None,
    ) -> None:
        try:
            if govern is not None:
                govern(result)
            self._pool.start(result, delay)
        except BaseException:
            if forgo is not None:
                forgo(result)
            raise

    def call(self, /, *args: Any, **kwargs: Any) -> Any:
        assert self._code is not None
        call = self._code.call(args, kwargs)
        if call is None:
            return NotImplemented
        return call()


class PureCarrier(PureSubmitter):
    """Queues calls that run items of maps, which count what they ran themselves."""

    def at_level(self, level: int, slow: Callable[..., Any]) -> PureCarrier:
        return PureCarrier(self._pool, self._name, None, self._function, level, slow)

    def prepare_python(self, /, *args: Any, **kwargs: Any) -> Any:
        result = super().prepare_python(*args, **kwargs)
        result.counted = False
        return result
