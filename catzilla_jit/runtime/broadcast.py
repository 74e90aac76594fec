"""The arrays of a map: broadcast, merged as far as their strides allow, and laid out.

Dimensions are merged as far as the strides allow; up to two remain, which the chunk function walks
without a copy of a broadcast argument. What needs more is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..pools.payload import SCALARS, Compiled, Unfit

Array = np.ndarray[Any, Any]


class UnfitArgument(Exception):
    """Mixed into the error for an array that the compiled task cannot take."""

    def plain(self) -> Exception:
        """Return the builtin exception that it is, for users."""
        kind = next(each for each in type(self).__mro__ if each in _UNFIT)
        return kind(*self.args)


class _UnfitType(UnfitArgument, TypeError):
    pass


class _UnfitValue(UnfitArgument, ValueError):
    pass


class _UnfitRange(UnfitArgument, OverflowError):
    pass


_UNFIT = {TypeError: _UnfitType, ValueError: _UnfitValue, OverflowError: _UnfitRange}


def unfit_argument(error: Unfit, text: str) -> UnfitArgument:
    """Return the error of the kind that `error` asks for."""
    return _UNFIT[error.kind](text)


def broadcast(name: str, parameters: Sequence[str], arrays: Sequence[Array]) -> tuple[int, ...]:
    """Return the common shape, or raise a ValueError that names the first odd argument."""
    shape: tuple[int, ...] = ()
    for parameter, array in zip(parameters, arrays, strict=True):
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            raise ValueError(
                f"task {name}: argument {parameter!r} of shape {array.shape} does not broadcast "
                f"against the shape {shape} of the arguments before it"
            ) from None
    return shape


def _merge(shape: tuple[int, ...], strides: list[tuple[int, ...]]) -> tuple[Any, Any]:
    """Merge neighbouring dimensions that every array walks with one stride."""
    dims: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if dims and all(
            step[-1] == stride[axis] * size for step, stride in zip(steps, strides, strict=True)
        ):
            dims[-1] *= size
            for step, stride in zip(steps, strides, strict=True):
                step[-1] = stride[axis]
        else:
            dims.append(size)
            for step, stride in zip(steps, strides, strict=True):
                step.append(stride[axis])
    return dims, steps


def _letter(stride: int, itemsize: int) -> str:
    if stride == itemsize:
        return "c"
    return "s" if stride == 0 else "v"


def lay_out(
    task: Compiled, arrays: Sequence[Array], out: Array
) -> tuple[str, tuple[tuple[Array, int, int], ...], int]:
    """Return the pattern, the spans (output first) and the inner length of a map."""
    views = [out, *(np.broadcast_to(array, out.shape) for array in arrays)]
    dims, steps = _merge(out.shape, [view.strides for view in views])
    if len(dims) > 2:
        views = [out, *(np.ascontiguousarray(view) for view in views[1:])]
        dims, steps = _merge(out.shape, [view.strides for view in views])
    inner = max(dims[-1], 1) if dims else 1
    spans = []
    letters = []
    for view, step in zip(views, steps, strict=True):
        inner_stride = step[-1] if step else view.itemsize
        outer_stride = step[0] if len(step) == 2 else inner_stride * inner
        letters.append(_letter(inner_stride, view.itemsize))
        spans.append((view, outer_stride, inner_stride))
    return "".join(letters), tuple(spans), inner


def _output(name: str, task: Compiled, shape: tuple[int, ...], out: Array | None) -> Array:
    dtype = SCALARS[task.result.code].dtype
    if dtype is None:
        if out is not None:
            raise ValueError(f"task {name}: it returns None, so there is nothing to put into out")
        return np.empty(shape, np.int8)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype or out.shape != shape:
        raise ValueError(
            f"task {name}: out must be an array of shape {shape} and type {dtype}, not "
            f"{getattr(out, 'shape', type(out).__name__)} {getattr(out, 'dtype', '')}"
        )
    if not out.flags.writeable or not out.flags.c_contiguous:
        raise ValueError(f"task {name}: out must be writeable and C-contiguous")
    return out


def missing(dtype: np.dtype[Any]) -> Any:
    """Return what stands for the value of a failed item: NaN where there is one, None, or zero."""
    if dtype.kind in "mM":
        return np.array("NaT", dtype)[()]
    if dtype.kind == "O":
        return None
    return np.nan if dtype.kind in "fc" else np.zeros((), dtype)[()]
