"""The chunk function: which items it computes, where it stores, what it says of a failure."""

from __future__ import annotations

import sys
import threading

import numpy
import pytest
from numba.core.codegen import CodeLibrary

from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, run_chunk


def combine(x: int, y: int) -> int:
    return x * 3 + y


def test_contiguous_items_are_computed() -> None:
    x, y, out = numpy.arange(10), numpy.arange(10) * 7, numpy.zeros(10, numpy.int64)
    assert run_chunk(compiled(combine), "ccc", out, x, y) == (0, -1, 0)
    assert (out == x * 3 + y).all()


def test_only_items_from_begin_to_end_are_stored() -> None:
    x, out = numpy.arange(10), numpy.zeros(10, numpy.int64)
    run_chunk(compiled(combine), "ccc", out, x, x, begin=3, end=6)
    assert out.tolist() == [0, 0, 0, 12, 16, 20, 0, 0, 0, 0]


def test_empty_chunk_stores_nothing() -> None:
    x, out = numpy.arange(10), numpy.zeros(10, numpy.int64)
    run_chunk(compiled(combine), "ccc", out, x, x, begin=4, end=4)
    assert not out.any()


@pytest.mark.parametrize("pattern", ["cvs", "vvv", "vvs", "cvv"])
def test_any_stride_is_followed(pattern: str) -> None:
    x, y, out = numpy.arange(20)[::-2], numpy.array(5), numpy.zeros(10, numpy.int64)
    run_chunk(compiled(combine), pattern, out, x, y)
    assert (out == x * 3 + 5).all()


def test_two_dimensions_use_the_outer_stride() -> None:
    x = numpy.arange(24).reshape(4, 6)[::2, ::-1]
    y = numpy.array([[100], [200]])
    out = numpy.zeros((2, 6), numpy.int64)
    run_chunk(compiled(combine), "cvs", out, x, numpy.broadcast_to(y, (2, 6)), begin=2, end=11)
    expected = (x * 3 + y).reshape(-1)
    assert out.reshape(-1).tolist() == [0, 0, *expected[2:11], 0]


def test_first_failure_names_its_index_and_what_comes_before_is_stored() -> None:
    x, out = numpy.arange(10), numpy.zeros(10, numpy.int64)
    x[4] = x[7] = 2**62
    status, failed, error = run_chunk(compiled(combine), "ccs", out, x, numpy.array(0))
    assert (status, failed) == (STATUS_OVERFLOW, 4)
    assert error
    assert out[:4].tolist() == [0, 3, 6, 9]


def test_bools_are_read_and_stored_as_bytes() -> None:
    def differ(a: bool, b: bool) -> bool:
        return a != b

    a, b = numpy.array([True, False, True]), numpy.array([True, True, False])
    out = numpy.zeros(3, numpy.bool_)
    run_chunk(compiled(differ), "ccc", out, a, b)
    assert out.tolist() == [False, True, True]


def test_result_none_needs_no_output() -> None:
    def nothing(x: int) -> None:
        x + 1

    out = numpy.zeros(3, numpy.int64)
    assert run_chunk(compiled(nothing), "cc", out, numpy.arange(3))[0] == 0
    assert not out.any()


def test_kernel_that_cannot_fail_leaves_no_check_in_the_loop() -> None:
    def blend(a: float, b: float, c: float) -> float:
        return a * b + c

    task = compiled(blend)
    task.chunk("cccc")
    code = task._chunks["cccc"][1].get_llvm_str()
    body = code[code.index("define") :]
    assert "<" in body
    assert "x double>" in body  # vectorized
    assert "ret i32 0" in body
    assert body.count("ret i32") == body.count("ret i32 0")


def test_pattern_is_compiled_once() -> None:
    task = compiled(combine)
    assert task.chunk("ccc") == task.chunk("ccc")


def test_threads_that_ask_together_get_one_address() -> None:
    task = compiled(combine)
    addresses: set[int] = set()
    threads = [threading.Thread(target=lambda: addresses.add(task.chunk("csc"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(addresses) == 1


@pytest.mark.parametrize("pattern", ["", "cc", "cccc", "ccx"])
def test_unknown_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        compiled(combine).chunk(pattern)


def test_an_exception_in_numbas_callback_costs_no_object_code(monkeypatch) -> None:
    def lose(_library: object, compiled: bool) -> None:
        if compiled:
            lost.append(compiled)
            raise KeyboardInterrupt

    def plus_seven(x: int) -> int:
        return x + 7

    lost: list[bool] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    monkeypatch.setattr(CodeLibrary, "_compiled", property(lambda _: False, lose), raising=False)
    task, x, out = compiled(plus_seven), numpy.arange(5), numpy.zeros(5, numpy.int64)
    assert run_chunk(task, "cc", out, x) == (0, -1, 0)
    assert out.tolist() == [7, 8, 9, 10, 11]
    assert len(lost) >= 2
    assert len(task.code_ranges) == 2
