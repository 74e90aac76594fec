"""The options of a task, checked once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from ..errors import shown
from ..pools.retry import RetryPolicy
from ..types import TaskPriority


class CallOptions(TypedDict, total=False):
    """The options of one submission; `catzilla_jit.task` says what all of them mean."""

    priority: TaskPriority | str
    compile_to_c: bool | Literal["require"] | None
    max_retries: int
    timeout_ms: float | None
    delay_ms: float


class TaskOptions(CallOptions, total=False):
    """All options of a task."""

    name: str
    retry_delay_ms: float
    retry_backoff: float
    retry_jitter: float
    retry_on: type[BaseException] | tuple[type[BaseException], ...]
    boundscheck: bool | None
    fastmath: bool
    overflow: Literal["check", "wrap"]
    parallel: bool
    memory_arena: bool
    capture_logs: bool


_COMPILE_MODES = (None, True, False, "require")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a task; `catzilla_jit.task` says what they mean."""

    name: str
    priority: TaskPriority = TaskPriority.NORMAL
    compile_to_c: bool | str | None = None
    max_retries: int = 0
    retry_delay_ms: float = 100
    retry_backoff: float = 2.0
    retry_jitter: float = 0.1
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    timeout_ms: float | None = None
    delay_ms: float = 0
    boundscheck: bool | None = None
    fastmath: bool = False
    overflow: str = "check"
    parallel: bool = False
    memory_arena: bool = False
    capture_logs: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"task: name must be a str, not {shown(self.name)}")
        if not any(self.compile_to_c is mode for mode in _COMPILE_MODES[:3]) and (
            self.compile_to_c != "require"
        ):
            self._refuse(ValueError, "compile_to_c", f"one of {_COMPILE_MODES}")
        if self.overflow not in ("check", "wrap"):
            self._refuse(ValueError, "overflow", "'check' or 'wrap'")
        for option in ("fastmath", "parallel", "memory_arena", "capture_logs"):
            self._check_bool(option)
        if self.boundscheck is not None:
            self._check_bool("boundscheck")
        if isinstance(self.max_retries, bool) or not isinstance(self.max_retries, int):
            self._refuse(TypeError, "max_retries", "an int")
        if not 0 <= self.max_retries <= 65_535:
            self._refuse(ValueError, "max_retries", "from 0 to 65535")
        self._check_number("retry_delay_ms", 0.0)
        self._check_number("retry_backoff", 0.0)
        self._check_number("retry_jitter", 0.0, 1.0)
        self._check_number("delay_ms", 0.0)
        if self.timeout_ms is not None:
            self._check_number("timeout_ms", 0.001)
        if not all(
            isinstance(kind, type) and issubclass(kind, BaseException) for kind in self.retry_on
        ):
            self._refuse(TypeError, "retry_on", "a tuple of exception types")

    def _refuse(self, kind: type[Exception], option: str, expected: str) -> None:
        raise kind(
            f"task {self.name}: {option} must be {expected}, not {shown(getattr(self, option))}"
        )

    def _check_bool(self, option: str) -> None:
        if not isinstance(getattr(self, option), bool):
            self._refuse(TypeError, option, "a bool")

    def _check_number(self, option: str, least: float, most: float = 1e12) -> None:
        value = getattr(self, option)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._refuse(TypeError, option, "a number")
        if not (least <= value <= most) or math.isnan(value):
            self._refuse(ValueError, option, f"from {least:g} to {most:g}")

    def changed(self, options: dict[str, Any]) -> Settings:
        """Return these settings with some replaced; TypeError for an unknown option."""
        known = {field.name for field in dataclasses.fields(self)}
        for option in options:
            if option not in known:
                raise TypeError(f"task {self.name}: unknown option {option!r}")
        options = dict(options)
        if "priority" in options:
            where = f"task {self.name}"
            options["priority"] = TaskPriority.parse(options["priority"], where=where)
        if "retry_on" in options:
            kinds = options["retry_on"]
            options["retry_on"] = kinds if isinstance(kinds, tuple) else (kinds,)
        return dataclasses.replace(self, **options)

    @property
    def compilation(self) -> tuple[Any, ...]:
        """The options that make another JitFunction of the same function."""
        return (
            self.compile_to_c, self.boundscheck, self.fastmath, self.overflow, self.parallel,
        )  # fmt: skip

    @property
    def checks_bounds(self) -> bool:
        """Whether compiled code checks array indices; by default where nobody asked for speed."""
        return self.compile_to_c is None if self.boundscheck is None else self.boundscheck

    @property
    def governed(self) -> bool:
        """Whether a submission needs more than a place in the queue."""
        limited = self.timeout_ms is not None
        return bool(self.max_retries or self.delay_ms or limited or self.capture_logs)

    @property
    def retries(self) -> RetryPolicy | None:
        """The retry policy, None without retries."""
        if not self.max_retries:
            return None
        return RetryPolicy(
            self.max_retries,
            self.retry_delay_ms,
            self.retry_backoff,
            self.retry_jitter,
            self.retry_on,
        )


MOST_VARIANTS = 32  # of a task that are kept, since `task.options(...)` is often asked for again


def key_of(options: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return the same for the same options, of the same types; None where one cannot be told."""
    key = tuple((name, type(value), value) for name, value in sorted(options.items()))
    try:
        hash(key)
    except TypeError:
        return None
    return key
