"""A Jupyter kernel that runs this interpreter with jemalloc preloaded.

A kernel spec is a directory with a kernel.json. Jupyter itself is not needed to write one;
ipykernel is needed in this interpreter to start it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .. import jemalloc

KERNEL_NAME = "catzilla-jit"


def user_data_directory() -> Path:
    """Return where Jupyter looks for the user's own kernels."""
    if directory := os.environ.get("JUPYTER_DATA_DIR"):
        return Path(directory)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter"
    share = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(share, "jupyter")


def prefix_data_directory(prefix: str) -> Path:
    """Return where a Jupyter installed under this prefix looks for kernels."""
    return Path(prefix, "share", "jupyter")


def kernel_spec(library: str) -> dict[str, Any]:
    """Return the content of kernel.json; `library` is the path of jemalloc."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Python {version} (catzilla_jit, jemalloc)",
        "language": "python",
        "env": {"LD_PRELOAD": library, "MALLOC_CONF": jemalloc.SETTINGS},
        "metadata": {"debugger": True},
    }


def install(data_directory: Path, library: str, name: str = KERNEL_NAME) -> Path:
    """Write the kernel spec, over one of the same name; return its directory.

    Raises OSError where it cannot be written.
    """
    directory = data_directory / "kernels" / name
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kernel_spec(library), indent=1)
    (directory / "kernel.json").write_text(text + "\n", encoding="utf-8")
    return directory
