"""Libraries that an integration is for: who uses it without them is told what to install."""

from __future__ import annotations

import importlib
from typing import Any


def library(module: str, extra: str) -> Any:
    """Return an outside module; ImportError names the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"catzilla_jit.integrations.{extra} needs {module.partition('.')[0]}, which cannot be "
            f"imported ({error}): pip install 'catzilla_jit[{extra}]'"
        ) from error
