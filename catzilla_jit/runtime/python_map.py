"""Maps of tasks that run as Python: their arguments, and the array that comes of their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import TaskCancelled, TaskTimeout
from ..pools.payload import is_foreign
from ..pools.protocol import Backend, Items, Submitter
from ..pools.result_type import add_type
from .batch import BatchResult
from .broadcast import Array, broadcast, missing
from .python_batch import PythonBatch

_NUMBERS = (bool, int, float, complex, np.generic)


class PythonBatchResult(BatchResult[Any]):
    """A BatchResult whose array is made of the values at the end."""

    __slots__ = ("_batch", "_shape", "_target")

    def __init__(
        self,
        backend: Backend,
        name: str,
        batch: PythonBatch,
        shape: tuple[int, ...],
        out: Any,
        progress: bool,
    ) -> None:
        super().__init__(
            backend, name, batch, None, len(batch.values), batch.settle, progress,
            number=batch.number,
        )  # fmt: skip
        self._batch = batch
        self._shape = shape
        self._target = out

    def wait(self, timeout: float | None = None) -> Any:
        try:
            super().wait(timeout)
        except (TaskCancelled, TaskTimeout):
            self._keep_completed()
            raise
        if self._out is None:
            self._out = self._gather()
        return self._out

    result = wait

    def _keep_completed(self) -> None:
        _, end = self.completed_range
        if self._target is not None:
            self._target.flat[:end] = self._batch.values[:end]

    def _gather(self) -> Array:
        failed = [index for index, _, _ in self._batch.failures()]
        values = self._batch.values
        if failed:
            values = self._without_gaps(values, failed)
        if self._target is not None:
            self._target[...] = np.array(values).reshape(self._shape)
            return self._target  # type: ignore[no-any-return]
        if all(isinstance(value, _NUMBERS) for value in values):
            return np.array(values).reshape(self._shape)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array.reshape(self._shape)

    def _without_gaps(self, values: list[Any], failed: list[int]) -> list[Any]:
        """Return the values with `missing` at failed items, if the others are numbers."""
        gaps = set(failed)
        others = [value for index, value in enumerate(values) if index not in gaps]
        if self._target is not None:
            blank = missing(self._target.dtype)
        elif all(isinstance(value, _NUMBERS) for value in others):
            blank = missing(np.array(others).dtype)  # of no others: float
        else:
            return values
        return [blank if index in gaps else value for index, value in enumerate(values)]


add_type(PythonBatchResult)


def _as_array(value: Any, where: str) -> Array:
    """Return an array of the elements; what is no array, list or tuple is one element."""
    if isinstance(value, (np.ndarray, list, tuple, range)):
        try:
            array = np.asarray(value)
            if array.dtype.kind in "SU" and not isinstance(value, np.ndarray):
                return np.asarray(value, dtype=object)  # else a NUL at the end of an item is lost
        except ValueError as error:
            raise ValueError(
                f"{where} holds items of several lengths; if one call takes one of them, hint "
                "the parameter as an array, a list or a tuple"
            ) from error
        return _records(array, value) if array.dtype.names else array
    single = np.empty((), dtype=object)
    single[()] = value
    return single


def _records(array: Array, value: Any) -> Array:
    """Return the items of a structured array as objects: each is a view, which may be written to.

    A list of records has copies of them as an array; the calls get those of the list.
    """
    source = value if type(value) in (list, tuple) and array.ndim == 1 else array
    records = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        records[index] = source[index if source is array else index[0]]
    return records


def _column(array: Array, shape: tuple[int, ...]) -> Any:
    # tolist: the function gets Python numbers, as in a loop over a list. Those of other types
    # stay NumPy's, as in one submission for each: they are computed with otherwise.
    flat = np.broadcast_to(array, shape).ravel()
    return list(flat) if is_foreign(flat.dtype) else flat.tolist()


def submit_python(
    backend: Backend,
    submitter: Submitter,
    function: Callable[..., Any],
    name: str,
    parameters: Sequence[str],
    values: Sequence[Any],
    *,
    out: Array | None,
    collect: bool,
    workers: int,
    progress: bool,
    count: Callable[[Items], None],
) -> BatchResult[Any]:
    """Queue a map of a Python task.

    `submitter` runs the callable that it is given; `count` is told what that has run.
    """
    arrays = [
        _as_array(value, f"task {name}: argument {parameter!r}")
        for parameter, value in zip(parameters, values, strict=True)
    ]
    shape = broadcast(name, parameters, arrays)
    if out is not None and out.shape != shape:
        raise ValueError(f"task {name}: out must have the shape {shape}, not {out.shape}")
    columns = [_column(array, shape) for array in arrays]
    length = int(np.prod(shape, dtype=np.int64))
    batch = PythonBatch(function, columns, length, collect, count, name)
    batch.start(submitter, workers)
    return PythonBatchResult(backend, name, batch, shape, out, progress)
