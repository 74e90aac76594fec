"""The entry of a compiled task: layout, results, statuses."""

from __future__ import annotations

import sys
import types

import numpy
import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, run, status_of


def test_entry_gives_pythons_answer() -> None:
    def weighted(a: int, b: float) -> float:
        return a * b + 1

    assert run(compiled(weighted), 3, 2.5) == weighted(3, 2.5)


def test_result_comes_first_and_arguments_at_their_natural_alignment() -> None:
    def mixed(a: bool, b: float, c: numpy.int16, d: complex) -> bool:
        return a

    task = compiled(mixed)
    placed = [(slot.name, slot.code, slot.offset) for slot in (task.result, *task.arguments)]
    assert placed == [
        ("return", "?", 0),
        ("a", "?", 1),
        ("b", "d", 8),
        ("c", "h", 16),
        ("d", "D", 24),
    ]
    assert task.payload_size == 40


def test_inferred_return_type_wins_over_the_hint() -> None:
    def half(x: int) -> int:
        return x / 2  # type: ignore[return-value]

    assert run(compiled(half), 3) == 1.5


def test_string_annotations_are_evaluated() -> None:
    def plus(x: int, y: float) -> float:
        return x + y

    assert plus.__annotations__["x"] == "int"
    assert compiled(plus).signature == "(x: int, y: float) -> float"


def test_unknown_return_hint_harms_nobody() -> None:
    def plus(x: int) -> NoSuchName:  # type: ignore[name-defined]  # noqa: F821
        return x + 1

    assert run(compiled(plus), 1) == 2


def test_none_takes_no_bytes() -> None:
    def nothing(x: int) -> None:
        x + 1

    task = compiled(nothing)
    assert (task.result.code, task.payload_size, run(task, 1)) == ("n", 8, None)


def test_complex_passes_both_parts() -> None:
    def turned(z: complex) -> complex:
        return z * 1j

    assert run(compiled(turned), 2 + 3j) == turned(2 + 3j)


def test_bool_is_one_byte() -> None:
    def both(a: bool, b: bool) -> bool:
        return a and not b

    assert run(compiled(both), True, False) is True


def test_narrow_results_are_numpy_scalars() -> None:
    def same(x: numpy.float32) -> numpy.float32:
        return x

    assert compiled(same).result.numpy


def test_plain_results_are_python_scalars() -> None:
    def same(x: float) -> float:
        return x

    assert not compiled(same).result.numpy


def test_overflow_has_its_own_status() -> None:
    def square(x: int) -> int:
        return x * x

    assert status_of(compiled(square), 2**32)[0] == STATUS_OVERFLOW


def test_overflow_raises_with_the_line() -> None:
    def square(x: int) -> int:
        return x * x

    task = compiled(square)
    with pytest.raises(OverflowError) as caught:
        run(task, 2**32)
    assert caught.traceback[-1].lineno == square.__code__.co_firstlineno
    assert str(caught.traceback[-1].path) == __file__


def test_overflow_wraps_when_asked() -> None:
    def square(x: int) -> int:
        return x * x

    assert run(compiled(square, overflow="wrap"), 2**32) == 0


def test_overflow_is_not_caught_by_the_task() -> None:
    def square(x: int) -> int:
        try:
            return x * x
        except Exception:
            return -1

    assert status_of(compiled(square), 2**32)[0] == STATUS_OVERFLOW


def test_own_exception_is_caught_by_the_task() -> None:
    def guarded(x: int) -> int:
        try:
            if x > 0:
                raise ValueError("positive")
            return x
        except Exception:
            return -1

    assert run(compiled(guarded), 5) == -1


def test_exception_arrives_with_arguments_made_at_run_time() -> None:
    def check(x: int) -> int:
        if x > 3:
            raise ValueError("too large", x)
        return x

    with pytest.raises(ValueError, match="too large") as caught:
        run(compiled(check), 7)
    assert caught.value.args == ("too large", 7)


def test_exception_has_file_and_line_of_the_task() -> None:
    def check(x: int) -> int:
        if x > 3:
            raise ValueError("too large")
        return x

    with pytest.raises(ValueError, match="too large") as caught:
        run(compiled(check), 7)
    assert caught.traceback[-1].lineno == check.__code__.co_firstlineno + 1


def test_constant_exception_can_be_raised_twice() -> None:
    def check(x: int) -> int:
        if x > 3:
            raise ValueError("too large")
        return x

    task = compiled(check)
    status, error, _ = status_of(task, 7)
    for _ in range(2):
        with pytest.raises(ValueError, match="too large"):
            task.raise_error(status, error)


def test_function_whose_exceptions_are_made_at_run_time_is_interruptible() -> None:
    def refuses(n: int) -> int:
        while n:
            n -= 1
        raise ValueError(f"bad {n}", n)

    assert compiled(refuses).interruptible


def test_pure_function_is_interruptible() -> None:
    def same(x: int) -> int:
        return x

    assert compiled(same).interruptible


def test_printing_function_is_not_interruptible() -> None:
    def shout(x: int) -> int:
        print(x)
        return x

    task = compiled(shout)
    assert not task.interruptible
    assert not task.pure


def test_code_range_holds_the_entry() -> None:
    def same(x: int) -> int:
        return x

    task = compiled(same)
    ((start, size),) = task.code_ranges
    assert start <= task.entry < start + size < start + 2**20


def test_code_ranges_hold_the_chunk_functions() -> None:
    def twice(x: int) -> int:
        return x + x

    task = compiled(twice)
    address = task.chunk("cc")
    start, size = task.code_ranges[1]
    assert start <= address < start + size


def test_exception_is_of_its_modules_present_class(monkeypatch: pytest.MonkeyPatch) -> None:
    source = """if True:
        class Bad(Exception): pass
        def check(x: int) -> int:
            if x > 3:
                raise Bad("too large")
            return x
    """
    module = types.ModuleType("reloaded")
    monkeypatch.setitem(sys.modules, "reloaded", module)
    for _ in range(2):
        exec(compile(source, "reloaded.py", "exec"), module.__dict__)
        with pytest.raises(module.Bad, match="too large"):
            run(compiled(module.check), 4)
