"""A compiled task, as the runtime sees it: addresses and layouts.

It owns the code. Numba never unloads machine code in this version, but nothing here relies on
that: whoever calls an address keeps the CompiledTask.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import threading
from typing import Any, NoReturn

from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys

from catzilla_jit.compile import chunk as chunks
from catzilla_jit.compile import raiser, ranges
from catzilla_jit.compile.kernel import Kernel
from catzilla_jit.compile.quiet import quiet
from catzilla_jit.compile.slots import Slot


class CompiledTask:
    """The machine code of one task for one signature."""

    __slots__ = (
        "_chunks", "_kernel", "_lock", "_ranges", "arguments", "compile_seconds", "entry",
        "from_cache", "interruptible", "name", "payload_size", "pure", "result", "signature",
    )  # fmt: skip

    def __init__(
        self,
        kernel: Kernel,
        *,
        name: str,
        signature: str,
        entry: int,
        payload_size: int,
        result: Slot,
        arguments: tuple[Slot, ...],
        compile_seconds: float,
        from_cache: bool,
        interruptible: bool,
        pure: bool,
        code_range: tuple[int, int] | None,
    ) -> None:
        self._kernel = kernel
        self._ranges = [] if code_range is None else [code_range]
        self._chunks: dict[str, tuple[int, Any]] = {}
        self._lock = threading.Lock()
        self.name = name
        self.signature = signature  # for people
        self.entry = entry  # address of `int32_t entry(void *payload, void **error)`
        self.payload_size = payload_size  # bytes
        self.result = result
        self.arguments = arguments
        self.compile_seconds = compile_seconds
        self.from_cache = from_cache
        self.interruptible = interruptible  # False when it may call back into Python
        self.pure = pure  # it may be run again as Python: nobody sees that it ran before

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
        """Return the address of the chunk function for `pattern` (see `chunk.py`); any thread.

        The first use of a pattern compiles it. Raises ValueError for what is no pattern.
        """
        chunks.check_pattern(pattern, len(self.arguments))
        known = self._chunks.get(pattern)
        if known is None:
            with global_compiler_lock, self._lock, quiet():
                known = self._chunks.get(pattern) or self._compile_chunk(pattern)
                self._chunks[pattern] = known
        return known[0]

    def _compile_chunk(self, pattern: str) -> tuple[int, Any]:
        kernel = self._kernel
        rtsys.initialize(kernel.context)
        symbol = f"cz_chunk.{pattern}.{kernel.symbol}"
        library = kernel.context.codegen().create_library(symbol)
        shared = kernel.library._get_module_for_linking()
        shared.get_function(kernel.symbol).add_function_attribute("alwaysinline")
        library.enable_object_caching()
        library.add_linking_library(kernel.library)
        module = library.create_ir_module(symbol)
        with kernel.context.push_code_library(library):
            chunks.write_chunk(kernel, pattern, module, symbol)
        library.add_ir_module(module)
        address = library.get_pointer_to_function(symbol)
        found = ranges.code_range(library._get_compiled_object(), symbol, address)
        self._ranges += [] if found is None else [found]
        return address, library

    def raise_error(self, status: int, error: int) -> NoReturn:
        """Raise the exception that `status` and `*error` describe: type, arguments, file and line.

        The calling thread holds the GIL. Raising a description that was made at run time frees
        it, so call this once per failed run and keep the exception.
        """
        raiser.raise_error(status, error)
