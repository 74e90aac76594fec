"""Calls of NumPy's functions with keywords and constants: the same bits, types, layouts, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import STATUS_OVERFLOW
from catzilla_jit.compile.target import numpy_sorts
from support.array_forms import LINES, RANDOM, SPECIAL, TABLES, check, turned
from support.automatic import described
from support.compile_harness import compiled, status_of
from support.numpy_calls import kinds_of, named


@pytest.mark.parametrize("layout", ["C", "F", "A"])
def test_reductions_of_tables_are_numpys(layout: str) -> None:
    axes = "a.sum(axis=0), a.mean(1), a.max(axis=0, keepdims=True), a.sum(), np.min(a, axis=-1)"
    check(f"({axes})", turned(TABLES[:6], layout))
    check("(a.std(axis=0, ddof=1), np.var(a, 1, keepdims=True))", turned(TABLES[:6], layout))
    for source in ("a.sum(axis=0)", "a.max(axis=1)", "a.prod(axis=(0, 1))"):
        check(source, turned(TABLES, layout))


@pytest.mark.parametrize("order", ["C", "F"])
def test_reductions_along_several_axes_are_numpys(order: Any) -> None:
    shapes = [(2, 3, 4), (3, 200, 5), (4, 3, 200), (1, 3, 4), (3, 1, 4), (3, 4, 1), (2, 0, 3)]
    calls = [(np.asarray(RANDOM.standard_normal(shape), order=order),) for shape in shapes[:3]]
    check("(a.sum(axis=(0, 2)), a.sum((1, 2)), np.mean(a, axis=(0, 1), keepdims=True))", calls)
    odd = [(RANDOM.standard_normal(shape),) for shape in shapes]
    check("(np.sum(a, axis=(-1, 0)), a.max(axis=(0, 2)))", odd)


def test_deviations_of_integers_are_numpys() -> None:
    check("(a.std(ddof=1), a.var(ddof=2))", [(RANDOM.integers(-9, 9, n),) for n in (3, 9, 1)])
    check("a.std(ddof=1)", [(np.array([2**62, 1, -5]),), (np.array([1, 2]),)])


@pytest.mark.parametrize("source", ["np.linalg.norm(a)", "np.linalg.norm(a, np.inf)"])
def test_norms_of_lines_are_numpys(source: str) -> None:
    check(source, [(each,) for each in LINES])
    check(source, [(np.repeat(each, 2)[::-2],) for each in LINES[2:]])
    check(source, [(np.arange(n),) for n in range(4)])


@pytest.mark.parametrize("layout", ["C", "F"])
def test_norms_of_tables_are_numpys(layout: str) -> None:
    norm = "np.linalg.norm(a), np.linalg.norm(a, axis=1), np.linalg.norm(a, 1, axis=0)"
    check(f"({norm}, np.linalg.norm(a, axis=1, keepdims=True))", turned(TABLES[:6], layout))


def test_sorted_lines_are_numpys() -> None:
    check("(np.sort(a), np.argsort(a), np.argsort(a, kind='stable'), a.argsort())",
          [(each,) for each in LINES])  # fmt: skip
    check("(np.sort(a), np.argsort(a))", [(each.astype(np.float32)[::-1],) for each in LINES[2:4]])
    check("(np.sort(a, axis=0), np.argsort(a, axis=0), np.sort(a))", [(a,) for a in TABLES])


@pytest.mark.parametrize(
    "source",
    [
        "np.median(a)", "np.percentile(a, 30)", "np.percentile(a, [5, 95.5])", "np.unique(a)",
        "np.quantile(a, 0.75)", "np.unique(a, return_counts=True)",
    ],
)  # fmt: skip
def test_what_is_read_from_sorted_lines_is_numpys(source: str) -> None:
    check(source, [(each,) for each in LINES])


def test_medians_along_an_axis_are_numpys() -> None:
    check("(np.median(a, axis=0), np.median(a, axis=1))", [(each,) for each in TABLES])


def test_places_are_numpys() -> None:
    lines = [(each, other) for each in LINES for other in (each[::-1], LINES[4], np.sort(each))]
    calls = [(np.ascontiguousarray(a), np.ascontiguousarray(b)) for a, b in lines]
    check("(np.searchsorted(a, b), np.searchsorted(a, b, side='right'))", calls)
    check("np.digitize(b, a)", [(np.sort(a), b) for a, b in calls])
    check("(np.searchsorted(a, b), a.searchsorted(b, 'right'))", [(each, 0.5) for each in LINES])


def test_interpolation_is_numpys() -> None:
    sizes = (1, 2, 4, 5, 30, 200)
    values = [np.r_[RANDOM.uniform(-1, 11, n), SPECIAL[:8], 3.0] for n in sizes]
    calls = [(v, np.sort(RANDOM.uniform(0, 10, n)), RANDOM.standard_normal(n))
             for v in values for n in sizes]  # fmt: skip
    calls += [(v, RANDOM.integers(0, 9, 20).astype(float), v[:20]) for v in values[4:]]
    check("np.interp(a, b, c)", calls)
    check("np.interp(a, b, c)", [(x, *calls[9][1:]) for x in (0.5, 3.0, -4.0, 99.0, np.nan)])


def test_joined_arrays_are_numpys() -> None:
    lines = [(each, np.arange(len(each))) for each in LINES]
    several = "np.stack([a, b], axis=1), np.vstack((a, b)), np.column_stack([a, b, a])"
    check(f"({several}, np.hstack([a, 1.5, b]), np.append(b, a), np.array([b, a]))", lines)
    check("(np.concatenate((a, b)), np.stack((a, b)))", [(LINES[1], LINES[2]), (LINES[1],) * 2])
    check("np.concatenate((a, b))", [(LINES[3][::2], LINES[4][::-1])])
    check("(np.concatenate([a, b], axis=1), np.hstack((a, b)), np.stack([a, b], axis=-1))",
          [(each, each + 1) for each in TABLES] + [(TABLES[0], TABLES[1])])  # fmt: skip


def test_arrays_of_numbers_that_are_written_out_are_numpys() -> None:
    table = "np.array([[np.cos(a), -np.sin(a)], [np.sin(a), 1]])"
    mixed = "np.array([a, b, True]), np.array([1, b]), np.array([b, 2], dtype=float)"
    check(f"({table}, {mixed}, np.asarray([a]), np.array([a, b * 1.0], float))", [(0.3, 7)])


def test_arrays_that_are_turned_or_spaced_are_numpys() -> None:
    check("(np.tril(a), np.triu(a, 1), np.flip(a, 1), np.fliplr(a), np.roll(a, 3, axis=0))",
          [(each,) for each in TABLES])  # fmt: skip
    check("(np.diag(a, -1), np.tile(a, b), np.expand_dims(a, 1), np.atleast_2d(a))",
          [(each, 2) for each in LINES])  # fmt: skip
    check("(np.tile(a, (2, 3)), np.repeat(a, b, axis=1))", [(each, 2) for each in TABLES])
    check("np.meshgrid(a, b, indexing='ij') + np.meshgrid(a, b)", [(LINES[2], LINES[3])])
    check("(np.eye(a, k=1), np.identity(a))", [(3,), (0,)])


def test_ranges_of_floats_are_numpys() -> None:
    spans = [(0.0, 1.0, 0.1), (1.0, 0.0, -0.3), (0.0, 1.0, -0.5), (2.5, 7.0, 1.1), (0.0, 0.0, 1.0)]
    check("(np.arange(a, b, c), np.arange(a, b))", spans)
    check("np.arange(a, b, c)", [(0, 10, 0.7), (0, 3, 0.0)])
    check("(np.arange(a, dtype=float), np.linspace(0, b, num=a))", [(5, 2.5), (0, 1.0)])
    check("np.linspace(a, b, c, endpoint=False)", [(0.0, 1.0, 7), (2.0, 2.0, 3), (1.0, -3.1, 9)])


def test_series_are_numpys() -> None:
    pairs = [(a, RANDOM.permutation(a)) for a in LINES]
    check("(np.trapezoid(a, b), np.trapezoid(a, dx=0.3))", pairs)
    check("np.gradient(a, 0.3)", [(each,) for each in LINES])
    check("np.gradient(a, b)", [*pairs, (LINES[3], np.arange(9.0)), (LINES[3], LINES[2])])
    check("(np.cumprod(a), np.ptp(a), np.diff(a, n=2))", [(each,) for each in LINES])
    check("(np.cumsum(a, axis=0), a.cumsum(axis=1), np.diff(a, axis=0))", [(a,) for a in TABLES])


def test_cross_products_are_numpys() -> None:
    calls = [tuple(RANDOM.choice([*SPECIAL, 2.0, 3.0], (2, 3))) for _ in range(20)]
    check("np.cross(a, b)", [(LINES[3][:3], LINES[3][3:6]), *calls, (np.ones(3), np.ones(2))])
    rows = RANDOM.standard_normal((4, 3))
    check("(np.cross(a, b), np.cross(b, a))", [(rows, rows[0].copy())])
    check("np.cross(a, b)", [(rows, rows[::-1].copy()), (rows, rows[:1].copy())])


def test_items_that_an_array_picks_are_numpys() -> None:
    places = [np.array([0, -1, 3, 0]), np.array([8, 0]), np.zeros(0, int), np.array([-9])]
    check("(a[b], a[np.argsort(a)])", [(LINES[2], each) for each in places])
    check("a[b]", [(TABLES[0], each) for each in places])


@pytest.mark.parametrize(
    "body",
    [
        "a[b] = a[:len(b)]", "a[a > 0] = np.sqrt(a[a > 0])", "a[b] += 1.0", "a[a > 0] *= 2",
        "a[b] = a[b][::-1]", "a[a > 0] = b * 1.0",
    ],
)  # fmt: skip
def test_items_that_are_written_are_numpys(body: str) -> None:
    function = named(f"def function(a, b):\n    a = a.copy()\n    {body}\n    return a")
    calls = [(RANDOM.standard_normal(8), np.array(b)) for b in ([1, -2, 1], [7], [8, 0])]
    made = compiled(function, argument_types=kinds_of(*calls[0]), exact=True)
    assert made.pure
    for arguments in calls:
        status, _, result = status_of(made, *arguments)
        try:
            assert status in (0, STATUS_OVERFLOW)
            expected = function(*arguments)
            assert status or described(result) == described(expected)
        except (IndexError, ValueError):
            assert status == STATUS_OVERFLOW


def test_items_are_written_to_the_callers_array() -> None:
    @task
    def clear(values: Any, places: Any) -> None:
        values[places] = 0.0

    values = np.ones(4)
    clear.submit(values, np.array([1, 3])).result(60)
    assert values.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert clear.explain().compiled
    assert clear.explain().pure is False


def test_what_may_be_left_to_numpy_is_not_compiled_where_it_cannot_run_again() -> None:
    @task
    def add(out: Any, table: Any) -> None:
        out[0] += table.sum()  # of a large table with gaps in NumPy's own order

    out, table = np.ones(1), RANDOM.random((300, 300))[::2, ::2]
    add.submit(out, table).result(60)
    assert out[0] == 1.0 + table.sum()
    assert not add.explain().compiled


def test_sorts_that_compute_otherwise_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    find = numpy_sorts._functions
    monkeypatch.setattr(numpy_sorts, "_functions", lambda _code: find("l"))
    assert numpy_sorts._address.__wrapped__(False, 0, "l") is not None
    assert numpy_sorts._address.__wrapped__(False, 0, "d") is None


def test_decompositions_are_numpys() -> None:
    square = [RANDOM.standard_normal((n, n)) for n in (1, 2, 5, 9)]
    square += [np.zeros((3, 3)), np.ones((2, 2)), np.full((2, 2), np.nan), np.ones((2, 3))]
    body = """
    w, v = np.linalg.eigh(a)
    sign, size = np.linalg.slogdet(a)
    return w, v, sign, size, np.linalg.matrix_power(a, 3), np.linalg.matrix_power(a, 10)"""
    check(body, [(each,) for each in square])


def test_products_of_lines_with_steps_and_of_stacks_are_numpys() -> None:
    lines = [np.repeat(RANDOM.standard_normal(n), 2)[::step] for n in (5, 40) for step in (2, -2)]
    check("(np.dot(a, b), a @ b)", [(each, each) for each in lines])
    table = RANDOM.standard_normal((7, 5))
    check("(np.dot(a, b), a.dot(b))", [(table, each) for each in lines[:2]])
    stack = RANDOM.standard_normal((3, 4, 5))
    check("a @ b", [(stack, stack.transpose(0, 2, 1).copy()), (stack, RANDOM.random((1, 5, 2)))])
    check("(a @ b, np.matmul(b, b))", [(stack, table[:5, :5].copy())])


def test_dot_of_tables_with_gaps_and_of_single_items_is_numpys() -> None:
    wide = RANDOM.standard_normal((9, 16))
    parts = [wide[:3, :3], wide[:5, :3], wide[:6:2, 1:7:2], wide.T[2:5, :4], wide[2::-1, :3]]
    pairs = [(a, b) for a in parts for b in (*parts, a.T, parts[0][:1])]
    check("(np.dot(a, b), a.dot(b))", pairs)
    check("np.dot(a, b)", [(a, np.ones(6)[::2][: a.shape[1]]) for a in parts[:3]])
    check("np.dot(a[:, :], a.T[:, :])", [(wide,), (wide[:7].copy(),)])
    singles = [np.array([[each]]) for each in (-0.0, np.inf, 2.5)]
    rows = [np.array([[-0.0, np.nan, 3.0]]), np.array([[1.0, -0.0, -np.inf]])]
    answered = (np.ones((2, 2)), np.ones((2, 3)))
    check("np.dot(a, b)", [answered, *((a, b) for a in singles for b in rows)])
    check("np.dot(a, b)", [(each[0], answered[1]) for each in (answered[0], *singles)])
    waves = [np.exp(1j * RANDOM.random((n, m))) for n, m in ((3, 1), (1, 5), (2, 2), (1, 1))]
    check("np.dot(a, b)", [(a, b) for a in waves for b in waves])


def test_stacks_of_matrices_are_numpys() -> None:
    stack = RANDOM.standard_normal((3, 4, 4))
    calls = [(stack,), (np.concatenate([stack, np.zeros((1, 4, 4))]),), (stack[:0],)]
    check("(np.linalg.inv(a), np.linalg.det(a), np.linalg.eigvalsh(a))", calls)


def test_singular_values_are_numpys() -> None:
    tables = [RANDOM.standard_normal(shape) for shape in ((1, 1), (3, 2), (2, 3), (6, 6))]
    tables += [np.zeros((2, 3)), np.full((2, 2), np.nan), np.zeros((0, 2))]
    body = """
    u, s, v = np.linalg.svd(a)
    x, y, z = np.linalg.svd(a, full_matrices=False)
    return u, s, v, x, y, z, np.linalg.svd(a, compute_uv=False), np.linalg.pinv(a)"""
    check(body, [(each,) for each in tables])


def test_least_squares_are_numpys() -> None:
    shapes = ((5, 3), (3, 3), (2, 4), (6, 2))
    calls = [(RANDOM.standard_normal(shape), RANDOM.standard_normal(shape[0])) for shape in shapes]
    calls += [(np.ones((4, 2)), np.arange(4.0)), (np.ones((4, 2)), np.arange(3.0))]
    body = """
    x, residuals, _, values = np.linalg.lstsq(a, b, rcond=None)
    return x, residuals, values, np.linalg.lstsq(a, b, rcond=0.1)[0]"""
    check(body, calls)
    check("np.linalg.lstsq(a, b, rcond=None)[0]", [(calls[0][0], calls[0][0][:, :2].copy())])


def test_pairs_of_lines_are_numpys() -> None:
    lines = [each for each in LINES if np.isfinite(each).all()]
    pairs = [(a, b) for a in lines for b in (lines[1], lines[3], lines[4])]
    check("(np.convolve(a, b), np.convolve(a, b, mode='same'), np.convolve(b, a, 'valid'))", pairs)
    check("(np.average(a, weights=b), np.vdot(a, b))", [(a, a + 1.0) for a in lines])
    check("(np.outer(a, b), np.isin(a, b), np.take(a, np.argsort(a)))", pairs)
    check("(np.polyval(b, a), np.average(a))", [(a, b) for a, b in pairs if len(a)])
    check("np.histogram(a, b)", [(a, n) for a in LINES for n in (1, 7)])


def test_transforms_are_numpys() -> None:
    lines = [each for each in LINES if np.isfinite(each).all()]
    calls = [(each, n) for each in lines for n in (1, 5, 12, 0)]
    check("(np.fft.fft(a, b), np.fft.rfft(a, n=b), np.fft.irfft(a, b), np.fft.ifft(a))", calls)
    norms = "np.fft.ifft(a, norm='ortho'), np.fft.rfft(a, norm='forward'), np.fft.fftshift(a)"
    check(f"({norms})", [(each,) for each in lines])
    check("(np.fft.fft(a, axis=0), np.fft.rfft(a), np.fft.fft2(a))", [(a,) for a in TABLES[:6]])
    check("(np.fft.fftfreq(a, b), np.fft.rfftfreq(a), np.fft.fftfreq(a, 2))", [(7, 0.1), (8, 3.0)])


def test_complex_arrays_are_computed_by_numpys_loops() -> None:
    lines = [RANDOM.permutation(each) + 1j * each for each in (LINES[4], LINES[5])]
    lines += [np.array([complex(np.inf, np.nan), 1j, complex(-0.0, 0.0), 1e200 + 1e200j])]
    operators = "a * b, a / (b + 3), a - b, a * 2.5, -a, 1j * a.real"
    check(f"({operators})", [(each, each[::-1].copy()) for each in lines])
    check("(np.abs(a), np.conj(a), np.angle(a), np.real(a), np.imag(a), np.exp(a * 0.1))",
          [(each,) for each in lines])  # fmt: skip


def test_comparisons_are_numpys() -> None:
    calls = [(each, np.where(RANDOM.random(len(each)) < 0.5, each, each + 1e-7)) for each in LINES]
    check("(np.isclose(a, b), np.isclose(a, 1.5, atol=1, equal_nan=True))", calls)
    check("(np.count_nonzero(a > 0), np.flatnonzero(a), np.nan_to_num(a))", [(a,) for a in LINES])
    function = named("def function(a, b): return np.allclose(a, b), np.array_equal(a, a + 0.0)")
    made: Task[..., Any] = task(function)
    assert described(made.submit(*calls[2]).result(60)) == described(function(*calls[2]))
    assert made.explain().compiled


def test_reductions_without_nan_are_numpys() -> None:
    lines = [(each,) for each in LINES] + [(np.full(3, np.nan),)]
    for source in ("np.nanmean(a)", "np.nanmax(a)", "np.nanstd(a, ddof=1)", "np.nanmedian(a)"):
        check(source, lines)
    tables = [(np.where(RANDOM.random(a.shape) < 0.2, np.nan, a),) for a in TABLES]
    check("(np.nansum(a, axis=0), np.nanmean(a, axis=1), np.nanmin(a, axis=0))", tables)


def test_results_with_names_are_numpys() -> None:
    function = named("def function(a):\n    w, v = np.linalg.eigh(a)\n    return v @ np.diag(w)")
    made: Task[..., Any] = task(function)
    matrix = RANDOM.standard_normal((4, 4))
    assert described(made.submit(matrix).result(60)) == described(function(matrix))
    assert made.explain().compiled


def test_write_to_what_an_expression_has_made_is_no_effect() -> None:
    @task
    def halved(x, y, n):  # type: ignore[no-untyped-def]
        made = x * 0.5 + y
        made[0] = n
        made[1:] -= y[1:] * 2.0
        return made, n * n

    values = np.arange(1.0, 4.0)
    for n in (3, 2**40):
        made, square = halved.submit(values, values, n).result()
        assert (made == np.array([n, -1.0, -1.5])).all()
        assert square == n * n
    assert halved.explain().pure


def test_matrix_without_an_answer_is_an_overflow_where_python_cannot_answer() -> None:
    @task
    def inverse(m):  # type: ignore[no-untyped-def]
        m[0, 0] += m[1, 1]
        return np.linalg.inv(m)

    @task
    def placed(m):  # type: ignore[no-untyped-def]
        whole = np.identity(4)
        whole[:3, :3] = np.linalg.inv(m)
        return whole

    singular = np.zeros((3, 3))
    assert isinstance(placed.submit(singular).exception(), np.linalg.LinAlgError)
    assert placed.explain().pure
    raised = inverse.submit(singular).exception()
    assert isinstance(raised, OverflowError)
    assert str(raised) == "task inverse: a matrix without an answer does not fit compiled code"


def test_small_forms_are_numpys() -> None:
    lines = [(each,) for each in (LINES[0], LINES[0][::2], LINES[0][:1])]
    check("(np.std(a, ddof=0), a.var(axis=0, ddof=0), np.argwhere(a), np.argwhere(a > 0.5))", lines)
    check("(np.diff(a > 0.5), np.diff(a > 0.5, n=2))", lines)
    check("np.diff(a > 1, axis=0)", [(each,) for each in TABLES[:2]])
    body = """
    whole = [int(each) for each in a]
    asked = [each > 0.5 for each in whole]
    return np.array(whole, float), np.asarray(whole, dtype=np.int64), np.array(asked, int)"""
    check(body, [(np.array([1.0, -2.0, 3.0]),), (np.zeros(0),)])
    check("(np.atleast_1d(a[0]) * 2, np.atleast_1d(a), np.atleast_1d(a.size))", lines)


def test_outer_of_a_ufunc_is_numpys() -> None:
    def function(a: Any, b: Any) -> Any:
        return np.subtract.outer(a, b), np.add.outer(b, a)

    made = task(function)
    for arguments in ((LINES[0], LINES[0][::2]), (np.arange(3), np.ones(1)), (TABLES[0], LINES[0])):
        expected = [each.tolist() for each in function(*arguments)]
        assert [each.tolist() for each in made.submit(*arguments).result()] == expected
    assert made.explain().compiled
