"""What the types of the arguments decide is decided before compiling."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from catzilla_jit import task
from catzilla_jit.compile.frontend.fact import Fact, array
from catzilla_jit.compile.frontend.fold import fold
from catzilla_jit.compile.frontend.known import Facts


def folded(source: str, **known: Fact) -> str | None:
    tree: Any = ast.parse(source).body[0]
    names = {"list": list, "str": str, "float": float, "np": np}

    def value_of(node: ast.AST) -> Any:
        if isinstance(node, ast.Attribute):
            return getattr(value_of(node.value), node.attr, None)
        return names.get(node.id) if isinstance(node, ast.Name) else None

    local = {each.arg for each in tree.args.args}
    made = fold(tree, known, Facts(value_of, local.__contains__))
    return None if made is None else "\n".join(map(ast.unparse, made.body))


LINE = array(1, np.dtype(float))
TEXT = Fact(kinds=(str,))
NUMBER = Fact(kinds=(float, np.float64))


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ("x is None", False), ("x is not None", True), ("x.ndim == 1", True), ("x.ndim > 1", False),
        ("len(x.shape) == 2", False), ("isinstance(x, list)", False),
        ("isinstance(x, np.ndarray)", True), ("np.ndim(x) == 1", True), ("np.isscalar(x)", False),
        ("hasattr(x, '__len__')", True), ("x.dtype == float", True),
        ("x.dtype.kind in 'iu'", False),
        ("np.issubdtype(x.dtype, np.floating)", True), ("np.iscomplexobj(x)", False),
        ("callable(x)", False), ("np.finfo(x.dtype).bits == 64", True),
        ("'Linear'.lower().startswith('lin')", True), ("w is None", True),
        ("w == 'a'", False), ("not w", True),
        ("isinstance(s, str)", True), ("s is None", False), ("f is None", False),
        ("f == 'auto'", False), ("isinstance(f, float)", True), ("np.isscalar(f)", True),
        ("type(x) is np.ndarray", True), ("w is None or s", True), ("x is None and s", False),
    ],
)  # fmt: skip
def test_conditions_that_types_decide(test: str, truth: bool) -> None:
    source = f"def f(x, w, s, f):\n    if {test}:\n        return 1\n    return 2"
    known = {"x": LINE, "w": Fact(None), "s": TEXT, "f": NUMBER}
    assert folded(source, **known) == f"return {1 if truth else 2}"


@pytest.mark.parametrize(
    "test",
    [
        "x == None", "isinstance(f, np.floating)", "s == 'a'", "x.size", "len(x) > 1", "f",
        "isinstance(n, int)", "n is None", "type(f) is float", "x.shape[0] == 1",
    ],
)  # fmt: skip
def test_conditions_that_types_leave_open(test: str) -> None:
    source = f"def f(x, s, f, n):\n    if {test}:\n        return 1\n    return 2"
    assert folded(source, x=LINE, s=TEXT, f=NUMBER) is None


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("x = np.asarray(x)\n    if x.ndim == 1: return 1\n    return 2",
         "x = np.asarray(x)\nreturn 1"),
        ("x = g(x)\n    if x is None: return 1\n    return 2", None),
        ("for i in g():\n        if x is None: return 1\n        x = None\n    return 2", None),
        ("if g(): x = None\n    if x is None: return 1\n    return 2", None),
        ("try: x = None\n    except E: pass\n    if x is None: return 1\n    return 2", None),
        ("if (x := g()) is None: return 1\n    return x is None and 2", None),
        ("with g() as x:\n        if x is None: return 1\n    return 2", None),
        ("del x\n    if x is None: return 1\n    return 2", None),
        ("y = [x for x in g() if x is None]\n    return y", None),
        ("def x(): pass\n    if x is None: return 1\n    return 2", None),
        ("if x is None: y = 1\n    return y", None),  # y would be a global
        ("return 1 if w is None else x", "return 1"),
        ("return w or x", "return x"),
        ("if w is None: w = 1\n    return w + 1", "w = 1\nreturn w + 1"),
        ("return g(axis=w)", "return g(axis=None)"),
        ("w = 2\n    return g(w)", None),
    ],
)  # fmt: skip
def test_what_is_known_is_what_holds_at_the_place(body: str, left: str | None) -> None:
    assert folded(f"def f(x, w):\n    {body}", x=LINE, w=Fact(None)) == left


def helper(x, axis=None):  # type: ignore[no-untyped-def]
    if isinstance(x, str):
        return open(x)
    if axis is None:
        return x.sum()
    return x.mean(axis)


def test_branch_of_other_types_is_no_obstacle() -> None:
    @task
    def weighted(x, weights=None):  # type: ignore[no-untyped-def]
        x = np.asarray(x)
        if x.ndim > 1:
            return eval("x")
        if weights is None:
            weights = 2.0
        elif isinstance(weights, str):
            weights = eval(weights)
        return helper(x * weights)

    values = np.arange(4.0)
    assert weighted.submit(values).result() == 12.0
    assert weighted.submit(values, values).result() == 14.0
    assert len(weighted._jit_function.forms) == 2


def test_deletion_of_what_is_not_named_any_more_is_left_out() -> None:
    @task
    def width(x, unused):  # type: ignore[no-untyped-def]
        twice = [each * 2.0 for each in x]
        first = twice[0]
        del unused, twice
        return x[0] - first

    assert width.submit([1.0, 2.0], 3).result() == -1.0
    assert width.explain().compiled


def test_other_deletions_are_pythons() -> None:
    def named_later(x, y):  # type: ignore[no-untyped-def]
        del y
        return x + y  # noqa: F821 -- it is gone

    def in_a_loop(x, y):  # type: ignore[no-untyped-def]
        for _ in range(2):
            del y
        return x

    def looked_for_later(x, y):  # type: ignore[no-untyped-def]
        made = (each * y for each in (x, x))
        del y
        return sum(made)

    def never_bound(x, y):  # type: ignore[no-untyped-def]
        if x > y:
            z = x
        del z
        return x

    for function in (named_later, in_a_loop, looked_for_later, never_bound):
        with pytest.raises(NameError):
            task(function).submit(1.0, 2.0).result()


def appended(n: int) -> int:
    known, wanted = [1, 2], 3
    known.append(3)
    return n if wanted in known else -n


def compared(n: int) -> int:
    first, second = [1], [1]
    first.append(n)
    return 1 if first == second else 2


def added(n: int) -> int:
    known, wanted = {1, 2}, 3
    known.add(3)
    return n if wanted in known else -n


def changed_in_a_tuple(n: int) -> int:
    pair = ([1, 2], 3)
    pair[0].append(n)
    return 1 if pair == ([1, 2], 3) else 2


@pytest.mark.parametrize("function", [appended, compared, added, changed_in_a_tuple])
def test_list_that_was_written_out_may_change(function: Any) -> None:
    """The items of a constant list were taken for those of its variable, however that changed."""
    made = task(function)
    assert made.submit(5).result(60) == function(5)
    assert made.explain().compiled


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ("type(x).__name__ == 'Symbol'", False), ("'float' == type(k).__name__", None),
        ("'sympy' in str(type(k))", False), ("'float' in str(type(k))", True),
        ("type(s).__name__ != 'str'", False), ("type(s).__name__ == s", None),
    ],
)  # fmt: skip
def test_names_of_classes(test: str, truth: bool | None) -> None:
    source = f"def f(x, k, s):\n    if {test}:\n        return 1\n    return 2"
    left = folded(source, x=LINE, k=NUMBER, s=TEXT)
    expected = {True: "return 1", False: "return 2"}
    assert left == (None if truth is None else expected[truth])
