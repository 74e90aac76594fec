"""Tasks in class bodies: bound to the instance like any method."""

from __future__ import annotations

import copy

import pytest

from catzilla_jit import chain, task


class Account:
    def __init__(self, rate: float) -> None:
        self.rate = rate

    @task
    def interest(self, amount: float, years: int = 1) -> float:
        return amount * self.rate * years

    @staticmethod
    @task
    def cents(amount: float) -> int:
        return round(amount * 100)


@pytest.fixture
def account():
    return Account(0.5)


def test_a_method_is_called_and_submitted_on_its_instance(account):
    assert account.interest(10.0) == 5.0
    assert account.interest.submit(10.0, years=3).result() == 15.0
    assert Account(2.0).interest.submit(10.0).result() == 20.0


def test_a_method_is_mapped_on_its_instance(account):
    assert account.interest.map([1.0, 2.0], years=[[1], [2]]).tolist() == [[0.5, 1.0], [1.0, 2.0]]


def test_a_bound_task_has_what_the_task_has(account):
    bound = account.interest
    assert (bound.name, bound.__name__) == ("interest", "interest")
    assert bound.options(timeout_ms=1000).submit(2.0).result() == 1.0
    assert bound == account.interest != Account(0.5).interest
    assert copy.copy(bound) == bound
    assert not bound.compiled
    assert chain(bound, account.cents).submit(1.0).result() == 50


def test_a_task_of_the_class_takes_the_instance(account):
    assert Account.interest.submit(account, 4.0).result() == 2.0


def test_a_static_method_takes_none(account):
    assert account.cents.submit(1.5).result() == Account.cents(1.5) == 150
