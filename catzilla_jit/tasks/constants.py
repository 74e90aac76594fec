"""What the compiled forms of a function take for constant, and whether it still is so."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compile import Dependencies
    from ..pools.protocol import Guards

#: After so many changes of a list or dict of the module a task that names it stays Python, since
#: each one costs a compilation.
MOST_CHANGES = 3


class Constants:
    """Names, and what is in lists and dicts; nothing until `begin` is called."""

    def __init__(self) -> None:
        self._changes = 0  # of the contents of a list or dict
        self._known: Dependencies | None = None

    def begin(self, function: Any) -> None:
        """Take down what a function names; before compiling, so that no change is missed."""
        from ..compile import Dependencies

        if isinstance(function, types.FunctionType):
            self._known = Dependencies(function)

    def end(self) -> None:
        """Forget it, because it has changed."""
        if self._known is not None:
            self._changes += not self._same_contents()
        self._known = None

    def look_again(self) -> None:
        """Take down what lists and dicts hold now."""
        if self._known is not None:
            self._known.look_again()

    @property
    def freezes(self) -> bool:
        """Whether lists and dicts of the module are constants."""
        return self._changes < MOST_CHANGES

    @property
    def guards(self) -> Guards:
        """What a submission has to compare."""
        if self._known is None:
            return ()
        return (*self._known.guards, *(self._known.contents if self.freezes else ()))

    def stale(self, built_in: bool) -> bool:
        """Whether something has changed; built_in: there is code that has it built in."""
        if self._known is None:
            return False
        return not self._known.unchanged() or (built_in and not self._same_contents())

    def _same_contents(self) -> bool:
        return self._known is None or not self.freezes or self._known.same_contents()
