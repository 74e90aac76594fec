"""Numba's parallel functions on the workers of a runtime.

    from catzilla_jit.integrations import numba_threads

    numba_threads.install()

From then on loops over `prange`, and array expressions, of plain `@njit(parallel=True)` functions
run on the thread that calls and on the runtime's idle native workers. Calls from several threads
and nested ones are safe; a worker leaves for a task that is queued. Sums are added as Numba adds
them: per thread, so their last digits may differ from run to run (those of `@task(parallel=True)`
do not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..tasks.default import get_runtime

if TYPE_CHECKING:
    from ..tasks.runtime import Runtime

NAME = "catzilla_jit"


def install(runtime: Runtime | None = None) -> None:
    """Become Numba's threading layer, on a runtime's workers; `numba.threading_layer()` names it.

    runtime: which, by default the default one, which is started. When it is shut down loops run on
    the threads that call. A second call moves to another runtime. RuntimeError where Numba has
    chosen a layer before (it does when it first compiles such a function), and where the native
    libraries are missing.
    """
    from ..compile import THREADS, use_layer

    backend = (runtime if runtime is not None else get_runtime()).start()
    addresses = backend.open_loops(THREADS)
    if addresses is None:
        raise RuntimeError("numba_threads.install: the runtime has no native workers")
    use_layer(NAME, addresses)
