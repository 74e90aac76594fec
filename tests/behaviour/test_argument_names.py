"""Parameters that are called as ours are, and values that have no repr."""

from __future__ import annotations

import decimal
import fractions

import pytest

from catzilla_jit import Runtime
from support.kernels import base_task, root


def own_names(self, func=0, args=0, runtime=0, options=0, function=0, **further):
    return self, func, args, runtime, options, function, further


NAMES = {"func": 1, "args": 2, "runtime": 3, "options": 4, "function": 5, "kwargs": 6, "name": 7}
VALUES = (9, 1, 2, 3, 4, 5, {"kwargs": 6, "name": 7})


@pytest.mark.parametrize("options", [{}, {"timeout_ms": 10_000}], ids=["plain", "governed"])
def test_a_parameter_may_have_any_name(runtime, options):
    task = runtime.task(own_names, **options)
    assert task.submit(self=9, **NAMES).result() == VALUES
    assert task(self=9, **NAMES) == VALUES


def test_a_compiled_parameter_may_be_called_self(runtime):
    def double(self: float) -> float:
        return self * 2.0

    task = runtime.task(double, compile_to_c="require")
    assert task.submit(self=2.0).result() == 4.0
    assert task(self=3.0) == 6.0
    assert task.map(self=[1.0, 2.0]).tolist() == [2.0, 4.0]


def test_add_task_hands_the_function_what_is_its_own(runtime):
    assert runtime.add_task(own_names, 9, **NAMES, priority="high").result() == VALUES

    def limited(timeout_ms, priority="none"):
        return timeout_ms, priority

    assert runtime.add_task(limited, timeout_ms=5).result() == (5, "none")
    assert runtime.add_task(limited, timeout_ms=None, priority=1).result() == (None, 1)
    assert runtime.add_task(lambda priority: priority, priority=7).result() == 7


def test_add_task_lifts_a_time_limit_with_none(runtime):
    task = runtime.task(base_task(root, "compiled"), timeout_ms=0.001)
    assert runtime.add_task(task, 4.0, timeout_ms=None).result() == 2.0


class Unspeakable:
    """Its repr raises, and counts."""

    asked = 0

    def __repr__(self):
        Unspeakable.asked += 1
        raise RuntimeError("no repr")


def holds_itself():
    items = []
    items.append(items)
    return items


def test_value_that_does_not_fit_is_not_described_where_python_runs_it(runtime):
    def same(x: float) -> float:
        return x

    task = runtime.task(same)
    assert task.submit(1.0).result() == 1.0
    assert task.compiled
    before = Unspeakable.asked
    odd = Unspeakable()
    assert task.submit(odd).result() is odd
    assert Unspeakable.asked == before


def dict_that_holds_itself():
    found = {}
    found["itself"] = found
    return found


def tuple_that_holds_itself():
    found = ([],)
    found[0].append(found)
    return found


def deep_tuple():
    found = ()
    for _ in range(100_000):
        found = (found,)
    return found


@pytest.mark.parametrize(
    "value", [holds_itself, dict_that_holds_itself, tuple_that_holds_itself, deep_tuple]
)
def test_value_that_holds_itself_or_is_too_deep_for_a_type_is_pythons(runtime, value):
    assert runtime.task(lambda x: len(x)).submit(value()).result() == 1


@pytest.mark.parametrize("make", [Unspeakable, holds_itself])
def test_complaint_about_a_value_without_a_repr_names_task_and_argument(runtime, make):
    task = runtime.task(base_task(root, "compiled"), compile_to_c="require")
    with pytest.raises(TypeError, match="task root: argument 'x' must be float, not") as raised:
        task.submit(make())
    assert len(str(raised.value)) < 200


ODD = [
    decimal.Decimal("nan"), float("nan"), float("inf"), fractions.Fraction(1, 3), "x", 1e300,
    -1, Unspeakable(),
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("option", ["memory_pool_mb", "workers", "queue_size", "when_full"])
def test_odd_setting_of_a_runtime_is_refused_by_its_name(option, value):
    with pytest.raises((TypeError, ValueError), match=option):
        Runtime(**{option: value})


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "option", ["timeout_ms", "delay_ms", "max_retries", "retry_jitter", "priority", "boundscheck"]
)
def test_odd_option_of_a_task_is_refused_by_its_name(runtime, option, value):
    with pytest.raises((TypeError, ValueError), match=option):
        runtime.task(own_names).options(**{option: value})


@pytest.mark.parametrize("length", [2**63, 2**70])
def test_chunks_may_be_longer_than_any_map(runtime, length):
    task = runtime.task(base_task(root, "compiled"))
    assert task.map([1.0, 4.0], chunk_size=length).tolist() == [1.0, 2.0]
