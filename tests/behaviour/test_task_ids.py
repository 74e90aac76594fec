"""Ids of submissions: unlike each other, not to be guessed, made when they are read."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import ResultGone
from catzilla_jit.pools import task_ids


def double(x: float) -> float:
    return 2.0 * x


def test_id_is_the_name_and_32_digits(make: Callable[..., Any]) -> None:
    name, _, digits = make(double).submit(1.0).task_id.rpartition("-")
    assert name == "double"
    assert len(digits) == 32
    assert int(digits, 16) > 0


def test_id_stays_the_same(make: Callable[..., Any]) -> None:
    result = make(double).submit(1.0)
    task_id = result.task_id
    result.result()
    assert result.task_id == task_id


def test_two_runtimes_make_different_ids(make: Callable[..., Any]) -> None:
    ids = set()
    for _ in range(3):
        with Runtime(workers=1) as runtime:
            one = runtime.task(double)
            ids |= {one.submit(1.0).task_id for _ in range(100)}
            ids |= {one.map([1.0]) is not None and one.submit_map([1.0]).task_id}
    assert len(ids) == 303


def test_two_processes_make_different_ids() -> None:
    program = (
        "from catzilla_jit import task\n"
        "@task(compile_to_c=False)\n"
        "def f(): pass\n"
        "print(f.submit().task_id)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert len({run.stdout for run in runs}) == 2


def test_child_of_a_fork_makes_other_ids(runtime: Runtime) -> None:
    before = task_ids.task_id("f", 1, 1)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(
            write, task_ids.task_id("f", 1, 1).encode() + str(task_ids.is_own(before)).encode()
        )
        os._exit(0)
    os.waitpid(pid, 0)
    told = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    assert not told.startswith(before)
    assert told.endswith("False")
    assert task_ids.task_id("f", 1, 1) == before


def test_ids_of_neighbours_share_no_more_digits_than_chance() -> None:
    blocks = [int(task_ids.task_id("f", 1, n).rpartition("-")[2], 16) for n in range(1000)]
    differing = [bin(one ^ other).count("1") for one, other in itertools.pairwise(blocks)]
    assert min(differing) > 20
    assert 60 < sum(differing) / len(differing) < 68


@pytest.mark.parametrize("name", ["f", "a-b", "", "täsk"])
@pytest.mark.parametrize("number", [0, 1, 2**40 - 1])
def test_own_ids_are_told_from_others(name: str, number: int) -> None:
    made = task_ids.task_id(name, 2**20, number)
    assert task_ids.is_own(made)
    digits = made[-32:]
    for wrong in (made[:-1], made + "0", digits[::-1], "0" * 32, "x" * 32, "f-1", "", "f-"):
        assert not task_ids.is_own(f"f-{wrong}")
    flipped = f"{int(digits, 16) ^ 1:032x}"
    assert not task_ids.is_own(f"{name}-{flipped}")


def test_what_is_gone_has_a_reason(runtime: Runtime, make: Callable[..., Any]) -> None:
    task_id = make(double).submit(1.0).task_id
    make(double).submit(1.0).result()
    runtime.forget(task_id)
    with pytest.raises(ResultGone, match="nobody holds its result any more"):
        runtime.lookup(task_id)
    with pytest.raises(ResultGone, match="no runtime of this process has made"):
        runtime.lookup("double-1")
    with pytest.raises(ResultGone, match="has not been started"):
        Runtime().lookup(task_id)


def test_forgotten_result_is_still_its_holders(runtime: Runtime, make: Callable[..., Any]) -> None:
    result = make(double).submit(3.0)
    assert runtime.lookup(result.task_id) is result
    assert runtime.forget(result.task_id)
    assert not runtime.forget("double-1")
    assert result.result() == 6.0
