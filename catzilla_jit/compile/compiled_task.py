"""A compiled task, as the runtime sees it: addresses and layouts.

It owns the code. Nothing unloads machine code in this version, but nothing here relies on that:
whoever calls an address keeps the CompiledTask. Numba is imported when something is left to be
compiled (a chunk function that is not in the cache).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from catzilla_jit.compile.backend import loader
from catzilla_jit.compile.backend.elf import code_range
from catzilla_jit.compile.cache import saved_task
from catzilla_jit.compile.cache.saved_task import Facts
from catzilla_jit.compile.slots import Slot
from catzilla_jit.compile.with_numba import import_numba

if TYPE_CHECKING:
    from catzilla_jit.compile.backend.kernel import Kernel


class CompiledTask:
    """The machine code of one task for one signature."""

    __slots__ = (
        "_chunks", "_digest", "_kernel", "_ranges", "arguments", "compile_seconds", "entry",
        "evaluations", "from_cache", "interruptible", "loops", "name", "overwritten",
        "payload_size", "pure", "repeatable", "result", "signature",
    )  # fmt: skip

    def __init__(
        self,
        facts: Facts,
        slots: tuple[Slot, ...],
        entry: int,
        object_code: bytes,
        kernel: Callable[[], Kernel],
        *,
        name: str,
        digest: str | None,
        compile_seconds: float,
        from_cache: bool,
    ) -> None:
        """Describe code that is loaded.

        slots: those of the facts, with their addresses. kernel: gives the kernel to who holds
        Numba's lock. digest: under which the task is saved, None if it is not.
        """
        self._kernel = kernel
        self._digest = digest
        self._chunks: dict[str, tuple[int, Any]] = {}
        self._ranges: list[tuple[int, int]] = []
        self._note_range(object_code, facts.entry, entry)
        self.name = name
        self.signature = facts.signature  # for people
        self.entry = entry  # address of `int32_t entry(void *payload, void **error)`
        self.payload_size = facts.payload_size  # bytes
        self.result = slots[0]
        self.arguments = slots[1:]
        self.compile_seconds = compile_seconds
        self.from_cache = from_cache
        self.interruptible = facts.interruptible  # False when it may call back into Python
        self.evaluations = facts.evaluations  # how its array expressions run
        self.loops = facts.loops  # those that run in parallel: line, and names of the sums
        self.pure = facts.pure  # nobody sees that it has run
        #: It may be run again as Python, if the arrays that it overwrites share no memory.
        self.repeatable = facts.repeatable
        self.overwritten = facts.overwritten  # numbers of arguments

    @property
    def code_ranges(self) -> tuple[tuple[int, int], ...]:
        """Start and size in bytes of the task's machine code: the entry's, then each chunk's.

        The list grows when a chunk function is made. Code of Numba's own that it calls may lie
        elsewhere.
        """
        return tuple(self._ranges)

    def __repr__(self) -> str:
        return f"<CompiledTask {self.name}{self.signature}>"

    def chunk(self, pattern: str) -> int:
        """Return the address of the chunk function for `pattern` (see `backend/chunk.py`); any
        thread.

        The first use of a pattern loads it from the cache or compiles it. Raises ValueError for
        what is no pattern.
        """
        spans = len(self.arguments) + 1
        if len(pattern) != spans or set(pattern) - set("csv"):
            raise ValueError(f"a pattern here is {spans} letters of c, s, v; not {pattern!r}")
        if pattern not in self._chunks and not self._load_chunk(pattern):
            self._make_chunk(pattern)
        return self._chunks[pattern][0]

    def known_chunk(self, pattern: str) -> int | None:
        """Return the address of the chunk function if there is one by now."""
        known = self._chunks.get(pattern)
        return None if known is None else known[0]

    def _load_chunk(self, pattern: str) -> bool:
        """Load a chunk function from the cache if that needs nothing of Numba's."""
        found = saved_task.read_chunk(self._digest, pattern) if self._digest is not None else None
        if found is None or not loader.is_plain(found.object_code):
            return False
        with loader.LOCK:
            if pattern not in self._chunks:
                address = loader.load(found.object_code, [found.symbol], {})[found.symbol]
                self._note_range(found.object_code, found.symbol, address)
                self._chunks[pattern] = address, None
        return True

    def _make_chunk(self, pattern: str) -> None:
        import_numba()
        from catzilla_jit.compile.cache.chunks import obtain
        from catzilla_jit.compile.target.compiler_lock import compiler

        with compiler():
            if pattern not in self._chunks:
                symbol, address, library, code = obtain(self._kernel(), pattern, self._digest)
                self._note_range(code, symbol, address)
                self._chunks[pattern] = address, library

    def _note_range(self, object_code: bytes, symbol: str, address: int) -> None:
        found = code_range(object_code, symbol, address)
        if found is not None:
            self._ranges.append(found)

    def raise_error(self, status: int, error: int) -> NoReturn:
        """Raise the exception that `status` and `*error` describe: type, arguments, file and line.

        The calling thread holds the GIL. Raising a description that was made at run time frees
        it, so call this once per failed run and keep the exception.
        """
        from catzilla_jit.compile.backend import raise_error

        raise_error.raise_error(status, error)
