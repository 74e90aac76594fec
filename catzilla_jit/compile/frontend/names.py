"""What a function names outside itself, and which of it are functions to be compiled along.

Numba is not imported here: a task that is loaded from the cache does without it.
"""

from __future__ import annotations

import builtins
import dis
import sys
import types as pytypes
from collections.abc import Iterator
from typing import Any

import numpy

from catzilla_jit import forking, importing

#: Modules of Python's own, written in Python, whose functions are compiled along as a user's are.
ALONG = {"calendar", "colorsys"}
#: Modules that come with the installation: their functions are Numba's or nobody's business.
INSTALLED = {*sys.stdlib_module_names, "numpy", "numba", "llvmlite"} - {"__main__"}


def callee(value: Any) -> pytypes.FunctionType | None:
    """Return the plain Python function that a call of `value` runs, if it is one."""
    if not isinstance(value, type):
        value = getattr(value, STANDS_FOR, value)
    if not isinstance(value, pytypes.FunctionType):
        return None
    if is_installed(value.__module__) and value.__module__ not in ALONG:
        return None
    return None if _known_to_numba(value) else value


def is_installed(module: object) -> bool:
    """Tell whether a module name belongs to the installation, not to the user."""
    if not isinstance(module, str):
        return False
    return module.partition(".")[0] in INSTALLED or module == forking.__name__


def _known_to_numba(function: pytypes.FunctionType) -> bool:
    """Tell whether Numba has its own version of a function of some library."""
    registry = importing.imported("numba.core.registry")
    if registry is None:  # nobody can have told it of one
        return False
    errors: Any = importing.imported("numba.core.errors")
    try:
        return registry.cpu_target.typing_context.resolve_value_type(function) is not None
    except (ValueError, errors.NumbaError):
        return False


def ufunc_of_scipy(value: Any) -> str | None:
    """Return the name that `scipy.special` has a ufunc under; None for all else."""
    if not isinstance(value, numpy.ufunc):
        return None
    special = importing.imported("scipy.special")
    known = special is not None and getattr(special, value.__name__, None) is value
    return value.__name__ if known else None


def named_values(
    function: pytypes.FunctionType, code: pytypes.CodeType
) -> Iterator[tuple[str, Any]]:
    """Yield the globals and builtins that `code` names in a function, with their present values."""
    for name in sorted(set(names_in(code))):
        if name in function.__globals__:
            yield name, function.__globals__[name]
        elif hasattr(builtins, name):
            yield name, getattr(builtins, name)


def reaches_itself(function: pytypes.FunctionType) -> bool:
    """Tell whether a function may call itself, directly or through functions that it names."""
    seen: set[pytypes.FunctionType] = set()
    rest = list(_called_by(function))
    while rest:
        each = rest.pop()
        if each is function:
            return True
        if each not in seen:
            seen.add(each)
            rest += _called_by(each)
    return False


def _called_by(function: pytypes.FunctionType) -> Iterator[pytypes.FunctionType]:
    values = [value for _, value in named_values(function, function.__code__)]
    values += [cell.cell_contents for cell in function.__closure__ or () if is_filled(cell)]
    for value in values:
        if isinstance(value, pytypes.FunctionType) or hasattr(value, STANDS_FOR):
            found = callee(value)
            if found is not None:
                yield found


def names_in(code: pytypes.CodeType) -> Iterator[str]:
    """Yield every name that the code, or code nested in it, loads from outside."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            yield from names_in(constant)


def imported_in(code: pytypes.CodeType) -> Iterator[str]:
    """Yield the modules that the code imports, with those around them."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            parts = str(instruction.argval).split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def is_filled(cell: pytypes.CellType) -> bool:
    """Tell whether a closure cell has a value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


#: An object with this attribute is called as the function it holds (a task that calls a task).
STANDS_FOR = "__task_function__"
