"""The demo program: what it prints, and that its check against NumPy can fail."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from rich.progress import Progress

SCRIPT = Path(__file__).parents[2] / "examples" / "airports.py"


@pytest.fixture(scope="module")
def airports() -> ModuleType:
    spec = importlib.util.spec_from_file_location("airports", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["airports"] = module
    spec.loader.exec_module(module)
    return module


def test_demo_succeeds_within_80_columns() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--airports", "300"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "Most isolated airport" in done.stdout
    assert "single submissions" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_distance_of_a_quarter_meridian(airports: ModuleType) -> None:
    quarter = airports.EARTH_RADIUS_KM * math.pi / 2
    assert airports.haversine(0.0, 30.0, 90.0, 30.0) == pytest.approx(quarter, rel=1e-15)


@pytest.mark.parametrize("wrong", [1.0, math.nan])
def test_check_against_numpy_finds_one_wrong_element(airports: ModuleType, wrong: float) -> None:
    lat, lon = np.array([10.0, 20.0, 30.0]), np.array([1.0, 2.0, 3.0])
    matrix = airports.haversine_numpy(lat[:, None], lon[:, None], lat, lon)
    with Progress(disable=True) as bar:
        assert airports.largest_relative_error(matrix, lat, lon, bar) == 0.0
        matrix[2, 1] = wrong
        assert airports.largest_relative_error(matrix, lat, lon, bar) > airports.TOLERANCE
