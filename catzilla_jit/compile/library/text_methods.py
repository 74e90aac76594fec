"""Methods of texts: which function of `text.py` stands for a call, by the types.

What else has a method of such a name (bytes) keeps it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba.core import types

from catzilla_jit.compile.library import builtin_functions, text

Function = Callable[..., Any]

#: Parameters that may be given by name.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "split": ("sep", "maxsplit"),
    "rsplit": ("sep", "maxsplit"),
    "expandtabs": ("tabsize",),
}

#: What the name of a method is followed by where only the count is given.
BY_COUNT = "_by_count"

#: Methods without arguments.
OF_TEXT: tuple[Function, ...] = (
    text.upper, text.lower, text.title, text.capitalize, text.swapcase, text.casefold,
    text.isupper, text.islower, text.istitle, text.isalpha, text.isalnum, text.isprintable,
    text.isdigit, text.isdecimal, text.isnumeric, text.isidentifier,
)  # fmt: skip
#: Others: what is called for a text, and where the first argument is None.
WITH_ARGUMENTS: dict[tuple[str, int], tuple[Function, Function | None]] = {
    ("isspace", 0): (text.isspace, None),
    ("isascii", 0): (text.isascii, None),
    ("split", 2): (text.split, text.split_at_space),
    ("rsplit", 0): (text.rsplit_words, None),
    ("rsplit", 1): (text.rsplit_all, text.rsplit_all_at_space),
    ("rsplit", 2): (text.rsplit, text.rsplit_at_space),
    (f"split{BY_COUNT}", 1): (text.split_by_count, None),
    (f"rsplit{BY_COUNT}", 1): (text.rsplit_by_count, None),
    ("expandtabs", 1): (text.expandtabs, None),
    ("replace", 2): (text.replace, None),
    ("replace", 3): (text.replace_some, None),
}


def is_text(type_: Any) -> bool:
    type_ = type_.type if isinstance(type_, types.Optional) else type_
    return isinstance(type_, types.UnicodeType | types.StringLiteral)


def _choice(name: str, count: int, of_text: Function, of_none: Function | None) -> Function:
    plain = _plain(name, count)

    def choice(value: Any, *arguments: Any) -> Function | None:
        if not is_text(value):
            return plain
        if of_none is not None and isinstance(arguments[0], types.NoneType):
            return of_none
        return of_text

    choice.__name__ = f"{name}_of"
    return choice


def _plain(name: str, count: int) -> Function:
    """Return a function that calls the method."""
    parameters = ", ".join(f"argument{place}" for place in range(count))
    namespace = {"__name__": builtin_functions.__name__}
    exec(f"def {name}(value, {parameters}): return value.{name}({parameters})", namespace)
    return cast("Function", namespace[name])


METHODS: dict[tuple[str, int], Function] = {
    **{(each.__name__, 0): _choice(each.__name__, 0, each, None) for each in OF_TEXT},
    **{key: _choice(*key, *functions) for key, functions in WITH_ARGUMENTS.items()},
}
