"""No warning of Numba's reaches the user while a task is compiled.

Numba warns of what its users could write otherwise; the author of a task wrote plain Python.
And where warnings are errors, a warning would end the compilation. `warnings.catch_warnings`
would not do: it puts back the filters of the whole process, and compilations run beside other
threads. So there is one filter, whose category matches on a thread that compiles only.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator

#: What Python says of source when it is compiled: the author has seen it, at the import. And what
#: modules say of names that they have under another one now, which are looked up here alone.
OF_SOURCE = (SyntaxWarning, DeprecationWarning)


class _State(threading.local):
    depth = 0


_here = _State()


class _OfCompilation(type):
    def __subclasscheck__(cls, category: type) -> bool:
        if category is cls:
            return True  # `warnings` asks whether it is a category
        return _here.depth > 0 and (category in OF_SOURCE or _is_numbas(category))


def _is_numbas(category: type) -> bool:
    """Tell whether Numba, which need not be imported, gives such warnings."""
    names = ((each.__module__, each.__name__) for each in category.__mro__)
    return ("numba.core.errors", "NumbaWarning") in names


class _Unasked(Warning, metaclass=_OfCompilation):
    """Numba's warnings, on a thread that compiles a task."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Numba's warnings on this thread to ourselves."""
    warnings.simplefilter("ignore", _Unasked)  # the program may have reset its filters
    _here.depth += 1
    try:
        yield
    finally:
        _here.depth -= 1
