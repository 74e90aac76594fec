"""Order between tasks and tests without sleeping: pipes, which compiled code can use too.

`hold` and `note` are task functions; they call libc, which lets go of the GIL in Python tasks and
needs none in compiled ones.
"""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None)
_read, _write = _libc.read, _libc.write
for _function in (_read, _write):
    _function.argtypes = (ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t)
    _function.restype = ctypes.c_ssize_t
_bytes = ctypes.create_string_buffer(bytes(range(256)), 256)
_room = ctypes.create_string_buffer(64)
BYTES, ROOM = ctypes.addressof(_bytes), ctypes.addressof(_room)


def hold(started: int, opened: int, room: int, answer: int) -> int:
    """Say that it runs, wait for a byte, return `answer`."""
    _write(started, room, 1)
    _read(opened, room, 1)
    return answer


def note(pipe: int, byte: int) -> int:
    """Write down the byte at this address."""
    return _write(pipe, byte, 1)


class Gate:
    """Holds tasks until it is opened: gate.hold(task) submits one and returns when it runs."""

    def __init__(self) -> None:
        self._started, self._start = os.pipe()
        self._opened, self._open = os.pipe()
        self._inside = 0

    def submit(self, task, answer=0):
        """Submit `hold` so that it waits for this gate."""
        self._inside += 1
        return task.submit(self._start, self._opened, ROOM, answer)

    def entered(self):
        """Return when one more task runs."""
        os.read(self._started, 1)

    def hold(self, task, answer=0):
        """Submit `hold` and return its result when it runs."""
        result = self.submit(task, answer)
        self.entered()
        return result

    def open(self):
        """Let go all that were submitted."""
        os.write(self._open, b"x" * self._inside)
        self._inside = 0

    def close(self):
        self.open()
        for end in (self._opened, self._open, self._started, self._start):
            os.close(end)


class Notes:
    """What tasks have written down, in order: notes.submit(task, 7), notes.take(1) == [7]."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def arguments(self, number):
        """Return the arguments of `note` that write this number, 0 to 255."""
        return self._write, BYTES + number

    def submit(self, task, number):
        return task.submit(*self.arguments(number))

    def take(self, count):
        """Wait for so many notes."""
        found = b""
        while len(found) < count:
            found += os.read(self._read, count - len(found))
        return list(found)

    def close(self):
        os.close(self._read)
        os.close(self._write)
