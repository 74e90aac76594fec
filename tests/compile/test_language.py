"""What functions do beside computing: imports inside, keys, messages on ways seldom taken."""

from __future__ import annotations

import calendar
import logging
import math
import sys
import types
import warnings
from typing import Any

import pytest

from catzilla_jit import task
from support.automatic import outcome, submitted

log = logging.getLogger(__name__)


def imports(n: int) -> Any:
    """Import where it begins."""
    import math
    from math import floor
    from math import sqrt as root

    return math.sqrt(n), root(n) + floor(2.5), [floor(x / 2) for x in range(n)]


def extremes(n: int) -> Any:
    values = [n % 5, 3, n, -n, 3 - n]
    smallest = min((x * 2 for x in range(n)), default=None)
    word = max(["aa", "b", "CC"], key=len)
    return max(values, key=lambda v: (v % 3, v)), min(values, key=abs), smallest, word


def bits(n: int) -> Any:
    return n.bit_length(), (n > 2).bit_length()


def of_none(n: int) -> int:
    return max(list(range(n)), key=lambda v: -v)


def says(n: int, verbose: bool = False) -> int:
    if verbose:
        print("n is", n)
        log.info("n")
    if n < 0:
        warnings.warn("negative", stacklevel=1)
    return n * 2


def empties(n: int) -> Any:
    first = [] if n < 5 else [n]
    if n < 0:
        return [], {}, first
    found: dict[int, str] = {}
    values = []
    for i in range(n):
        values += [i / 2]
        found[i] = str(i)
    return values, found, first


def optional(n: int, more: int | None = None) -> Any:
    more = more or 3
    return n + more


def of_calendar(n: int) -> Any:
    return calendar.isleap(n), calendar.leapdays(1900, n)


def close(a: float, b: float) -> Any:
    near = math.isclose(a, b, rel_tol=1e-3, abs_tol=0.5)
    return near, math.isclose(a, b, abs_tol=0.25), a.is_integer()


@pytest.mark.parametrize(
    "function", [imports, extremes, bits, of_none, empties, optional, of_calendar]
)
def test_compiled_function_answers_as_python(function: Any) -> None:
    made = task(function)
    for n in (0, 1, 7, -4, 2**62, -(2**63)) if function is bits else (0, 1, 7, -1):
        assert submitted(made, n) == outcome(function, n)
    assert made.compiled


def test_default_in_the_place_of_none_or_zero_is_pythons() -> None:
    made = task(optional)
    for more in (None, 0, 5, 2**62):
        assert submitted(made, 2**62, more) == outcome(optional, 2**62, more)
    assert made.compiled


def test_tolerances_are_pythons() -> None:
    made = task(close)
    for a in (0.0, 1.0, math.inf, math.nan, -1e300):
        for b in (0.5, 1.0009, math.inf, -math.inf, 1e-9):
            assert submitted(made, a, b) == outcome(close, a, b)
    assert made.compiled


def test_message_is_given_by_python_and_once(capsys: Any) -> None:
    made = task(says)
    assert made.submit(3).result() == 6
    with pytest.warns(UserWarning, match="negative"):
        assert made.submit(-3).result() == -6
    assert made.submit(4, verbose=True).result() == 8
    assert capsys.readouterr().out == "n is 4\n"
    assert made.compiled


def test_changed_module_is_imported_by_the_next_submission(monkeypatch: Any) -> None:
    module = types.ModuleType("catzilla_tests_imported")
    vars(module)["rate"] = 2
    monkeypatch.setitem(sys.modules, "catzilla_tests_imported", module)

    def scaled(n: int) -> int:
        from catzilla_tests_imported import rate

        return n * rate  # type: ignore[no-any-return]

    made = task(scaled)
    assert made.submit(3).result() == 6
    assert made.compiled
    vars(module)["rate"] = 5
    assert made.submit(3).result() == 15


def test_imported_class_has_its_own_name_in_the_reason() -> None:
    def parsed(n: int) -> int:
        from fractions import Fraction

        return Fraction(n).numerator

    (reason,) = task(parsed).explain().reasons
    assert "Fraction" in reason.message
    assert "__cz" not in reason.message


def test_import_of_a_module_that_is_not_there_stays_python() -> None:
    def broken(n: int) -> int:
        import catzilla_no_such_module

        return catzilla_no_such_module.f(n)  # type: ignore[no-any-return]

    made = task(broken)
    assert isinstance(made.submit(3).exception(), ModuleNotFoundError)
    assert not made.compiled
