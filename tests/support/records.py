"""Structured arrays, functions that read them, and the comparison of a task with its function."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from catzilla_jit import Task, task
from catzilla_jit.compile import CompiledTask, argument_types_for
from support.compile_harness import compiled

FIELDS: Any = [("x", "f8"), ("y", "f8"), ("n", "i8"), ("up", "?"), ("z", "c16"), ("small", "i4")]
PACKED = np.dtype(FIELDS)
ALIGNED = np.dtype(FIELDS, align=True)
SPARSE = np.dtype(
    {
        "names": ["x", "y", "n", "up", "z", "small"],
        "formats": ["f8", "f8", "i8", "?", "c16", "i4"],
        "offsets": [3, 16, 24, 40, 48, 64],
        "itemsize": 80,
    }
)
OVERLAID = np.dtype(
    {
        "names": ["n", "x", "up", "y", "z", "small"],
        "formats": ["i8", "f8", "?", "f8", "c16", "i4"],
        "offsets": [0, 0, 4, 8, 16, 20],
        "itemsize": 32,
    }
)
DTYPES = {"packed": PACKED, "aligned": ALIGNED, "sparse": SPARSE, "overlaid": OVERLAID}


def made(dtype: np.dtype[Any], length: int = 6) -> Any:
    """Return records with a different number in each field."""
    array = np.zeros(length, dtype)
    random = np.random.default_rng(3)
    for name in ("small", "up", "n", "z", "y", "x"):
        array[name] = random.integers(0, 2 if name == "up" else 100, length)
        if name in ("x", "y"):
            array[name] += random.random(length)
    return array


def described(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value), [described(each) for each in value]
    if isinstance(value, np.ndarray):
        layout = value.dtype.isalignedstruct, value.strides, value.flags.writeable
        fields = [value[name].tobytes() for name in value.dtype.names or ()]  # not what is between
        return repr(value.dtype), layout, value.shape, fields or value.tobytes()
    return type(value), repr(value)


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call comes to, and what it has made of its arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # compiled code warns of nothing
        try:
            result = described(call(*arguments))
        except Exception as error:
            result = type(error), str(error)
    return result, described(arguments)


def check(function: Callable[..., Any], *arguments: Any, is_compiled: bool = True) -> None:
    """Assert that the task answers, and changes its arguments, as the function does."""
    submitted: Task[..., Any] = task(function)
    ours, pythons = copy.deepcopy(arguments), copy.deepcopy(arguments)
    got = outcome(lambda *values: submitted.submit(*values).result(60), *ours)
    assert got == outcome(function, *pythons)
    assert submitted.explain().compiled is is_compiled, str(submitted.explain())


def form(function: Callable[..., Any], *values: Any, **options: Any) -> CompiledTask:
    found = argument_types_for(function, values, name=function.__name__)
    return compiled(function, argument_types=found, **options)


# fmt: off
def items(a: Any, i: int) -> Any: return a[i]["x"], a["y"][i], a[-1]["n"], a[i]["up"], a["z"][i]
def iterated(a: Any) -> Any:
    total = 0.0
    for r in a:
        total += r["x"] * r["y"]
    return total
def shapes(a: Any) -> Any: return len(a), a.shape, a.size, a.ndim, a.itemsize, a[1:].nbytes
def length_of(r: Any) -> Any: return (r["x"] * r["x"] + r["y"] * r["y"]) ** 0.5, r["n"], r["up"]
def part(a: Any) -> Any: return a[1:4]
def put(r: Any, v: float) -> None: r["x"] = v
# fmt: on


def renamed(dtype: np.dtype[Any], **changes: Any) -> np.dtype[Any]:
    """Return the dtype spelled out, with some of its properties exchanged."""
    fields = dtype.fields or {}
    names = list(dtype.names or ())
    spelled: Any = {
        "names": names,
        "formats": [fields[name][0] for name in names],
        "offsets": [fields[name][1] for name in names],
        "itemsize": dtype.itemsize,
    }
    return np.dtype(spelled | changes)


OTHERS = {
    "names": renamed(PACKED, names=["x", "y", "m", "up", "z", "small"]),
    "order": renamed(PACKED, names=["y", "x", "n", "up", "z", "small"]),
    "format": renamed(PACKED, formats=["f8", "f8", "u8", "?", "c16", "i4"]),
    "byte order": renamed(PACKED, formats=["f8", ">f8", "i8", "?", "c16", "i4"]),
    "offset": renamed(SPARSE, offsets=[4, 16, 24, 40, 48, 64]),
    "itemsize": renamed(PACKED, itemsize=PACKED.itemsize + 8),
    "alignment": ALIGNED,
    "class": np.dtype((np.record, FIELDS)),
    "title": np.dtype([(("title", name), kind) for name, kind in FIELDS[:1]] + FIELDS[1:]),
    "metadata": np.dtype(PACKED, metadata={"unit": "m"}),
    "plain": np.dtype("f8"),
}
