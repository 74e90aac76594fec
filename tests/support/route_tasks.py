"""What the tests of the routes submit, and the header that control asks for."""

from __future__ import annotations

import contextlib

CONTROL = {"x-catzilla-jit": "1"}


def double(x: int) -> int:
    return 2 * x


def fails(text):
    raise ValueError(text)


async def ended(result):
    with contextlib.suppress(Exception):
        await result
