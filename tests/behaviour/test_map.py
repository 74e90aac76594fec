"""Maps: shapes, types, errors, progress, cancelling."""

from __future__ import annotations

import math
import threading

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from catzilla_jit import TaskStatus
from support import kernels
from support.kernels import PATIENCE

same = hypothesis.settings(
    derandomize=True, database=None, deadline=None, max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)  # fmt: skip


def mix(x: float, y: float, z: float) -> float:
    return x + 10.0 * y - z


# --- shapes -------------------------------------------------------------------------------


def test_array_and_scalar(make):
    result = make(kernels.add).map(np.arange(5.0), 1.0)
    assert isinstance(result, np.ndarray)
    assert result.dtype == np.float64
    assert result.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_lists_tuples_and_ranges(make):
    assert make(kernels.add).map([1.0, 2.0], (3.0, 4.0)).tolist() == [4.0, 6.0]
    assert make(kernels.count).map(range(4)).tolist() == [1, 2, 3, 4]
    assert make(kernels.add).map([1, 2], [True + 0.5, 2]).tolist() == [2.5, 4.0]


def test_scalars_alone_give_an_array_without_dimensions(make):
    result = make(kernels.add).map(1.0, 2.0)
    assert result.shape == ()
    assert result == 3.0


def test_default_of_a_parameter_is_broadcast(make):
    assert make(kernels.add).map([1.0, 2.0]).tolist() == [1.5, 2.5]


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4, 2)])
def test_empty_arrays_give_empty_arrays(make, shape):
    batch = make(kernels.add).submit_map(np.zeros(shape), 1.0)
    assert batch.wait(PATIENCE).shape == shape
    assert batch.done()
    assert batch.status() is TaskStatus.COMPLETED
    assert batch.progress == 1.0
    assert batch.completed_range == (0, 0)
    assert batch.errors == {}


def test_two_dimensions_broadcast(make):
    rows, columns = np.arange(3.0)[:, None], np.arange(4.0)[None, :]
    assert (make(mix).map(rows, columns, 0.5) == mix(rows, columns, 0.5)).all()


def test_three_dimensions_broadcast(make):
    x, y, z = np.arange(2.0)[:, None, None], np.arange(3.0)[None, :, None], np.arange(4.0)
    assert (make(mix).map(x, y, z) == mix(x, y, z)).all()


def test_views_of_any_stride(make):
    base = np.arange(60.0)
    for x in (base[::-1], base[::3], base[::-7], base.reshape(6, 10).T, base.reshape(6, 10)[1::2]):
        assert (make(mix).map(x, 1.0, 2.0) == mix(x, 1.0, 2.0)).all()
        assert (make(mix).map(x, x, x[:1]) == mix(x, x, x[:1])).all()
    fortran = np.asfortranarray(base.reshape(3, 4, 5))
    assert (make(mix).map(fortran, base.reshape(3, 4, 5), 1.0) == mix(fortran, fortran, 1.0)).all()


@same
@hypothesis.given(
    shapes=stn.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=4),
    data=st.data(),
)
def test_any_shapes_broadcast_as_numpy_does(make, shapes, data):
    arrays = []
    for shape in shapes.input_shapes:
        steps = data.draw(st.tuples(*[st.sampled_from([1, 2, -1, -2]) for _ in shape]))
        base = np.random.default_rng(len(shape)).normal(size=[side * 2 for side in shape])
        view = base[tuple(slice(None, None, step) for step in steps)]
        arrays.append(view[tuple(slice(0, side) for side in shape)])
    expected = mix(*arrays)
    result = make(mix).map(*arrays)
    assert result.shape == np.shape(expected) == shapes.result_shape
    assert (result == expected).all()


def test_larger_map_is_the_same_as_numpy(make, kind):
    x = np.linspace(0.0, 1.0, 1_000_000 if kind == "compiled" else 20_000)
    assert (make(mix).map(x, x[::-1], 1.0) == mix(x, x[::-1], 1.0)).all()


# --- types --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32, ">f8", ">i4"])
def test_arrays_are_converted_where_nothing_is_lost(make, dtype):
    result = make(kernels.add).map(np.arange(5).astype(dtype), 1.0)
    assert result.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def share(x: float, y: float) -> float:
    return x / 3 + y


def share_of_any(x, y):
    return x / 3 + y


FOREIGN = [np.float32, np.float16, np.int8, np.int32, np.uint8, np.uint64, np.complex64]


@pytest.mark.parametrize("dtype", FOREIGN)
@pytest.mark.parametrize("function", [share, share_of_any])
def test_a_map_computes_with_numbers_of_the_elements_types(runtime, function, dtype):
    task = runtime.task(function)
    task.map([0.5], [0.5])  # there is machine code, for floats
    items = np.array([1, 100, 7]).astype(dtype)
    result = task.map(items, items)
    expected = np.array([function(x, x) for x in items])
    assert (result.dtype, result.tolist()) == (expected.dtype, expected.tolist())


def test_a_map_of_real_numbers_does_not_compute_with_complex_ones(runtime):
    task = runtime.task(square_of_complex)
    assert task.map([1j]).tolist() == [-1.0 + 0j]
    assert task.map([0.5]).dtype == np.float64


def square_of_complex(z: complex) -> complex:
    return z * z


def doubled(x):
    return x * 2


def test_a_form_for_narrow_numbers_takes_no_others(runtime):
    task = runtime.task(doubled, compile_to_c=True)
    task.submit(np.int16(3)).result()
    task.submit(np.float32(0.5)).result()
    for x in (0.5, 3, 2**40):
        value = task.submit(x).result()
        assert (type(value), value) == (type(x), doubled(x))
        assert type(task(x)) is type(x)


def test_bools_ints_and_complex_numbers(make):
    assert make(kernels.flip).map([True, False]).tolist() == [False, True]
    assert make(kernels.flip).map([True, False]).dtype == np.bool_
    assert make(kernels.count).map(np.array([1, 2], np.uint8)).tolist() == [2, 3]
    assert make(kernels.turn).map([1.0, 2j]).tolist() == [1j, -2.0]


@same
@hypothesis.given(
    array=stn.arrays(
        st.sampled_from([np.int64, np.uint64, np.float64, np.float32]),
        st.integers(1, 3),
    )
)
def test_conversion_never_changes_a_value(runtime, array):
    """As a task that must be compiled: each element arrives as it is, or the map is refused."""
    task = runtime.task(kernels.base_task(kernels.add, "compiled"))
    try:
        result = task.map(array, 0.0)
    except OverflowError:
        assert any(int(x) != int(float(x)) or abs(int(x)) > 2**53 for x in array)
    else:
        for x, y in zip(array.tolist(), result.tolist(), strict=True):
            assert x == y or (math.isnan(x) and math.isnan(y))


def test_task_that_returns_nothing_maps_to_none(runtime):
    task = runtime.task(kernels.base_task(kernels.nothing, "compiled"))
    assert task.map([1, 2, 3]) is None


def test_python_map_of_objects_gives_objects(runtime):
    task = runtime.task(lambda text: text.upper(), compile_to_c=False)
    result = task.map(["a", "b"])
    assert result.dtype == object
    assert result.tolist() == ["A", "B"]


def test_python_map_gives_python_numbers_to_the_function(runtime):
    task = runtime.task(lambda x: type(x) is float, compile_to_c=False)
    assert task.map(np.ones(3)).all()


# --- out ----------------------------------------------------------------------------------


def test_out_is_filled_and_returned(make):
    out = np.empty((2, 3))
    assert make(kernels.add).map(np.ones((2, 3)), [1.0, 2.0, 3.0], out=out) is out
    assert out.tolist() == [[2.0, 3.0, 4.0]] * 2


def test_out_may_be_the_argument_itself(make):
    x = np.arange(1000.0)
    make(kernels.add).map(x, 1.0, out=x)
    assert (x == np.arange(1.0, 1001.0)).all()


def test_out_of_the_wrong_shape_is_refused(make):
    with pytest.raises(ValueError, match="add: out must"):
        make(kernels.add).map(np.ones(3), 1.0, out=np.empty(4))


# --- errors -------------------------------------------------------------------------------


def test_failing_item_stops_the_map_and_is_raised(make):
    x = np.ones(10_000)
    x[100] = -1.0
    batch = make(kernels.root).submit_map(x, chunk_size=50)
    for _ in range(2):
        with pytest.raises(ValueError, match="no root") as caught:
            batch.wait(PATIENCE)
        assert caught.value.args == ("no root", -1.0)
        assert caught.traceback[-1].name == "root"
        assert str(caught.traceback[-1].path) == kernels.__file__
    assert batch.status() is TaskStatus.FAILED
    assert list(batch.errors) == [100]


def test_error_of_the_lowest_index_is_raised(make):
    batch = make(kernels.root).submit_map(-np.arange(1.0, 1000.0), chunk_size=1)
    with pytest.raises(ValueError, match="no root") as caught:
        batch.wait(PATIENCE)
    assert caught.value.args == batch.errors[min(batch.errors)].args


def test_collected_errors_lose_no_item(make):
    x = np.arange(1000.0)
    x[::3] *= -1.0
    x[0] = -0.5
    batch = make(kernels.root).submit_map(x, errors="collect")
    result = batch.wait(PATIENCE)
    assert batch.status() is TaskStatus.COMPLETED
    assert list(batch.errors) == list(range(0, 1000, 3))
    assert all(error.args == ("no root", x[i]) for i, error in batch.errors.items())
    good = np.ones(1000, bool)
    good[::3] = False
    assert (result[good].astype(float) == np.sqrt(x[good])).all()
    assert batch.completed_range == (0, 1000)


def test_errors_are_those_of_every_item_when_all_fail(make):
    batch = make(kernels.root).submit_map(-np.ones(5000), errors="collect")
    batch.wait(PATIENCE)
    assert len(batch.errors) == 5000


def test_maps_from_many_threads(make):
    task = make(mix)
    wrong = []

    def run(seed):
        x = np.random.default_rng(seed).normal(size=3000)
        for _ in range(5):
            if not (task.map(x, x[::-1], 1.0) == mix(x, x[::-1], 1.0)).all():
                wrong.append(seed)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
