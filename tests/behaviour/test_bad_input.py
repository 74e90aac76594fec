"""What a task that must be compiled does with arguments that do not fit: refuses, queues nothing.

The worker is held at a gate, so whatever was queued would still be there.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from catzilla_jit import Runtime
from support.gates import hold
from support.kernels import add, base_task, count, flip, turn


@pytest.fixture
def refuses(single, gate):
    """refuses(error, match, function, *arguments, map=..., **keywords)."""
    held = gate.hold(single.task(base_task(hold, "compiled")))

    def refuses(error, match, function, *arguments, way="submit", **keywords):
        task = single.task(base_task(function, "compiled"))
        with pytest.raises(error, match=match):
            getattr(task, way)(*arguments, **keywords)
        assert sum(single.start().depths()) == 0

    yield refuses
    gate.open()
    held.result()


def test_wrong_number_of_arguments(refuses):
    refuses(TypeError, "add: missing.*'a'", add)
    refuses(TypeError, "add: too many", add, 1.0, 2.0, 3.0)
    refuses(TypeError, "add: .*unexpected.*'c'", add, 1.0, c=2.0)
    refuses(TypeError, "add: multiple values.*'a'", add, 1.0, a=2.0)


@pytest.mark.parametrize("value", ["1.0", b"1", None, [1.0], 1j, True, object(), {}])
def test_what_is_no_float_is_refused(refuses, value):
    refuses(TypeError, "task add: argument 'b' must be float", add, 1.0, value)


def test_int_that_no_float_holds_is_refused(refuses):
    refuses(TypeError, "task add: argument 'a'", add, 2**70)
    refuses(TypeError, "task add: argument 'a'", add, 2**53 + 1)
    refuses(TypeError, "task add: argument 'a'", add, 10**400)


@pytest.mark.parametrize("value", [2**70, -(2**70), 2**63, -(2**63) - 1])
def test_int_beyond_64_bits_is_refused(refuses, value):
    refuses(TypeError, "task count: argument 'n'", count, value)


@pytest.mark.parametrize("value", [1.5, 1.0, "1", None, True, 1j])
def test_what_is_no_int_is_refused(refuses, value):
    refuses(TypeError, "task count: argument 'n' must be int", count, value)


@pytest.mark.parametrize("value", [0, 1, 1.0, "", None])
def test_what_is_no_bool_is_refused(refuses, value):
    refuses(TypeError, "task flip: argument 'flag' must be bool", flip, value)


def test_what_is_no_complex_is_refused(refuses):
    refuses(TypeError, "task turn: argument 'z'", turn, "1j")


def test_arrays_that_do_not_broadcast_are_refused(refuses):
    refuses(ValueError, "add: argument 'b' of shape", add, [1.0, 2.0], [1.0] * 3, way="map")
    refuses(ValueError, "add: argument 'b'", add, [[1.0, 2.0]], [[1.0] * 3], way="submit_map")


def test_results_as_arguments_of_a_map_are_refused(make, refuses):
    results = [make(add).submit(1.0), make(add).submit(2.0)]
    for argument in (results, results[0], make(add).submit_map([1.0])):
        refuses(TypeError, "add: argument 'a' has results", add, argument, way="map")


def test_add_task_takes_functions_only(runtime):
    with pytest.raises(TypeError, match="expected a function or a task, not 3"):
        runtime.add_task(3)


def test_ragged_lists_are_refused(refuses):
    refuses(ValueError, "add: argument 'a'", add, [[1.0], [1.0, 2.0]], 1.0, way="map")


@pytest.mark.parametrize(
    ("function", "value", "error"),
    [
        (count, [1.5], TypeError),
        (count, [2**63], OverflowError),
        (count, ["1"], TypeError),
        (count, [True], TypeError),
        (count, [None], TypeError),
        (add, [1j], TypeError),
        (add, [2**53 + 1], OverflowError),
        (add, ["a"], TypeError),
        (flip, [1], TypeError),
        (turn, [object()], TypeError),
    ],
)
def test_arrays_of_the_wrong_type_are_refused(refuses, function, value, error):
    rest = [1.0] if function is add else []
    refuses(error, f"task {function.__name__}: argument", function, value, *rest, way="map")


def test_out_that_does_not_fit_is_refused(refuses):
    np = pytest.importorskip("numpy")
    good = np.zeros(3)
    refuses(ValueError, "out", add, good, 1.0, way="map", out=np.zeros(4))
    refuses(ValueError, "out", add, good, 1.0, way="map", out=np.zeros(3, np.float32))
    refuses(ValueError, "out", add, good, 1.0, way="map", out=[0.0] * 3)
    refuses(ValueError, "out", add, good, 1.0, way="map", out=np.zeros((3, 2))[:, 0])
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    refuses(ValueError, "out", add, good, 1.0, way="map", out=frozen)
    base = np.zeros(4)
    refuses(ValueError, "out overlaps", add, base[1:], 1.0, way="map", out=base[:-1])


def test_options_of_a_map_are_checked(refuses):
    refuses(ValueError, "add: errors must be", add, [1.0], 1.0, way="map", errors="ignore")
    for size in (0, -1, 1.5, True, "big"):
        refuses(ValueError, "add: chunk_size", add, [1.0], 1.0, way="map", chunk_size=size)


def test_wrong_number_of_arrays_is_a_type_error(refuses):
    refuses(TypeError, "add: missing", add, way="map")
    refuses(TypeError, "add: too many", add, [1.0], [1.0], [1.0], way="map")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"workers": 0}, ValueError),
        ({"workers": -1}, ValueError),
        ({"workers": 1025}, ValueError),
        ({"workers": 1.5}, TypeError),
        ({"workers": "2"}, TypeError),
        ({"workers": True}, TypeError),
        ({"queue_size": 0}, ValueError),
        ({"queue_size": 2**40}, ValueError),
        ({"queue_size": None}, TypeError),
        ({"when_full": "drop"}, ValueError),
        ({"when_full": None}, ValueError),
    ],
)
def test_runtime_refuses_settings_that_make_no_sense(options, error):
    with pytest.raises(error, match=next(iter(options))):
        Runtime(**options)


def test_compile_mode_that_does_not_exist_is_refused(runtime):
    for mode in ("yes", 1, "Require"):
        with pytest.raises(ValueError, match="compile_to_c"):
            runtime.task(add, compile_to_c=mode)


def test_what_is_no_function_is_refused(runtime):
    with pytest.raises(TypeError, match="expected a function"):
        runtime.task(3)


def test_wrong_arguments_of_a_python_task_fail_its_call(runtime):
    task = runtime.task(add, compile_to_c=False)
    assert isinstance(task.submit().exception(), TypeError)
    assert isinstance(task.submit(1, 2, 3).exception(), TypeError)
    assert isinstance(task.submit("a", 1).exception(), TypeError)


class Loud(int):
    def __add__(self, other):
        return "loud"


class Broken:
    def __index__(self):
        raise RuntimeError("no index")

    def __radd__(self, other):
        return "broken"

    def __add__(self, other):
        return "broken"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (np.uint8(255), np.uint8(0)), (np.float32(0.1), np.float32(0.1) + 1),
        (Loud(2), "loud"), (Broken(), "broken"), (np.array([1, 2]), [2, 3]), (Fraction(1, 2), 1.5),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_what_is_no_number_of_pythons_own_runs_as_python(single, value, answer):
    task = single.task(count)
    assert task.submit(1).result() == 2
    assert task.compiled
    result = task.submit(value).result()
    assert np.all(result == answer)
    assert type(result) is type(count(value))


@pytest.mark.parametrize(
    ("values", "kind"), [(["text"], TypeError), ([2**63], OverflowError), ([2.5], TypeError)]
)
def test_map_that_does_not_fit_raises_a_builtin_exception(runtime, values, kind):
    def doubled(n: int) -> int:
        return 2 * n

    with pytest.raises(Exception) as caught:  # noqa: PT011 -- the very class is looked at
        runtime.task(doubled, compile_to_c="require").map(values)
    assert type(caught.value) is kind
