"""A function of a library that is inlined wherever it is called.

llvmlite on LLVM 20 writes an attribute of a function to its return value, where LLVM refuses this
one. There LLVM decides by itself what it inlines: the answers are the same.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from typing import Any

from llvmlite import binding

_FIRST = 22  # version of LLVM


def always_inline(module: Any, symbol: str) -> None:
    """Have a parsed module's function inlined."""
    if binding.llvm_version_info[0] >= _FIRST:
        module.get_function(symbol).add_function_attribute("alwaysinline")
