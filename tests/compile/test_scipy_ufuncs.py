"""Ufuncs of `scipy.special` are called by their loops, as NumPy's are."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from catzilla_jit import task
from catzilla_jit.compile.frontend.names import ufunc_of_scipy


@pytest.fixture
def special(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """SciPy's module, or one in its place that has a ufunc of NumPy's."""
    if "scipy.special" not in sys.modules:
        made = types.ModuleType("scipy.special")
        made.expm1 = np.expm1  # type: ignore[attr-defined]
        package = types.ModuleType("scipy")
        package.__version__ = "1.17"  # type: ignore[attr-defined]
        package.special = made  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "scipy", package)
        monkeypatch.setitem(sys.modules, "scipy.special", made)
    module: types.ModuleType = sys.modules["scipy.special"]
    return module


def test_ufunc_of_scipy_is_called_by_its_loop(special: types.ModuleType) -> None:
    expm1 = special.expm1

    @task
    def grown(values: np.ndarray, rate: float):  # type: ignore[no-untyped-def, type-arg]
        return expm1(values * rate), expm1(rate)

    values = np.linspace(-3.0, 3.0, 50)
    many, one = grown.submit(values, 0.5).result()
    assert (many == expm1(values * 0.5)).all()
    assert type(one) is np.float64
    assert one == expm1(0.5)
    ways = [each.how for each in grown.explain().evaluations]
    assert "NumPy's loop of special.expm1" in ways


def test_other_ufuncs_are_not_taken_for_those_of_scipy() -> None:
    made = np.frompyfunc(abs, 1, 1)
    assert ufunc_of_scipy(made) is None

    @task
    def value(x: float):  # type: ignore[no-untyped-def]
        return made(x)

    assert value.submit(-2.0).result() == 2.0
    assert not value.compiled
