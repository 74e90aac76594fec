"""A few programs of loops.py; hours of it are for a free machine."""

from __future__ import annotations

import pytest

from catzilla_jit.pools.native import library
from differential.loops import Hunt


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers share loops")
def test_random_loops_give_what_their_blocks_give_in_order(tmp_path):
    hunt = Hunt(5, tmp_path)
    for number in range(2):
        hunt.one(number)
    for runtime in hunt.runtimes:
        runtime.shutdown(timeout=60)
    assert hunt.compiled >= 1
    assert hunt.finds == 0
