"""Priorities and statuses: the one table of each."""

from __future__ import annotations

import enum

from catzilla_jit.errors import shown


class _Named(str, enum.Enum):
    """Members that are their names: in JSON, in texts, and compared with a str."""

    def __str__(self) -> str:
        return str(self.value)


class TaskPriority(_Named):
    """Urgency of a task: a worker takes the most urgent level that has work.

    The value is the name used in options (`priority="high"`); `level` is the index of
    the queue, 0 the most urgent. Bare integers are refused everywhere, because their
    direction differs from system to system.
    """

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def level(self) -> int:
        return _LEVELS[self]

    @classmethod
    def parse(cls, value: TaskPriority | str, *, where: str) -> TaskPriority:
        """Return the member for a member or its name; `where` opens the error message."""
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            try:
                return cls(value.lower())
            except ValueError:
                pass
        names = ", ".join(repr(member.value) for member in cls)
        kind = ValueError if isinstance(value, str) else TypeError
        raise kind(
            f"{where}: priority must be a TaskPriority or one of {names}, not {shown(value)}"
        )


_LEVELS = {member: index for index, member in enumerate(TaskPriority)}


class TaskStatus(_Named):
    """Where a task stands. The last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)
