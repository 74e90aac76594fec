"""What `make differential` has found, one test per kind."""

from __future__ import annotations

import warnings

import numpy as np

from catzilla_jit import task


def test_name_of_a_builtin_is_not_looked_up_in_numpy() -> None:
    def digits(n: int) -> bytes:
        return bytes([np.array([n])[0] % 256])

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy.bytes is a FutureWarning
        assert task(digits).submit(300).result() == b","
