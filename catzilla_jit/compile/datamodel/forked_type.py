"""The type of the handle on a forked call.

A handle is the address of the call's frame, and the frame's serial number at that time: frames are
used again, so a handle that was joined before is told by its number.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.datamodel import models
from numba.core.extending import register_model


class ForkedType(types.Type):
    """A call of one function with arguments of these types."""

    def __init__(self, callee: Any, arguments: tuple[Any, ...], result: Any) -> None:
        self.callee = callee  # the type of the function
        self.arguments = arguments
        self.result = result
        name = dispatcher_of(callee).py_func
        shown = ", ".join(map(str, arguments))
        super().__init__(f"forked({name.__qualname__}@{id(name):x}({shown}) -> {result})")


def dispatcher_of(callee: Any) -> Any:
    """Return the helper that a function's type is of, recursive or not."""
    if isinstance(callee, types.RecursiveCall):
        callee = callee.dispatcher_type
    return callee.dispatcher


def holds_handle(type_: Any) -> bool:
    """Tell whether a value of this type has handles in it, or is one that may be None."""
    parts = [getattr(type_, name, None) for name in ("dtype", "type", "key_type", "value_type")]
    inner = [*(getattr(type_, "types", None) or ()), *parts]
    return any(isinstance(each, ForkedType) or holds_handle(each) for each in inner if each)


@register_model(ForkedType)
class ForkedModel(models.StructModel):
    """Two words."""

    def __init__(self, manager: Any, type_: Any) -> None:
        super().__init__(manager, type_, [("frame", types.voidptr), ("serial", types.int64)])
