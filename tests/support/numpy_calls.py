"""Compares what compiled code answers with NumPy, for many calls of one function."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from catzilla_jit.compile import STATUS_OVERFLOW, argument_types_for
from support.automatic import described
from support.compile_harness import compiled, status_of


def answers(function: Callable[..., Any], kinds: Any, calls: list[tuple[Any, ...]]) -> list[int]:
    """Compare what compiled code answers with NumPy; return the statuses."""
    made = compiled(function, argument_types=kinds, exact=True)
    statuses = []
    for arguments in calls:
        status, _, result = status_of(made, *arguments)
        statuses.append(status)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                expected = function(*arguments)
            except (ValueError, np.linalg.LinAlgError):
                assert status == STATUS_OVERFLOW
                continue
        if status == 0:
            assert not caught, [str(each.message) for each in caught]
            assert described(result) == described(expected), arguments
        else:
            assert status == STATUS_OVERFLOW
    return statuses


def named(source: str) -> Callable[..., Any]:
    space: dict[str, Any] = {"np": np}
    exec(source, space)
    return space["function"]  # type: ignore[no-any-return]


def kinds_of(*arguments: Any) -> Any:
    parameters = ", ".join(f"x{i}" for i in range(len(arguments)))
    function: Any = named(f"def function({parameters}): pass")
    return argument_types_for(function, arguments, name="f")
