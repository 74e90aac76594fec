"""Lists and dicts that a function changes in place: it is compiled on copies, which it returns.

`def f(xs, n)` becomes `def f(xs, n): own = xs.copy(); return f(own, n), own`. Whoever calls it
writes what `own` holds to the caller's list when the code has ended (`tasks/in_place.py`). The
function itself is a helper of that, so it may call itself, and what it does to `own` nobody sees
before: where it leaves its code or raises, it runs as Python on what the caller gave.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import types as pytypes
from collections.abc import Sequence
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types

from catzilla_jit import signatures
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList

#: How the copy of a parameter is made, by what is changed.
LIST, ROWS, DICT = "list", "rows", "dict"
COPIES = {
    LIST: "{0}.copy()",
    ROWS: "[[x for x in row] for row in {0}]",
    DICT: "{0}.copy()",
}


def on_copies(
    function: pytypes.FunctionType, argument_types: Sequence[types.Type]
) -> tuple[pytypes.FunctionType, dict[int, str]] | None:
    """Return the function on copies, and what these are of by place; None where there are none."""
    parameters = list(signatures.own(function).parameters.values())
    if any(each.kind is not each.POSITIONAL_OR_KEYWORD for each in parameters):
        return None
    kinds = {i: kind for i, each in enumerate(argument_types) if (kind := _kind(each))}
    if not kinds:
        return None
    names = [each.name for each in parameters]
    lines = [f"    own{i} = {COPIES[kind].format(names[i])}" for i, kind in kinds.items()]
    lines += [f"    rows{i} = own{i}.copy()" for i, kind in kinds.items() if kind == ROWS]
    given = ", ".join(f"own{i}" if i in kinds else name for i, name in enumerate(names))
    results = [f"own{i}" for i in kinds] + [f"rows{i}" for i, kind in kinds.items() if kind == ROWS]
    lines.append(f"    return cz_function({given}), {', '.join(results)}")
    if any(name.startswith(("own", "rows", "cz_")) for name in names):
        return None
    source = f"def on_copies({', '.join(names)}):\n" + "\n".join(lines)
    namespace: dict[str, Any] = {"cz_function": function, "__name__": function.__module__}
    exec(compile(source, function.__code__.co_filename, "exec"), namespace)
    made = namespace["on_copies"]
    made.__qualname__ = function.__qualname__
    line = function.__code__.co_firstlineno
    made.__code__ = made.__code__.replace(co_firstlineno=line, co_name=function.__name__)
    return made, kinds


def _kind(type_: types.Type) -> str | None:
    if isinstance(type_, GivenDict):
        return DICT if _is_plain(type_.value_type) else None
    if not isinstance(type_, GivenList):
        return None
    if isinstance(type_.dtype, GivenList):
        return ROWS if _is_plain(type_.dtype.dtype) else None
    return LIST if _is_plain(type_.dtype) else None


def _is_plain(type_: types.Type) -> bool:
    if isinstance(type_, types.BaseTuple):
        return all(map(_is_plain, type_.types))
    return isinstance(type_, types.Number | types.Boolean | types.UnicodeType)
