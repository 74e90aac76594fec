"""Make a pool, the native one or the pure-Python one where that cannot be; and let go of them."""

from __future__ import annotations

import logging

from ..errors import NativeUnavailable
from .native import library
from .protocol import Backend, PoolSettings


def make_backend(settings: PoolSettings) -> Backend:
    """Return a native pool, or the pure-Python one where that cannot be."""
    try:
        library.load()
    except NativeUnavailable as reason:
        logging.getLogger("catzilla_jit").info("%s", reason)
        from .pure_pool import PurePool

        return PurePool(settings)
    from .native_pool import NativePool

    return NativePool(settings)


def let_go() -> None:
    """The interpreter exits: pools that have ended refer to no function any more.

    Of the pure-Python pool its collector sees everything.
    """
    library.let_go()
