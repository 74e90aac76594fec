"""What a task raised is what who asks gets: no constructor is called a second time."""

from __future__ import annotations

import pytest

from catzilla_jit import chain
from support.kernels import PATIENCE, add


class Refused(Exception):
    def __init__(self, text, code=0):
        super().__init__(text)
        self.code = code


class HttpError(Exception):
    def __init__(self, *, status):
        super().__init__(f"status {status}")
        self.status = status


class Coded(Exception):
    def __init__(self, number):
        super().__init__(f"failed with {number}")
        self.number = number


class Slotted(ValueError):
    __slots__ = ("place",)

    def __init__(self, place):
        self.place = place


class Frozen(Exception):
    def __setattr__(self, name, value):
        raise TypeError("frozen")


class Missing(OSError):
    def __init__(self, path):
        super().__init__(2, "no such file", path)


KEPT = Refused("kept", code=9)


# fmt: off
def by_name(n: int) -> int:
    if n > 0:
        raise Refused("bad", code=5)
    return n
def by_name_only(n: int) -> int:
    if n > 0:
        raise HttpError(status=404)
    return n
def coded(n: int) -> int:
    if n > 0:
        raise Coded(n)
    return n
def slotted(n: int) -> int:
    if n > 0:
        raise Slotted(n)
    return n
def frozen(n: int) -> int:
    if n > 0:
        raise Frozen("x")
    return n
def missing(n: int) -> int:
    if n > 0:
        raise Missing("/nowhere")
    return n
def system(n: int) -> int:
    if n > 0:
        raise FileNotFoundError(2, "no such file", "/nowhere")
    return n
def made_before(n: int) -> int:
    if n > 0:
        raise KEPT
    return n
def from_another(n: int) -> int:
    if n > 0:
        raise ValueError("bad") from KeyError("k")
    return n
def from_nothing(n: int) -> int:
    if n > 0:
        raise ValueError("bad") from None
    return n
def in_handler(n: int) -> float:
    try:
        return 1.0 / (n - n)
    except Exception:
        raise ValueError("bad")  # noqa: B904
def in_handler_from(n: int) -> float:
    try:
        return 1.0 / (n - n)
    except ZeroDivisionError as error:
        raise ValueError("bad") from error
# fmt: on

FUNCTIONS = [
    by_name, by_name_only, coded, slotted, frozen, missing, system, made_before, from_another,
    from_nothing, in_handler, in_handler_from,
]  # fmt: skip


def state(error):
    place = getattr(error, "place", None), getattr(error, "filename", None)
    kept = (vars(error), *place, repr(error.__cause__), repr(error.__context__))
    return type(error), str(error), error.args, *kept, error.__suppress_context__


def python_of(function):
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- of any kind
        function(7)
    return state(caught.value)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_exception_has_the_state_that_the_task_gave_it(make, function):
    result = make(function).submit(7)
    expected = python_of(function)
    for _ in range(2):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            result.result(PATIENCE)
        assert state(caught.value) == expected
        assert state(result.exception(PATIENCE)) == expected


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_dependants_and_chains_keep_the_state(make, function):
    expected = python_of(function)
    failed = make(function).submit(7)
    for result in (make(add).submit(failed, 1.0), failed.then(make(add), 1.0)):
        error = result.exception(PATIENCE)
        assert state(error)[:6] == expected[:6]
        assert state(error.__cause__) == expected
    error = chain(make(function), make(add)).submit(7).exception(PATIENCE)
    assert state(error)[:6] == expected[:6]


def caught(n: int) -> int:
    count = 0
    for i in range(n):
        try:
            count += 7 // (i - 1)
        except Exception:
            count -= 1
    return count


@pytest.mark.parametrize("mode", [None, False])  # Python 3.10 compiles no `try`
def test_what_a_handler_has_caught_is_forgotten_by_the_next_try(runtime, mode):
    task = runtime.task(caught, compile_to_c=mode)
    assert task.submit(5).result(PATIENCE) == caught(5)
