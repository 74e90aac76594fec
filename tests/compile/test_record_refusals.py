"""Records in ways that Python does not allow, or that stay Python: the same outcome, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import CompileRefused
from support.compile_harness import run
from support.records import PACKED, check, form, items, made, outcome


# fmt: off
def attribute(a: Any) -> Any: return a.x
def attribute_of_item(a: Any) -> Any: return a[0].x
def attribute_of_each(a: Any) -> Any:
    total = 0.0
    for r in a:
        total += r.x
    return total
def attribute_in_helper(a: Any) -> Any: return x_of(a[0])
def x_of(r: Any) -> Any: return r.x
def sets_attribute(a: Any) -> Any: a[0].x = 1.0
def sets_attribute_of_array(a: Any) -> Any: a.x = 1.0
def unknown(a: Any) -> Any: return a["nothing"]
def unknown_of_item(a: Any) -> Any: return a[0]["nothing"]
def sets_unknown(a: Any) -> Any: a[0]["nothing"] = 1.0
def sets_unknown_of_array(a: Any) -> Any: a["nothing"] = 1.0
# fmt: on

WRONG = [
    attribute, attribute_of_item, attribute_of_each, attribute_in_helper, sets_attribute,
    sets_attribute_of_array, unknown, unknown_of_item, sets_unknown, sets_unknown_of_array,
]  # fmt: skip


@pytest.mark.parametrize("function", WRONG)
@pytest.mark.parametrize("mode", [None, True])
def test_what_fails_in_python_fails_alike(function: Callable[..., Any], mode: Any) -> None:
    made_task: Task[..., Any] = task(compile_to_c=mode)(function)
    expected = outcome(function, made(PACKED))
    assert isinstance(expected[0][0], type)
    assert issubclass(expected[0][0], Exception)
    assert outcome(lambda a: made_task.submit(a).result(60), made(PACKED)) == expected


# fmt: off
def item(a: Any) -> Any: return a[1]
def items_of(a: Any) -> Any: return a[0], a[1]
def in_list(a: Any) -> Any: return [r for r in a]  # noqa: C416
def equal(a: Any) -> Any: return a[0] == a[1]
def equal_arrays(a: Any) -> Any: return a == a[::-1]
def by_number(a: Any) -> Any: return a[0][1]
def by_name(a: Any) -> Any:
    total = 0.0
    for name in ("x", "y"):
        total += a[0][name]
    return total
def several(a: Any) -> Any: return a[["x", "y"]]
def masked(a: Any) -> Any: return a[a["x"] > 3.0]
def picked(a: Any) -> Any: return a[np.array([2, 0])]
def dotted(a: Any) -> Any: return a[...]
def length(a: Any) -> Any: return len(a[0])
def as_tuple(a: Any) -> Any: return a[0].item()
def dtype_of(a: Any) -> Any: return a.dtype.itemsize
def from_tuple(a: Any) -> Any: a[0] = (1.0, 2.0, 3, True, 1j, 4)
def copied(a: Any) -> Any: return a.copy()
def transposed(a: Any) -> Any: return a.T["x"]
def flattened(a: Any) -> Any: return a.ravel()["x"]
def constant(a: Any) -> Any: return TABLE[0]["x"] + a[0]["x"]
def fresh(a: Any) -> Any: return np.zeros(2, PACKED)["x"][0] + a["x"][0]
def optional(a: Any) -> Any:
    best = None
    for r in a:
        if best is None or r["x"] > best["x"]:
            best = r
    return 0.0 if best is None else best["x"]
def part_set(a: Any) -> Any: a[1:3] = a[3:5]
def in_dict(a: Any) -> Any: return {"first": a[0]}
def true(a: Any) -> Any: return 1 if a[0] else 2
def unpacked(a: Any) -> Any:
    x, y, *_ = a[0]
    return x + y
def jitted(a: Any) -> Any: return first_of_copy(a)["x"]
def contained(a: Any) -> Any: return a[0] in a
def as_text(a: Any) -> Any: return f"{a[0]}"
def by_key(a: Any) -> Any: return max(a, key=lambda r: r["x"])["y"]
def in_order(a: Any) -> Any: return sorted(a, key=lambda r: r["x"])[0]["y"]
def caught(a: Any) -> Any:
    try:
        return a["nothing"]
    except ValueError:
        return 3
def flat_field(a: Any) -> Any: a["x"].ravel()[0] = 7.0
def summed_itself(a: Any) -> Any: a["n"] += a["n"][::-1]
def small(a: Any) -> Any: return a["small"] + 1
def small_item(a: Any) -> Any: return a[0]["small"] * 3
def sets_small(a: Any) -> Any: a[0]["small"] = 3
def truncates(a: Any) -> Any: a[0]["n"] = 2.5
def truncates_all(a: Any) -> Any: a["n"] = 2.5
# fmt: on

TABLE = np.ones(2, PACKED)


@numba.njit
def first_of_copy(a: Any) -> Any:
    return a.copy()[0]


LEFT = [
    item, items_of, in_list, equal, equal_arrays, by_number, by_name, several, masked, picked,
    dotted, length, as_tuple, dtype_of, from_tuple, copied, transposed, flattened, constant, fresh,
    unpacked, jitted, contained, as_text, by_key, in_order, caught, summed_itself, optional,
    flat_field, part_set, in_dict, true, small, small_item, sets_small, truncates, truncates_all,
]  # fmt: skip


@pytest.mark.parametrize("function", LEFT)
def test_what_is_not_known_to_be_alike_stays_python(function: Callable[..., Any]) -> None:
    check(function, made(PACKED), is_compiled=False)


REASONS = [
    (attribute, r"the function uses \.x of a structured array"),
    (attribute_of_item, r"the function uses \.x of a record"),
    (unknown, "the structured array has no field 'nothing'"),
    (unknown_of_item, "the record has no field 'nothing'"),
    (item, "the function returns record"),
    (in_list, "records are put into a list"),
    (by_name, "the name of a field is computed"),
    (by_number, "a field is not named by a constant string"),
    (masked, "an index other than ints and slices"),
    (copied, r"the function uses \.copy of a structured array"),
    (constant, "the function uses TABLE, a global that holds records"),
    (optional, "a record on one path and something else on another"),
]


@pytest.mark.parametrize(("function", "why"), REASONS, ids=lambda each: str(each)[:12])
def test_refusal_of_records_says_why(function: Callable[..., Any], why: str) -> None:
    for exact in (True, False):
        with pytest.raises(CompileRefused, match=why):
            form(function, made(PACKED), exact=exact)


def test_other_numbers_are_refused_where_they_are_used_and_compiled_on_demand() -> None:
    with pytest.raises(CompileRefused, match="int32"):
        form(small_item, made(PACKED), exact=True)
    assert run(form(small_item, made(PACKED)), made(PACKED)) == 3 * int(made(PACKED)[0]["small"])


def test_index_out_of_bounds_is_an_index_error_where_asked_for() -> None:
    checked = task(boundscheck=True)(items)
    with pytest.raises(IndexError):
        checked.submit(made(PACKED), 6).result(60)


def test_record_arrays_with_attributes_stay_python() -> None:
    array = made(PACKED).view(np.recarray)
    check(attribute, array, is_compiled=False)
    check(attribute_of_item, array, is_compiled=False)
    check(x_of, array[0], is_compiled=False)
