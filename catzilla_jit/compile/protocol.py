"""The attribute by which an object of another package takes part in compilation."""

from __future__ import annotations

#: An object with this attribute is called as the function it holds (a task that calls a task).
STANDS_FOR = "__task_function__"
