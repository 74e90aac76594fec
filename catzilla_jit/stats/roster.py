"""The roster of a runtime: which tasks are registered with it, and what became of each.

One JSON document, published beside the statistics segment as a memfd that processes of the
same user find under /proc/PID/fd. A document never changes: it is sealed against writing, and
a newer one takes its place, so a reader sees one of them whole. It is bounded: what does not
fit is counted in "more". Written when a task is registered with a started runtime and when a
compilation has ended, never by a submission. Without memfd there is no roster.

What is read may come from anywhere that bears the name, so `parse` checks it field by field.

No NumPy here, nor anything that imports it: the command line reads with this module.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import mmap
import os
import threading
import time
from collections.abc import Iterable
from typing import Any, Protocol

from . import memfd
from .segment import Damaged, clean

NAME = "catzilla_jit_tasks"
VERSION = 1
MOST_BYTES = 1 << 18
MOST_CHARACTERS = 400  # of a text
COMPILED, PYTHON, WAITING = STATES = ("compiled", "python", "not compiled yet")

_HEAD_BYTES = 200
_FEW = 64  # tasks: a document about them takes no time to speak of
_REST = 4  # times what a longer document took, before the next


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A registered task. state: one of STATES.

    reason: why it is not compiled, or not yet; empty for a compiled one. line, file: where the
    reason is in the source.
    """

    name: str
    state: str
    signature: str | None = None
    reason: str = ""
    line: int | None = None
    file: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A roster as it was read."""

    pid: int
    runtime: int
    sequence: int
    more: int  # tasks that had no room
    tasks: tuple[Entry, ...]


class Listed(Protocol):
    """What a roster asks of a task; equal keys are one line of it."""

    @property
    def roster_key(self) -> object: ...

    def roster_entry(self) -> Entry: ...


class Registered(Protocol):
    """Where the tasks of a runtime are registered (runtime/warmup.py)."""

    def tasks(self) -> list[Any]: ...


def _as_python(entry: Entry) -> Entry:
    """Return the entry of a task in the roster of a runtime that compiles nothing."""
    if entry.state == PYTHON:
        return entry
    return Entry(entry.name, PYTHON, reason="enable_c_compilation=False of its runtime")


class Roster:
    """The published document of one runtime; any thread may refresh it.

    A document names all tasks, so writing one for each of many registrations would take time
    quadratic in their number. So one that took long is not followed by the next at once: then a
    thread, which ends again, writes what has changed meanwhile.
    """

    def __init__(self, runtime: int, registry: Registered, compiles: bool) -> None:
        # constant
        self._runtime = runtime  # its number in the process
        self._registry = registry
        self._compiles = compiles
        self._lock = threading.RLock()  # a signal's handler may register tasks
        self._stale = False  # something has changed since the last document was begun
        self._thread: threading.Thread | None = None  # that is to write the next one
        # guarded by the lock
        self._sequence = 0
        self._rests_until = 0.0
        self._memory: mmap.mmap | None = None

    def refresh(self) -> None:
        """Publish what the tasks say now in place of the last document; few tasks at once."""
        self._stale = True
        if time.monotonic() >= self._rests_until:
            self._write()
        elif self._thread is None:
            thread = threading.Thread(target=self._write_later, name="cz-roster", daemon=True)
            self._thread = thread
            try:
                thread.start()
            except RuntimeError:  # none can be started any more
                self._thread = None
                self._write()

    def _write_later(self) -> None:
        while self._is_stale():
            time.sleep(max(0.0, self._rests_until - time.monotonic()))
            self._write()
            if not self._is_stale():
                self._thread = None  # then look again: somebody may have relied on this thread

    def _is_stale(self) -> bool:
        return self._stale

    def _write(self) -> None:
        with self._lock:
            began = time.monotonic()
            self._stale = False
            number = self._sequence + 1
            entries = self._entries()
            data = encode(self._runtime, number, entries)
            if self._sequence >= number:
                return  # a handler has come in between, and published what is newer
            self._sequence = number
            # Where the system refuses, the last one must not be taken for true.
            self._memory = None
            with contextlib.suppress(AttributeError, OSError):
                self._memory = memfd.publish(NAME, data)
            if len(entries) > _FEW:
                now = time.monotonic()
                self._rests_until = now + _REST * (now - began)

    def _entries(self) -> list[Entry]:
        once: dict[object, Listed] = {task.roster_key: task for task in self._registry.tasks()}
        entries = [task.roster_entry() for task in once.values()]
        if not self._compiles:
            entries = list(map(_as_python, entries))
        return sorted(entries, key=lambda entry: entry.name)


def encode(runtime: int, sequence: int, entries: Iterable[Entry]) -> bytes:
    """Return the document, of at most MOST_BYTES."""
    texts: list[str] = []
    size, more = _HEAD_BYTES, 0
    for entry in entries:
        if more:
            more += 1
            continue
        text = json.dumps({name: _cut(value) for name, value in dataclasses.asdict(entry).items()})
        if size + len(text) + 1 > MOST_BYTES:
            more += 1
        else:
            texts.append(text)
            size += len(text) + 1
    numbers = {"version": VERSION, "pid": os.getpid(), "runtime": runtime, "sequence": sequence}
    head = json.dumps({**numbers, "more": more})
    return f'{head[:-1]}, "tasks": [{",".join(texts)}]}}'.encode("ascii")


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return value[: MOST_CHARACTERS - 1] + "…"
    return value


# --- the reader's side ----------------------------------------------------------------------


def parse(data: bytes) -> Document:
    """Return the document in these bytes; Damaged, which says why, if they hold none."""
    if len(data) > MOST_BYTES:
        raise Damaged("it is too long")
    try:
        found = json.loads(data, parse_int=_integer, parse_constant=_nothing, parse_float=_nothing)
    except (ValueError, RecursionError):
        raise Damaged("it is no JSON document of this kind") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise Damaged("it has another version")
    tasks = found.get("tasks")
    if not isinstance(tasks, list):
        raise Damaged("it has no tasks")
    pid, runtime, sequence, more = (
        _number(found.get(name)) for name in ("pid", "runtime", "sequence", "more")
    )
    return Document(pid, runtime, sequence, more, tuple(map(_entry, tasks)))


def _integer(digits: str) -> int:
    if len(digits) > 18:  # Python takes time, quadratic in the digits
        raise ValueError("a number is too long")
    return int(digits)


def _nothing(_text: str) -> None:
    return None


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise Damaged("a number is none")
    return value


def _entry(value: object) -> Entry:
    if not isinstance(value, dict):
        raise Damaged("a task is none")
    state = value.get("state")
    if state not in STATES:
        raise Damaged("a task is in no known state")
    signature, line = value.get("signature"), value.get("line")
    return Entry(
        _text(value.get("name")),
        state,
        None if signature is None else _text(signature),
        _text(value.get("reason")),
        None if line is None else _number(line),
        _text(value.get("file")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise Damaged("a text is none")
    return clean(value.encode("utf-8", "replace"))
