"""Another exception like one that a task has raised.

What is raised collects the frames it passes, so each who asks gets a copy. No constructor is
called: it may take other arguments than `args`, or make them anew. The copy has the attributes,
slots and fields of the original, its cause and its context.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Iterator
from typing import Any

#: Of a class that is made by a `class` statement, or by a C extension at run time.
HEAP_TYPE = 1 << 9
#: Set one by one, or not the exception's own.
OTHERS = {
    "__dict__", "__weakref__", "__traceback__", "__cause__", "__context__", "__suppress_context__",
}  # fmt: skip

#: What takes its arguments before any constructor: since Python 3.11.
GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
_NOTHING = object()


def copy_exception(error: BaseException) -> BaseException:
    """Return another exception of the same type and state; the same one if there can be none."""
    try:
        copy = _blank(error)
        for descriptor in _fields(type(error)):
            _copy_field(descriptor, error, copy)
        copy.__dict__.update(error.__dict__)
        _copy_notes(copy)
        for each in ("__cause__", "__context__", "__suppress_context__"):  # the last in the end
            vars(BaseException)[each].__set__(copy, getattr(error, each))
    except Exception:  # of a class that cannot be made otherwise
        return error
    return copy.with_traceback(error.__traceback__)


def _blank(error: BaseException) -> BaseException:
    """Return an exception of the same class that no constructor has seen."""
    class_ = type(error)
    base: Any = next(each for each in class_.__mro__ if not each.__flags__ & HEAP_TYPE)
    given = (error.message, error.exceptions) if isinstance(error, GROUP) else ()
    made: BaseException = base.__new__(class_, *given)
    assert type(made) is class_
    return made


def _fields(class_: type) -> Iterator[Any]:
    """Yield the descriptors of slots, and of the fields that builtin classes have in C."""
    for each in class_.__mro__:
        for name, value in vars(each).items():
            builtin = isinstance(value, types.GetSetDescriptorType) and each is not object
            if (builtin or isinstance(value, types.MemberDescriptorType)) and name not in OTHERS:
                yield value


def _copy_field(descriptor: Any, error: BaseException, copy: BaseException) -> None:
    """Give the copy the value of one field, but for one that it has: None may be no value."""
    try:
        value = descriptor.__get__(error)
    except AttributeError:  # a slot without a value
        return
    if getattr(copy, descriptor.__name__, _NOTHING) is not value:
        descriptor.__set__(copy, value)


def _copy_notes(copy: BaseException) -> None:
    notes = copy.__dict__.get("__notes__")  # Python 3.11
    if type(notes) is list:
        copy.__dict__["__notes__"] = list(notes)
