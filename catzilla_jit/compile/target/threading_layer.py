"""A threading layer of ours for functions that Numba compiles with parallel=True.

Numba takes one of three modules of its own, once per process, and has no way to name another. What
it does then (`_launch_threads` in numba.np.ufunc.parallel) is done here with other functions: those
of an open loop (native/src/open_loop.c), and for the division of an iteration space Numba's own.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,attr-defined"

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import llvmlite.binding as llvm
import numba  # noqa: F401 -- the whole before its parts
from numba.np.ufunc import parallel as _parallel
from numba.np.ufunc import workqueue

parallel: Any = _parallel

#: What Numba calls a function, and the library: names with what they stand for.
OURS = {
    "parallel_for": "cz_open_loop_run",
    "get_num_threads": "cz_open_loop_threads",
    "set_num_threads": "cz_open_loop_set_threads",
    "get_thread_id": "cz_open_loop_slot",
    "get_parallel_chunksize": "cz_open_loop_chunk",
    "set_parallel_chunksize": "cz_open_loop_set_chunk",
    "get_sched_size": "cz_open_loop_divisions",
}
#: They divide iterations among threads, and start none.
NUMBAS = ("do_scheduling_signed", "do_scheduling_unsigned", "allocate_sched", "deallocate_sched")
#: How many threads run a loop unless told otherwise.
THREADS: int = parallel.NUM_THREADS


def use_layer(name: str, addresses: Mapping[str, int]) -> None:
    """Have Numba use the functions at these addresses, by the library's names, as its layer.

    Nothing if that was done before. RuntimeError if Numba uses another one already.
    """
    if parallel._backend_init_process_lock is None:
        parallel._set_init_process_lock()
    with parallel._backend_init_process_lock, parallel._backend_init_thread_lock:
        if parallel._is_initialized:
            if parallel._threading_layer == name:
                return
            raise RuntimeError(
                f"Numba uses its threading layer {parallel._threading_layer!r} already: install "
                "ours before a function with parallel=True is compiled"
            )
        layer = types.SimpleNamespace(
            **{numbas: addresses[ours] for numbas, ours in OURS.items()},
            **{each: getattr(workqueue, each) for each in NUMBAS},
        )
        llvm.add_symbol("numba_parallel_for", layer.parallel_for)
        for each in NUMBAS:
            llvm.add_symbol(each, getattr(layer, each))
        parallel._load_threading_functions(layer)
        parallel._threading_layer = name
        parallel._is_initialized = True
