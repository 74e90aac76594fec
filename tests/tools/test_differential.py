"""The differential tester finds a planted difference, reduces it, and survives a crash."""

from __future__ import annotations

from differential import grammar
from differential.children import outcomes
from differential.expressions import TEMPLATES
from differential.program import Program
from differential.reduction import reduced, smaller

#: Runs as Python whoever calls it; each call after the first six is another.
CHANGING = """
import itertools, os
counter = itertools.count()

def f(x: int):
    words = [str(x)]
    for word in words:
        words = words + [word]
    calls = next(counter)
    {body}
    return x
"""


def planted(body: str) -> Program:
    return Program(CHANGING.format(body=body), ("int",), "seed", calls=6)


def test_number_makes_the_same_program_again() -> None:
    made = [grammar.program(3, number) for number in range(30)]
    assert made == [grammar.program(3, number) for number in range(30)]
    assert len({each.source for each in made}) == 30
    for each in made:
        compile(each.source, "program", "exec")


def test_every_template_makes_a_program_that_is_python() -> None:
    for templates in TEMPLATES.values():
        for template in templates:
            compile(grammar.HOLE.sub("x", template), template, "eval")


def test_smaller_programs_of_one_with_formats_are_python() -> None:
    source = 'def f(x: int):\n    return f"{x + 1:>{x}} of {x!r}" + f"{x:.{x}f}"\n'
    made = list(smaller(Program(source, ("int",), "seed")))
    assert len(made) > 10
    for each in made:
        compile(each.source, "program", "exec")


def test_difference_is_found_and_reduced() -> None:
    (found,) = outcomes([planted("x = x + calls if calls > 5 else x")])
    assert found.find is not None
    assert found.find["how"] == "value"
    smaller = reduced(found, 60)
    assert "word" not in smaller.program.source
    assert "counter" in smaller.program.source


def test_programs_behind_one_that_crashes_are_run() -> None:
    crash, after = outcomes([planted("calls > 5 and os.abort()"), planted("pass")])
    assert crash.find is not None
    assert crash.find["how"] == "crash"
    assert "SIGABRT" in crash.find["compiled"]
    assert after.find is None
    assert after.calls == 6


def test_line_that_python_names_only_at_first_is_no_find() -> None:
    """CPython 3.11 joins instructions of a function that was called often, also over lines."""
    (outcome,) = outcomes([Program("def f():\n    x = 0\n    y += 0\n", (), "seed", calls=20)])
    assert outcome.find is None
    assert outcome.calls == 20


def test_map_that_returns_nothing_is_no_find() -> None:
    for body in ("y = x + 1", "y = 1 // x", "raise ValueError('x')"):
        source = f"def f(x: int):\n    {body}\n"
        (outcome,) = outcomes([Program(source, ("int",), "seed", calls=9, as_map=True)])
        assert outcome.find is None
        assert outcome.compiled
