"""Named tuples, members of enums and objects of dataclasses: given, made, given back."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, NamedTuple

import numpy as np
import pytest

from catzilla_jit import task
from support.automatic import outcome, submitted


class Point(NamedTuple):
    x: float
    y: float = 0.5


class Equal(Point):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Colour(enum.Enum):
    RED = "red"
    GREEN = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 500


@dataclasses.dataclass(frozen=True)
class Circle:
    centre: Point
    radius: float = 1.0


@dataclasses.dataclass
class Account:
    owner: str
    balance: float = 0.0
    kind: Colour = Colour.RED


@dataclasses.dataclass(frozen=True, slots=True)
class Label:
    text: str
    circle: Circle
    level: int | None = None


def moved(p: Point, dx: float) -> Any:
    x, y = p
    return Point(p.x + dx, y), Point(x), [p, Point(y, x)], p[1], p == (1.0, 2.0)


def first_two(values: Any) -> Any:
    p = Point(values[0], y=values[1])
    return p, p.x * 2


def switched(c: Colour, others: list[Colour]) -> Any:
    known = c is Colour.RED or c in (Colour.GREEN,)
    changed = Colour.GREEN if c == Colour.RED else Colour.RED
    return known, changed, c.name, [each for each in others if each != c]


def computed(level: Level, n: int) -> Any:
    return level * n, level + 0.5, level > 2, level == 500, int(level), level


def becomes_int(level: Level, n: int) -> Any:
    return level if n else 3


def grown(c: Circle, by: float) -> Any:
    return Circle(c.centre, radius=c.radius + by), Circle(Point(by, by)), c


def labelled(text: str, n: int) -> Any:
    made = Label(text + "!", Circle(Point(0.0, 1.0)), n)
    return [made, Label(text, made.circle, n)], made.text


def opened(owner: str, n: float) -> Account:
    return Account(owner, balance=n)


def worth(account: Account, years: float) -> float:
    if years < 0:
        raise ValueError("years")
    return account.balance * years + len(account.owner)


P = Point(1.0, 2.0)
C = Circle(P, 2.5)
CASES: list[tuple[Any, list[tuple[Any, ...]]]] = [
    (moved, [(P, 3.0), (Point(1, 2), 3.0), (Equal(1.0, 2.0), 3.0), ((1.0, 2.0), 3.0)]),
    (first_two, [([1.0, 2.0],), (np.array([1.0, 2.0]),)]),
    (switched, [(Colour.RED, [Colour.GREEN]), (Colour.GREEN, [Colour.RED, Colour.GREEN])]),
    (computed, [(Level.HIGH, 2), (Level.LOW, 3), (Level.HIGH, 2**62), (7, 3)]),
    (grown, [(C, 1.0), (Circle(Point(1, 2), 3), 1.0), (Circle(P, np.float64(2.0)), 1.0)]),
    (labelled, [("a", 1), ("", 2)]),
    (opened, [("bob", 1.5)]),
    (worth, [(Account("bob", 2.0), 3.0), (Account("bob", 2), 3.0), (Account("bob", 2.0), -1.0)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "calls"), CASES, ids=lambda each: getattr(each, "__name__", "")
)
def test_function_compiles_and_answers_as_python(function: Any, calls: Any) -> None:
    made = task(function)
    for values in calls:
        assert submitted(made, *values) == outcome(function, *values)
    assert made.explain().compiled, made.explain()


def test_member_that_would_become_an_int_stays_python() -> None:
    made = task(becomes_int)
    assert made.submit(Level.HIGH, 1).result() is Level.HIGH
    assert not made.compiled


def test_object_that_is_changed_or_given_back_stays_the_callers() -> None:
    def paid(account: Account, amount: float) -> Account:
        account.balance += amount
        return account

    def same(account: Account) -> Account:
        return account

    given = Account("bob", 1.0)
    assert task(paid).submit(given, 2.0).result() is given
    assert given.balance == 3.0
    assert task(same).submit(given).result() is given


def test_object_is_not_two_objects_in_a_result() -> None:
    def twice(owner: str) -> Any:
        account = Account(owner)
        return account, account

    first, second = task(twice).submit("bob").result()
    assert first is second


def test_class_of_another_name_space_is_another_class() -> None:
    def made_with(kind: type) -> Any:
        @task
        def place(x: float) -> Any:
            return kind(x, 2.0)

        return place.submit(1.0).result()

    class Point3(NamedTuple):
        x: float
        y: float

    Point3.__name__ = Point3.__qualname__ = "Point"
    assert type(made_with(Point)) is Point
    assert type(made_with(Point3)) is Point3
