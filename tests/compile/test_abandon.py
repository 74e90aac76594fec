"""Giving up a compilation: at whatever point, and nothing is left behind."""

from __future__ import annotations

import pytest
from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit.compile import Abandoned, loaded
from catzilla_jit.compile.cache import disk
from support.compile_harness import compiled, run


@pytest.fixture(autouse=True)
def cache(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(disk.VARIABLE, f"{tmp_path}/cache")
    loaded.known.clear()


def inner(n: int) -> int:
    return n + 1


def words(n: int) -> list[str]:
    return [f"{inner(k)}:{k:x}" for k in range(n)]


class Asked:
    """Says True this many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left >= 0


def test_compilation_that_is_given_up_at_any_point_can_be_made_later() -> None:
    for point in (0, 1, 2, 4, 8, 16, 32):  # what Numba has by then it does not compile again
        with pytest.raises(Abandoned):
            compiled(words, is_wanted=Asked(point))
        assert not global_compiler_lock.is_locked()
    task = compiled(words)
    assert not task.from_cache
    assert run(task, 3) == words(3)
