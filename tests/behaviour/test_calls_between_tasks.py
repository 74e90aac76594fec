"""A task that calls a task, or itself, is compiled with it."""

from __future__ import annotations

import math

import pytest

from catzilla_jit import task


@task
def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


@task
def even(n: int) -> bool:
    return True if n == 0 else odd(n - 1)


@task
def odd(n: int) -> bool:
    return False if n == 0 else even(n - 1)


@task
def endless(n: int) -> int:
    return 1 + endless(n + 1)


@task(compile_to_c=False)
def python_only(n: int) -> int:
    return n


@task
def calls_python(n: int) -> int:
    return python_only(n) + 1


def test_recursive_task_is_compiled():
    assert factorial.compiled
    assert factorial.submit(20).result() == math.factorial(20)


def test_recursive_task_overflows_into_pythons_integers():
    assert factorial.submit(30).result() == math.factorial(30)


def test_tasks_that_call_each_other_are_compiled():
    assert even.compiled
    assert even.submit(10).result() is True


def test_recursion_without_end_is_a_recursion_error():
    with pytest.raises(RecursionError):
        endless.submit(0).result()


def test_task_that_must_stay_python_is_not_compiled_along():
    assert not calls_python.compiled
    assert calls_python.submit(4).result() == 5
