"""What `make differential` has found, one test per kind."""

from __future__ import annotations

import importlib.util
import math
import pathlib
import traceback
import warnings

import numpy as np
import pytest

from catzilla_jit import task


def test_name_of_a_builtin_is_not_looked_up_in_numpy() -> None:
    def digits(n: int) -> bytes:
        return bytes([np.array([n])[0] % 256])

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy.bytes is a FutureWarning
        assert task(digits).submit(300).result() == b","


def test_warning_about_the_source_is_not_given_again(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "warned.py"
    path.write_text('def f(n: int) -> str:\n    assert (n, "n")\n    return f"{n:02d}"\n')
    specification = importlib.util.spec_from_file_location("warned", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.warns(SyntaxWarning):
        specification.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = task(module.f)
        assert made.submit(3).result() == "03"
    assert made.compiled  # it would stay Python without its source


def test_index_of_what_is_not_there_is_not_worded_by_numba() -> None:
    def write(out: np.ndarray, wanted: int) -> None:
        out[[0].index(wanted)] += 2.0

    made = task(write)
    out = np.zeros(1)
    made.submit(out, 0).result()
    assert out[0] == 2.0
    assert type(made.submit(out, 255).exception()) is OverflowError  # Python names the value


def test_exception_of_a_function_of_math_shows_the_line_that_calls_it() -> None:
    def logarithm(x: float, base: float) -> float:
        return math.log(x, base)

    made = task(logarithm)
    assert made.submit(8.0, 2.0).result() == 3.0
    error = made.submit(1.0, 1.0).exception()
    assert type(error) is ZeroDivisionError
    lines = [each.lineno for each in traceback.extract_tb(error.__traceback__)]
    assert logarithm.__code__.co_firstlineno + 1 in lines
