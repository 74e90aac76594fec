"""Calls an entry or a chunk function the way the runtime does, through ctypes."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy

from catzilla_jit.compile import CompiledTask, Slot, compile_task

ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
CHUNK = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_void_p,
    ctypes.c_void_p,
)
PACK = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.py_object, ctypes.c_void_p)
UNPACK = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)
RELEASE = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
COMPLEX = {"F": "ff", "D": "dd"}


class Span(ctypes.Structure):
    """`struct cz_span`."""

    _fields_ = (
        ("base", ctypes.c_void_p),
        ("outer_stride", ctypes.c_int64),
        ("inner_stride", ctypes.c_int64),
    )


def compiled(function: Any, **options: Any) -> CompiledTask:
    """Compile under the function's own name."""
    return compile_task(function, name=function.__name__, **options)


def status_of(task: CompiledTask, *arguments: Any) -> tuple[int, int, Any]:
    """Run the entry; return its status, the error's address and the result."""
    payload = ctypes.create_string_buffer(max(task.payload_size, 8))
    for slot, argument in zip(task.arguments, arguments, strict=True):
        _pack(slot, payload, argument)
    error = ctypes.c_void_p()
    status = ENTRY(task.entry)(ctypes.addressof(payload), ctypes.addressof(error))
    for slot in task.arguments:
        if slot.code == "O":
            RELEASE(slot.release)(ctypes.addressof(payload) + slot.offset)
    return status, error.value or 0, None if status else _unpack(task.result, payload)


def run(task: CompiledTask, *arguments: Any) -> Any:
    """Run the entry; return the result or raise what it raised."""
    status, error, result = status_of(task, *arguments)
    if status:
        task.raise_error(status, error)
    return result


def run_chunk(
    task: CompiledTask,
    pattern: str,
    out: numpy.ndarray[Any, Any],
    *arrays: numpy.ndarray[Any, Any],
    inner: int | None = None,
    begin: int = 0,
    end: int | None = None,
) -> tuple[int, int, int]:
    """Run a chunk over arrays of one or two dimensions; return status, failed index, error."""
    spans = (Span * (len(arrays) + 1))()
    for span, array in zip(spans, (out, *arrays), strict=True):
        strides = (0, 0, *array.strides)[-2:]
        span.base, span.outer_stride, span.inner_stride = array.ctypes.data, *strides
    failed, error = ctypes.c_int64(-1), ctypes.c_void_p()
    status = CHUNK(task.chunk(pattern))(
        ctypes.addressof(spans),
        inner or out.shape[-1],
        begin,
        out.size if end is None else end,
        ctypes.addressof(failed),
        ctypes.addressof(error),
    )
    return status, failed.value, error.value or 0


def _pack(slot: Slot, payload: Any, value: Any) -> None:
    if slot.code == "O":
        PACK(slot.pack)(value, ctypes.addressof(payload) + slot.offset)
    elif slot.code in COMPLEX:
        struct.pack_into(COMPLEX[slot.code], payload, slot.offset, value.real, value.imag)
    elif slot.code != "n":
        struct.pack_into(slot.code, payload, slot.offset, value)


def _unpack(slot: Slot, payload: Any) -> Any:
    if slot.code == "n":
        return None
    if slot.code == "O":
        return UNPACK(slot.unpack)(ctypes.addressof(payload) + slot.offset)
    if slot.code in COMPLEX:
        return complex(*struct.unpack_from(COMPLEX[slot.code], payload, slot.offset))
    return struct.unpack_from(slot.code, payload, slot.offset)[0]
