"""Methods of texts: which function of `texts.py` stands for a call, by the types.

What else has a method of such a name (bytes) keeps it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba.core import types

from catzilla_jit.compile import library, texts

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
    texts.upper, texts.lower, texts.title, texts.capitalize, texts.swapcase, texts.casefold,
    texts.isupper, texts.islower, texts.istitle, texts.isalpha, texts.isalnum, texts.isprintable,
    texts.isdigit, texts.isdecimal, texts.isnumeric, texts.isidentifier,
)  # fmt: skip
#: Others: what is called for a text, and where the first argument is None.
WITH_ARGUMENTS: dict[tuple[str, int], tuple[Function, Function | None]] = {
    ("isspace", 0): (texts.isspace, None),
    ("isascii", 0): (texts.isascii, None),
    ("split", 2): (texts.split, texts.split_at_space),
    ("rsplit", 0): (texts.rsplit_words, None),
    ("rsplit", 1): (texts.rsplit_all, texts.rsplit_all_at_space),
    ("rsplit", 2): (texts.rsplit, texts.rsplit_at_space),
    (f"split{BY_COUNT}", 1): (texts.split_by_count, None),
    (f"rsplit{BY_COUNT}", 1): (texts.rsplit_by_count, None),
    ("expandtabs", 1): (texts.expandtabs, None),
    ("replace", 2): (texts.replace, None),
    ("replace", 3): (texts.replace_some, None),
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
    namespace = {"__name__": library.__name__}
    exec(f"def {name}(value, {parameters}): return value.{name}({parameters})", namespace)
    return cast("Function", namespace[name])


METHODS: dict[tuple[str, int], Function] = {
    **{(each.__name__, 0): _choice(each.__name__, 0, each, None) for each in OF_TEXT},
    **{key: _choice(*key, *functions) for key, functions in WITH_ARGUMENTS.items()},
}
