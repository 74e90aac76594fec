"""A submission keeps nothing of its caller: what its frame holds is freed when it returns."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import catzilla_jit


class Large:
    """Stands for what a caller may hold."""


def plain(a: float) -> float:
    return a + 1.0


def generic(a: Any) -> Any:
    return a + 1


def refused(a: float) -> float:
    return float(repr(a)) + 1.0


@pytest.mark.parametrize("function", [plain, generic, refused])
def test_a_first_submission_keeps_no_frame(function):
    task = catzilla_jit.task(function)

    def caller() -> weakref.ref[Large]:
        large = Large()
        assert task.submit(1.0).result() == 2.0
        return weakref.ref(large)

    found = caller()
    gc.collect()
    assert found() is None
