"""NumPy's own loops, called from compiled code: found, proven, and the same to the last bit."""

from __future__ import annotations

import ctypes
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import STATUS_OVERFLOW
from catzilla_jit.compile.library.ufuncs.elementwise import BINARY, UNARY
from catzilla_jit.compile.target import numpy_loops
from support.automatic import described
from support.compile_harness import compiled, run, status_of
from support.numpy_calls import answers, kinds_of, named

RANDOM = np.random.default_rng(7)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e-310, 5e-324, 3.0, 709.5, 1e16, 0.1, -3.0])


def lines() -> list[Any]:
    """Return arrays of one dimension: of several sizes, with steps, nothing that NumPy warns of."""
    values = np.concatenate([RANDOM.random(300), 10.0 ** RANDOM.uniform(-6, 2, 300)])
    return [values, values[:1], values[:0], values[::-1], values[5::3], values[:17]]


def test_loops_that_compute_otherwise_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    find = numpy_loops._addresses
    monkeypatch.setattr(numpy_loops, "_addresses", lambda ufunc, types: find(np.cos, types))
    with pytest.raises(numpy_loops.NoLoop, match="does not compute as the ufunc does"):
        numpy_loops.loop.__wrapped__("sin", "d->d")


def test_another_layout_of_ufuncs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(ctypes.Structure):
        _fields_ = (("more", ctypes.c_ssize_t), *numpy_loops._Layout._fields_)

    monkeypatch.setattr(numpy_loops, "_Layout", Other)
    with pytest.raises(numpy_loops.NoLoop, match="lays its ufuncs out in another way"):
        numpy_loops.loop.__wrapped__("sin", "d->d")


@pytest.mark.parametrize("types", ["d->d", "f->f"])
def test_loops_of_every_unary_function_are_proven(types: str) -> None:
    for name in UNARY:
        assert numpy_loops.loop(name, types)


def test_unary_functions_are_numpys_to_the_last_bit() -> None:
    fine = ", ".join(f"np.{name}(a)" for name in UNARY if name not in ("arccosh", "arctanh"))
    function = named(f"def function(a): return {fine}, np.arccosh(a + 1.0), np.arctanh(a * 0.5)")
    calls = [(np.minimum(each, 0.99) + 1e-7,) for each in lines() if each.strides == (8,)]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    gaps = [(np.repeat(each[0], 2)[::2],) for each in calls]
    assert set(answers(function, kinds_of(*gaps[0]), gaps)) == {0}


def test_binary_functions_are_numpys_to_the_last_bit() -> None:
    parts = ", ".join(f"np.{name}(a, b)" for name in BINARY)
    function = named(f"def function(a, b): return {parts}")
    calls = [(each, RANDOM.permutation(each)) for each in lines()[:3]]
    calls += [(lines()[0], np.array([each])) for each in (2.0, 0.5, 3.3)]
    assert 0 in answers(function, kinds_of(*calls[0]), calls)


@pytest.mark.parametrize("name", ["exp", "power"])
def test_tables_of_every_layout_are_numpys(name: str) -> None:
    call = f"np.{name}(a, b)" if name == "power" else f"np.{name}(a) + b"
    function = named(f"def function(a, b): return {call}")
    table = RANDOM.random((6, 5)) + 0.1
    line = RANDOM.random(5) + 0.5
    for given in (
        (table, table * 2), (np.asfortranarray(table), np.asfortranarray(table)),
        (table, line), (table[:, ::2], table[:1, ::2]), (table, 2.5),
    ):  # fmt: skip
        assert answers(function, kinds_of(*given), [given]) == [0]
    transposed = table[::2, ::2].T  # NumPy makes a result in Fortran order: left to it
    assert answers(function, kinds_of(transposed, 1.5), [(transposed, 1.5)]) == [STATUS_OVERFLOW]


def test_shapes_that_do_not_fit_are_left_to_numpy() -> None:
    function = named("def function(a, b): return np.arctan2(a, b)")
    given = (np.ones(3), np.ones(4))
    assert answers(function, kinds_of(*given), [given, (np.ones(3), np.ones(1))]) == [2, 0]


def test_warnings_and_errors_are_numpys() -> None:
    @task
    def logarithm(values: Any) -> Any:
        return np.log(values)

    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log"):
        assert logarithm.submit(np.array([0.0, 1.0])).result(60)[0] == -np.inf
    assert logarithm.explain().compiled
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert logarithm.submit(np.ones(2)).result(60).tolist() == [0.0, 0.0]


def test_task_that_cannot_be_run_again_has_the_numbers_without_the_warning() -> None:
    @task
    def store(out: Any, values: Any) -> None:
        out[:] = np.log(values) + 0.0 * out

    out = np.ones(2)
    store.submit(out, np.array([0.0, 1.0])).result(60)
    assert store.explain().compiled
    assert out.tolist() == [-np.inf, 0.0]


def test_numbers_are_numpys_scalars() -> None:
    @task
    def of_number(x: float) -> Any:
        return np.cos(x), np.exp(2), np.arctan2(x, 1)

    made: Task[..., Any] = of_number
    result = made.submit(0.3).result(60)
    assert made.explain().compiled
    assert described(result) == described(of_number.__wrapped__(0.3))


def test_operators_of_arrays_are_numpys() -> None:
    function = named("def function(a, x): return a**x, a % 0.7, a // x, x**a, a**-1, a**0.5, a**3")
    calls = [(each, x) for each in lines()[:3] for x in (2.0, 0.5, 3.0, 1.7)]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    calls = [(each, RANDOM.permutation(each)) for each in lines()[:3]] + [
        (lines()[0], np.array([2.0]))
    ]
    function = named("def function(a, b): return a**b, b % a, a // b")
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}


def test_products_are_numpys() -> None:
    function = named("def function(a, b): return a @ b, np.dot(a, b), a.dot(b)")
    for shape, other in (((5, 7), (7, 3)), ((7,), (7, 3)), ((5, 7), (7,)), ((70,), (70,))):
        given = (RANDOM.standard_normal(shape), RANDOM.standard_normal(other))
        wrong = (given[0], np.ones((other[0] + 1, *other[1:])))
        assert answers(function, kinds_of(*given), [given, wrong]) == [0, 2]
    own = named("def function(a): return a.T @ a, a @ a.T, a[:, ::2] @ a[:, ::2].T")
    given = (RANDOM.standard_normal((40, 8)),)
    assert answers(own, kinds_of(*given), [given, (given[0][:0],)]) == [0, 0]


def test_linear_algebra_is_numpys() -> None:
    function = named(
        "def function(a, b):\n"
        "    s = a @ a.T\n"
        "    return (np.linalg.inv(a), np.linalg.solve(a, b), np.linalg.solve(a, a), "
        "np.linalg.det(a.T), np.linalg.cholesky(s), np.linalg.eigvalsh(s))"
    )
    calls = [(RANDOM.standard_normal((n, n)), RANDOM.standard_normal(n)) for n in (1, 2, 5, 20)]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    wrong = [(np.ones((3, 3)), np.ones(3)), (np.ones((3, 2)), np.ones(3)), (np.eye(3), np.ones(2))]
    assert set(answers(function, kinds_of(*wrong[0]), wrong)) == {STATUS_OVERFLOW}


def test_fourier_transforms_are_numpys() -> None:
    function = named(
        "def function(a):\n"
        "    f = np.fft.rfft(a)\n"
        "    return f, np.fft.irfft(f), np.fft.fft(a), np.fft.ifft(np.fft.fft(a))"
    )
    calls = [(RANDOM.standard_normal(n),) for n in (2, 3, 8, 17, 100, 127)]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    assert answers(function, kinds_of(np.ones(0)), [(np.ones(0),)]) == [STATUS_OVERFLOW]


def test_reductions_that_keep_their_dimensions_are_numpys() -> None:
    function = named(
        "def function(a):\n"
        "    e = np.exp(a - a.max(axis=1, keepdims=True))\n"
        "    return (e / np.sum(e, axis=1, keepdims=True), a.mean(axis=0, keepdims=True), "
        "a.min(0, keepdims=True), a.sum(keepdims=True))"
    )
    shapes = [(7, 5), (1, 9), (9, 1), (3, 700), (700, 3), (3, 0)]
    tables = [RANDOM.standard_normal(shape) for shape in shapes]
    for each in (tables, [np.asfortranarray(each) for each in tables[:1] + tables[3:5]]):
        statuses = answers(function, kinds_of(each[0]), [(table,) for table in each])
        assert statuses[:3] == [0, 0, 0]


def test_reductions_of_more_dimensions_are_numpys() -> None:
    function = named(
        "def function(a): return (a.sum(axis=0), np.sum(a, axis=1), a.sum(2), a.max(axis=1), "
        "a.mean(axis=-1), np.prod(a, axis=1), a.min(axis=0), a.std(axis=0), np.var(a, axis=-1), "
        "a.std())"
    )
    shapes = [(2, 3, 4), (5, 1, 300), (5, 300, 1), (300, 5, 1), (1, 1, 9)]
    calls = [(RANDOM.standard_normal(shape),) for shape in shapes]
    assert answers(function, kinds_of(*calls[0]), calls) == [0] * len(calls)


def test_single_precision_is_numpys() -> None:
    function = named(
        "def function(a, b): return a * 2 + b, np.exp(-a) / b, a**0.5, a**3, a < b, a @ b + a, -a"
    )
    calls = [
        tuple(each.astype(np.float32) + 1 for each in (line, line[::-1])) for line in lines()[:2]
    ]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    for source in ("a[0] * 0.1 + a[1]", "a.sum()", "a.mean()", "a.max()", "float(a[2])"):
        function = named(f"def function(a): return {source}")
        assert answers_of_numbers(function, calls[0][0])


def answers_of_numbers(function: Callable[..., Any], values: Any) -> bool:
    """Compare value and type of a number with NumPy's, through a task."""
    made = task(function)
    result = made.submit(values).result(60)
    assert made.explain().compiled
    return described(result) == described(function(values))


def test_mixed_types_are_those_of_numpy() -> None:
    function = named("def function(a, b): return a + b, a * 2, b - 1.5, a == b")
    kinds = [(np.uint8, np.float32), (np.int32, np.float32), (np.uint8, np.int16)]
    for first, second in kinds:
        given = (np.arange(9).astype(first), np.arange(9).astype(second)[::-1].copy())
        assert answers(function, kinds_of(*given), [given]) == [0]


def test_numpys_number_beside_single_precision_is_refused() -> None:
    @task
    def scaled(a: Any, b: Any) -> Any:
        return a * b[0]  # a float64 of NumPy's, so float64

    assert scaled.submit(np.ones(2, np.float32), np.ones(1)).result(60).dtype == np.float64
    assert not scaled.explain().compiled


def test_integer_beyond_the_type_of_the_array_is_numpys_error() -> None:
    function = named("def function(a, n): return a + n")
    given = (np.ones(3, np.uint8), 300)
    made = compiled(function, argument_types=kinds_of(*given), exact=True)
    assert status_of(made, *given)[0] == STATUS_OVERFLOW
    with pytest.raises(OverflowError):
        function(*given)


def test_writing_to_arrays_that_are_made_inside_is_no_effect() -> None:
    @task
    def filtered(signal: Any, keep: int) -> Any:
        spectrum = np.fft.rfft(signal)
        spectrum[keep:] = 0.0
        table = (np.exp(signal) + 1.0).reshape(2, -1)
        table[0] *= 2.0
        table.T[1, 0] = 0.5
        row = table[1]
        row[0] = 1.0
        return np.log(np.fft.irfft(spectrum) + table.ravel() + 5.0)

    signal = np.linspace(-1.0, 1.0, 16)
    assert described(filtered.submit(signal, 3).result(60)) == described(
        filtered.__wrapped__(signal, 3)
    )
    assert filtered.explain().compiled, filtered.explain()
    assert filtered.explain().pure


def test_writing_to_a_view_of_an_argument_is_an_effect() -> None:
    @task
    def scaled(values: Any) -> Any:
        part = values[1:]
        part[0] = 5.0
        return np.exp(part)

    values = np.zeros(3)
    scaled.submit(values).result(60)
    assert not scaled.explain().pure
    assert values.tolist() == [0.0, 5.0, 0.0]


SAVED = """
    import sys
    import numpy as np
    from catzilla_jit import task
    @task
    def wave(x: float) -> float:
        return np.cos(x) * np.exp(-x)
    numbers = np.linspace(0.0, 3.0, 50)
    assert wave.submit(0.5).result() == np.cos(0.5) * np.exp(-0.5)
    assert (wave.map(numbers) == [np.cos(x) * np.exp(-x) for x in numbers]).all()
    print(wave.explain().compiled, "numba" in sys.modules)
"""


def test_saved_code_finds_the_loops_of_its_process_without_numba(script: Any) -> None:
    assert script(SAVED).stdout.split() == ["True", "True"]
    assert script(SAVED).stdout.split() == ["True", "False"]


def test_parts_of_arrays_are_written_as_by_numpy() -> None:
    function = named(
        "def function(v, w, a, b, c, d):\n"
        "    v[a:b, c:d] = v[c:d, a:b].T\n"
        "    v[a:b, 1] = v[2, c:d]\n"
        "    v[::-1] = w\n"
        "    v[1] = v[:, c % 6]\n"
    )
    table, line = RANDOM.random((6, 6)), np.arange(6)
    made = compiled(function, argument_types=kinds_of(table, line, 1, 2, 3, 4), exact=True)
    for bounds in RANDOM.integers(-6, 7, (150, 4)).tolist():
        given = line[: RANDOM.choice([6, 1, 5])]
        ours, numpys = table.copy(), table.copy()
        try:
            function(numpys, given, *bounds)
        except ValueError as error:
            with pytest.raises(ValueError, match=f"^{re.escape(str(error))}$"):
                run(made, ours, given, *bounds)
        else:
            run(made, ours, given, *bounds)
        assert ours.tobytes() == numpys.tobytes(), bounds


ZEROS = np.array([0.0, -0.0, 1.0, -1.0, np.nan, np.inf])


def test_extremes_are_numpys_with_its_choice_of_zeros() -> None:
    parts = ", ".join(f"np.{name}(a, b)" for name in ("maximum", "minimum", "fmax", "fmin"))
    function = named(f"def function(a, b): return {parts}, np.clip(a, b, 1), np.clip(a, None, b)")
    sizes = (0, 1, 7, 9, 33, 64, 1001)
    pairs = [tuple(RANDOM.choice(ZEROS, n) for _ in "ab") for n in sizes for _ in range(3)]
    assert set(answers(function, kinds_of(*pairs[0]), pairs)) == {0}
    gaps = [(a.repeat(2)[::2], b[::-1]) for a, b in pairs[6:]]
    assert set(answers(function, kinds_of(*gaps[0]), gaps)) == {0}
    tables = [tuple(RANDOM.choice(ZEROS, (5, 17)) for _ in "ab")]
    other = (tables[0][0], tables[0][1][:, :1].copy())  # which zero is not known: left to NumPy
    assert answers(function, kinds_of(*other), [*tables, other]) == [0, STATUS_OVERFLOW]


def test_where_is_numpys() -> None:
    function = named(
        "def function(m, a, b): return np.where(m, a, b), np.where(b, 1, a), np.where(m, 1.5, 2)"
    )
    table = RANDOM.random((3, 4))
    for m, a in ((table > 0.5, table), (table[0] > 0.5, table), (table > 0.5, table.T[:1].T)):
        given = (m, a, np.arange(12).reshape(3, 4))
        assert answers(function, kinds_of(*given), [given, (m[:0], *given[1:])])[0] == 0


def test_what_goes_back_in_memory_is_numpys() -> None:
    """Where one operand goes back and another does not, loops have other last digits."""
    line = RANDOM.uniform(0.1, 10.0, 154)
    table = line.reshape(14, 11)
    backward = [table[:, ::-1], table[::-1], table[::-1, ::-1].T, table[::2, ::-3]]
    function = named("def function(a, b): return np.cbrt(a), np.power(a, b), np.tanh(a) + b")
    answers(function, kinds_of(backward[0], table), [(a, a.copy()) for a in backward])
    for right in (line, line[:1], np.arange(154)[::-1]):
        calls = [(line[::-1], right), (line[::2][::-1], right[:77])]
        answers(function, kinds_of(line[::-1], right), calls)
    mixed = named("def function(a, b): return np.exp(a) * 2.0 + b - np.cbrt(a * b)")
    assert set(answers(mixed, kinds_of(line[::-1], line), [(line[::-1], line)])) == {0}


def test_negative_power_of_an_integer_is_numpys_error() -> None:
    """The loop takes the GIL to raise, and goes on with a zero."""
    for call in ("np.power(a, b)", "np.power(a, -1)"):
        made: Task[..., Any] = task(named(f"def function(a, b): return {call}"))
        for element in (np.int64, np.int16):
            given = np.array([2, 3], element), np.array([1, -1], element)
            with pytest.raises(ValueError, match="negative integer powers"):
                made.submit(*given).result(60)
    unsigned: Task[..., Any] = task(named("def function(a, b): return np.power(a, b)"))
    small = np.array([2, 3], np.uint8)
    assert unsigned.submit(small, small).result(60).tolist() == [4, 27]
    assert unsigned.explain().compiled
