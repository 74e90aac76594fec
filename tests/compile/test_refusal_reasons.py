"""What a refusal says: the line, also of a helper and of another file; and nothing of Numba's."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest

from catzilla_jit.compile import CompiledTask, CompileRefused, Explanation
from support.compile_harness import compiled


def writes_text_of(x: int) -> str:
    return json.dumps(x)


def calls_a_helper(x: int) -> str:
    y = x + 1
    return writes_text_of(y)


def test_reason_inside_a_helper_has_the_line_of_the_helper() -> None:
    with pytest.raises(CompileRefused, match=r"json\.dumps") as caught:
        compiled(calls_a_helper)
    (reason,) = caught.value.reasons
    assert (reason.line, reason.file) == (writes_text_of.__code__.co_firstlineno + 1, "")


def function_for(n: int) -> Any:
    return abs if n > 1 else round


def calls_what_a_call_gives(x: float) -> Any:
    return function_for(2)(x)


def test_call_of_what_a_call_gives_says_what_that_is() -> None:
    with pytest.raises(CompileRefused) as caught:
        compiled(calls_what_a_call_gives)
    assert [each.code for each in caught.value.reasons] != ["CZ907"]


def test_explanation_of_a_compiled_task_has_signature_and_time() -> None:
    def twice(x: int) -> int:
        return x + x

    task: CompiledTask = compiled(twice)
    explanation = Explanation.of(task)
    assert explanation.compiled
    assert str(explanation).startswith("twice(x: int) -> int\n")
    assert "ms" in str(explanation)


def test_reason_inside_a_helper_of_another_file_names_the_file(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "foreign.py"
    source.write_text("\n\ndef inverted(flag):\n    return ~flag\n")
    namespace: dict[str, Any] = {"__name__": "foreign"}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    inverted = namespace["inverted"]

    def calls_it(x: bool) -> int:
        return inverted(x)  # type: ignore[no-any-return]

    with pytest.raises(CompileRefused) as caught:
        compiled(calls_it)
    reason = caught.value.reasons[0]
    assert (reason.line, reason.file) == (4, str(source))
    assert str(reason).startswith("line 4 of foreign.py: ~ of a bool")


def test_line_is_found_in_a_file_whose_name_has_blanks(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "my own tasks.py"
    source.write_text("def text_of(x: int) -> str:\n    y = x\n    return json.dumps(y)\n")
    namespace: dict[str, Any] = {"__name__": "foreign", "json": json}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    with pytest.raises(CompileRefused, match=r"json\.dumps") as caught:
        compiled(namespace["text_of"])
    assert caught.value.reasons[0].line == 3


# fmt: off
def goes_twice(n: int) -> Any:
    d = {1: 1}
    for k in d:
        n += k
    for p in d.items():
        n += p[0]
    return n
def gives_a_map(xs: list[int]) -> Any:
    m = map(str, xs)
    return m
def gives_a_function(n: int) -> Any:
    return len
def prints_with_names(n: int) -> Any:
    return print(n, sep=",")
def nests(n: int) -> Any:
    return [[1], ["a"]]
# fmt: on


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (goes_twice, "of two types, each shown as iterator of the keys of dict"),
        (gives_a_map, "the function returns map, which cannot be converted back"),
        (gives_a_function, "the function returns len, a function or a class"),
        (prints_with_names, "print is called with keyword arguments"),
        (nests, r"several types, list\[list\[int\] \| list\[str\]\]"),
    ],
)
def test_refusal_shows_nothing_of_numbas(function: Any, words: str) -> None:
    with pytest.raises(CompileRefused, match=words) as caught:
        compiled(function)
    message = caught.value.reasons[0].message
    for jargon in ("<", ">", "0x", "iter[", "func=", "List(", "numba", "site-packages"):
        assert jargon not in message
    assert not re.search(r"is (.+) on one path and \1 on another$", message)


def sorts_by_two(values: list[int]) -> list[int]:
    return sorted(values, key=lambda first, second: first)


def test_method_that_stands_for_a_builtin_has_the_name_of_python() -> None:
    with pytest.raises(CompileRefused, match=r": \.sort of list\[int\] cannot"):
        compiled(sorts_by_two)
