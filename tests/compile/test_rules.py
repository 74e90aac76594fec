"""The codes of refusals: each is used, and has its section with examples on the page.

Every section has an example that is refused with its code, and one that compiles.
"""

from __future__ import annotations

import ast
import pathlib
import re
from typing import Any

import pytest

import catzilla_jit
from catzilla_jit import Task
from catzilla_jit.compile.diagnostics import rules

PACKAGE = pathlib.Path(catzilla_jit.__file__).parent
PAGE = PACKAGE.parent / rules.PAGE
BEFORE = "import numpy as np\nfrom catzilla_jit import task\n"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="needs the source tree")


def sections() -> dict[str, str]:
    """Return the text of each section by its code."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return dict(re.findall(r"^### (CZ\d+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))


SECTIONS = sections()


def examples(code: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", SECTIONS[code], re.MULTILINE | re.DOTALL)


def constants() -> dict[str, str]:
    """Return the codes by the names that they have in the code."""
    return {name: value for name, value in vars(rules).items() if value in list(rules.TITLES)}


def test_codes_are_unique_and_in_order() -> None:
    codes = list(constants().values())
    assert codes == sorted(set(codes)) == list(rules.TITLES)
    assert all(re.fullmatch(r"CZ[1-9]\d\d", code) for code in codes)


def test_every_code_is_used_in_the_code() -> None:
    used = {
        node.attr
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "rules"
    }
    assert constants().keys() - used == set()


def test_page_has_a_section_with_the_title_of_every_code() -> None:
    titles = {code: re.match(r"\n\*\*(.*?)\.\*\*", text) for code, text in SECTIONS.items()}
    found = {code: title[1].lower() for code, title in titles.items() if title}
    assert found == {code: title.lower() for code, title in rules.TITLES.items()}


def explained(source: str, path: pathlib.Path) -> Any:
    """Run an example, and return the explanation of its last task."""
    path.write_text(source, encoding="utf-8")  # a generator expression needs its source
    namespace: dict[str, Any] = {"__name__": path.stem}
    exec(BEFORE, namespace)
    exec(compile(source, str(path), "exec", dont_inherit=True), namespace)
    tasks = [value for value in namespace.values() if isinstance(value, Task)]
    return tasks[-1].explain()


@pytest.mark.parametrize("code", SECTIONS)
def test_first_example_is_refused_with_the_code(code: str, tmp_path: pathlib.Path) -> None:
    explanation = explained(examples(code)[0], tmp_path / f"{code}_refused.py")
    assert not explanation.compiled
    assert [reason.code for reason in explanation.reasons] == [code], str(explanation)


@pytest.mark.parametrize("code", SECTIONS)
def test_last_example_compiles(code: str, tmp_path: pathlib.Path) -> None:
    assert len(examples(code)) == 2
    explanation = explained(examples(code)[1], tmp_path / f"{code}_compiled.py")
    assert explanation.compiled, str(explanation)
