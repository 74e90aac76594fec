"""What compiles, and for which processor: code of another installation is not used.

Found without the import of Numba, because a process that loads all its tasks from the cache does
without it.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import pathlib
import platform
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy

from catzilla_jit import importing

#: Settings of Numba's that make no other code.
NO_MATTER = {
    "NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER", "NUMBA_DISABLE_JIT",
    "NUMBA_DISABLE_PERFORMANCE_WARNINGS", "NUMBA_WARNINGS", "NUMBA_COLOR_SCHEME",
}  # fmt: skip
#: Numba reads its settings from this file, too, in the working directory.
SETTINGS = ".numba_config.yaml"


@functools.cache
def installation() -> str:
    """Return what compiles, and for which processor."""
    own = hashlib.sha256()
    stage = pathlib.Path(__file__).parents[1]
    for path in sorted(stage.rglob("*.py")):
        own.update(str(path.relative_to(stage)).encode() + b"\0")
        own.update(path.read_bytes())
    versions = (platform.python_version(), numba_version(), llvmlite.__version__)
    return repr((versions, numpy.__version__, processor(), settings(), own.hexdigest()))


def numba_version() -> str:
    """Return what tells one version of Numba from another; imports nothing of it."""
    found = importlib.util.find_spec("numba")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("Numba is not installed")
    file = pathlib.Path(found.origin).with_name("_version.py")
    if file.exists():
        return hashlib.sha256(file.read_bytes()).hexdigest()
    return importlib.import_module("numba").__version__


def processor() -> tuple[str, str, str]:
    """Return the triple, the name and the features of the processor, as LLVM names them."""
    return (
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )


def settings() -> tuple[tuple[str, str], ...]:
    """Return what the user has set of Numba's settings, as far as it can change the code."""
    chosen = [
        (name, value)
        for name, value in sorted(os.environ.items())
        if name.startswith("NUMBA_") and name not in NO_MATTER
    ]
    with contextlib.suppress(OSError):  # nearly nobody has one
        chosen.append((SETTINGS, pathlib.Path(SETTINGS).read_text("utf-8", "replace")))
    return tuple(chosen)


def is_set_in_code() -> bool:
    """Tell whether the program has chosen a processor through Numba's `config` module."""
    config: Any = importing.imported("numba.core.config")
    if config is None or os.path.exists(SETTINGS):
        return False
    name, features = (os.environ.get(f"NUMBA_CPU_{part}") for part in ("NAME", "FEATURES"))
    if features is None and (name or "").lower() == "generic":
        features = ""  # as Numba does
    return (name, features) != (config.CPU_NAME, config.CPU_FEATURES)
