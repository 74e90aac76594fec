"""What a program has each Python worker do before its first task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..errors import shown


class Initializer:
    """Calls the function once per thread; once it has raised, the runtime is of no use."""

    def __init__(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        if not callable(function):
            raise TypeError(f"Runtime: initializer must be a callable, not {shown(function)}")
        if not isinstance(arguments, tuple):
            raise TypeError(f"Runtime: initargs must be a tuple, not {shown(arguments)}")
        self._function = function
        self._arguments = arguments
        self.broken = ""  # why nothing can be submitted any more
        self.log = logging.getLogger("catzilla_jit")

    def __call__(self) -> bool:
        """Run it in a new thread; False: it has failed, here or in another thread."""
        try:
            if not self.broken:
                self._function(*self._arguments)
        except BaseException:
            # The thread has nobody else to tell.
            self.log.critical("Exception in initializer:", exc_info=True)
            self.broken = "a thread initializer failed, the runtime is not usable any more"
        return not self.broken
