"""The compiled code of one task, called through ctypes.

The payload is packed by pools/payload.py's table for scalars, and by the compile stage's own
functions for everything else; those need the GIL, the entry does not.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...guard import holds
from .. import payload as layout
from ..payload import SCALARS, Compiled, SlotLike
from ..protocol import Guards, Settle
from .call import Call
from .interrupt import call_shielded

_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
_PACK = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.py_object, ctypes.c_void_p)
_UNPACK = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)
_RELEASE = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)


class Code:
    """Packs arguments, calls the entry, settles failures."""

    def __init__(self, task: Compiled, settle: Settle, guards: Guards, strict: bool) -> None:
        self._guards = guards
        self._takes = layout.is_exactly if strict else layout.counts_as
        self._entry = _ENTRY(task.entry)
        self._task = task  # owns the code at that address
        self._settle = settle
        self._words = -(-task.payload_size // 8) or 1

    def call(self, args: Sequence[Any], kwargs: dict[str, Any]) -> Call | None:
        """Return the call with these arguments, None if they do not fit exactly."""
        slots = self._task.arguments
        if kwargs or len(args) != len(slots) or not all(map(holds, self._guards)):
            return None
        try:
            for slot, value in zip(slots, args, strict=True):
                if slot.code == "O":
                    # Whether it fits: the arguments themselves are packed when they are needed.
                    self._release(slot, self._pack(slot, value, self._payload()))
                elif not self._takes(slot, value):
                    return None
                else:
                    layout.exact(slot.code, value)
        except Exception:
            return None
        # Shielded: what settles it may run Python code again, which alone may be hit.
        return functools.partial(call_shielded, self._run, tuple(map(_as_submitted, args)))

    def answer(self, args: Sequence[Any]) -> tuple[bool, Any]:
        """Call the code here and now: whether it has an answer to these arguments, and which."""
        slots = self._task.arguments
        if len(args) != len(slots) or not all(map(holds, self._guards)):
            return False, None
        payload, error = self._payload(), ctypes.c_void_p()
        packed: list[SlotLike] = []
        try:
            try:
                for slot, value in zip(slots, args, strict=True):
                    if slot.code != "O" and not self._takes(slot, value):
                        return False, None
                    self._pack(slot, value, payload)
                    packed.append(slot)
            except Exception:  # they do not fit
                return False, None
            status = self._entry(ctypes.addressof(payload), ctypes.byref(error))
            if status == 0:
                return True, self._load(payload)
        finally:
            for slot in packed:
                self._release(slot, payload)
        with contextlib.suppress(BaseException):
            self._task.raise_error(status, error.value or 0)  # which frees the description
        return False, None

    def _payload(self) -> ctypes.Array[ctypes.c_uint64]:
        return (ctypes.c_uint64 * self._words)()

    def _pack(self, slot: SlotLike, value: Any, payload: Any) -> Any:
        if slot.code == "O":
            _PACK(slot.pack)(value, ctypes.addressof(payload) + slot.offset)
        elif (view := _view(payload, slot)) is not None:
            view[0] = layout.exact(slot.code, value)
        return payload

    def _release(self, slot: SlotLike, payload: Any) -> None:
        if slot.code == "O":
            _RELEASE(slot.release)(ctypes.addressof(payload) + slot.offset)

    def _load(self, payload: Any) -> Any:
        slot = self._task.result
        if slot.code == "O":
            return _UNPACK(slot.unpack)(ctypes.addressof(payload) + slot.offset)
        view = _view(payload, slot)
        if view is None:
            return None
        return view[0] if slot.numpy else view[0].item()

    def _run(self, args: tuple[Any, ...]) -> Any:
        payload, error = self._payload(), ctypes.c_void_p()
        packed: list[SlotLike] = []
        try:
            for slot, value in zip(self._task.arguments, args, strict=True):
                self._pack(slot, value, payload)
                packed.append(slot)
            status = self._entry(ctypes.addressof(payload), ctypes.byref(error))
            if status == 0:
                return self._load(payload)
            failed, outcome = self._settle(status, error.value or 0, args)
        finally:
            for slot in packed:
                self._release(slot, payload)
        if failed:
            raise outcome
        return outcome


def _as_submitted(value: Any) -> Any:
    """Return what the task is to read: lists and dicts as they are now, as `pack` copies them."""
    if type(value) is list:
        return [_as_submitted(item) for item in value]
    if type(value) is dict:
        return {key: _as_submitted(item) for key, item in value.items()}
    return tuple(map(_as_submitted, value)) if type(value) is tuple else value


def _view(payload: Any, slot: SlotLike) -> np.ndarray[Any, Any] | None:
    dtype = SCALARS[slot.code].dtype
    return None if dtype is None else np.frombuffer(payload, dtype, 1, slot.offset)
