"""Functions made of text for constants: what is constant in a call is written into the function.

They are compiled along like those of `library/builtin_functions.py`, by whose name they go: in them
NumPy's functions are Numba's, and loops of NumPy's are named as such.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from catzilla_jit.compile.library import builtin_functions

Function = Callable[..., Any]
Choice = Callable[..., Function | None]


def written(name: str, arguments: str, lines: Sequence[str], **values: Any) -> Function:
    """Return the function of these lines, which name these values."""
    space = {
        "__name__": builtin_functions.__name__,
        "bail_out": builtin_functions.bail_out,
        **values,
    }
    body = "\n".join("    " + line for line in lines)
    exec(f"def {name}({arguments}):\n{body}", space)
    return cast("Function", space[name])


def choice_of(name: str, ours: Choice, *, certain: bool = False) -> Choice:
    """Return the chooser of what stands for a function of NumPy, by the types of its arguments.

    ours: returns None where nothing stands for it. certain: what it returns never leaves the
    kernel.
    """

    def choice(*given: Any) -> Function | None:
        return ours(*given)

    choice.__name__ = f"numpys_{name}"
    choice.ours = ours  # type: ignore[attr-defined]
    choice.is_certain = certain  # type: ignore[attr-defined]
    return choice
