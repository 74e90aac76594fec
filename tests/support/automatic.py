"""Calls in automatic mode, and what they come to, as something to compare."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from catzilla_jit import Task


def described(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value), [described(each) for each in value]
    if isinstance(value, dict):
        return dict, [(described(key), described(each)) for key, each in value.items()]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":  # which NaN it is, its sign, is no part of an answer
            value = np.where(np.isnan(value), np.nan, value)
        return value.dtype, value.shape, value.tobytes()
    return type(value), repr(value)


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # compiled code warns of nothing
        try:
            return described(function(*arguments))
        except Exception as error:
            return type(error), str(error)


def submitted(made: Task[..., Any], *arguments: Any) -> Any:
    return outcome(lambda: made.submit(*arguments).result(60))


def made(f: Any, i: Any, b: Any) -> Any:
    return (
        np.where(f > 0, f, 0), np.where(i > 0, i, 2.5), np.where(b, 1, 0), np.where(b, b, True),
        np.full(3, f[0]), np.full((2, 2), 7), np.full_like(f, 1.5), np.array([1.5, 2.0]),
        np.linspace(-1.3, 2.7, 101), np.linspace(0.1, 0.7, 1), np.concatenate((f, f[:3])),
        np.diff(f), np.repeat(i, 2), np.roll(f, -3), np.eye(3), np.nonzero(b)[0],
    )  # fmt: skip
