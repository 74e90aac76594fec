"""Constants of subclasses of what Numba knows: their methods may be others, so Python runs them."""

from __future__ import annotations

import sys
import types as pytypes
from typing import Any

import numpy as np
import pytest

from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled


class Odd(float):
    """A float that multiplies otherwise."""

    def __mul__(self, other: Any) -> float:
        return 99.0


class Strange(str):
    """A text with a length of its own, and nothing to show."""

    def __len__(self) -> int:
        return 77

    def __repr__(self) -> str:
        raise ValueError("no")


MATRIX: Any = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
ODD, STRANGE = Odd(1.5), Strange("ab")
PAIR = (1, MATRIX)
MASKED = np.ma.masked
settings: Any = pytypes.ModuleType("odd_settings")
settings.matrix = MATRIX


def of_matrix(x: float) -> Any:
    return MATRIX * MATRIX


def of_float(x: float) -> Any:
    return ODD * x


def of_text(x: float) -> Any:
    return len(STRANGE)


def of_tuple(x: float) -> Any:
    return PAIR[1] * PAIR[1]


def of_masked(x: float) -> Any:
    return MASKED


def of_module(x: float) -> Any:
    return settings.matrix * settings.matrix


def of_import(x: float) -> Any:
    from odd_settings import matrix  # type: ignore[import-not-found]

    return matrix * matrix


def helped(x: float, y: Any = ODD) -> Any:
    return y * x


def of_default(x: float) -> Any:
    return helped(x)


@pytest.mark.parametrize(
    "function",
    [of_matrix, of_float, of_text, of_tuple, of_masked, of_module, of_import, of_default],
)
def test_constant_of_a_subclass_has_no_machine_type(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "odd_settings", settings)
    with pytest.raises(CompileRefused) as refused:
        compiled(function)
    assert [each.code for each in refused.value.reasons] == ["CZ805"]


def test_numbers_of_numpy_are_constants() -> None:
    number = np.float64(2.5)

    def doubled(x: float) -> float:
        return number * x

    assert compiled(doubled).signature
