"""The Markdown pages: their Python examples run and give what is said; their links lead somewhere.

A page writes its examples either as a Python session (>>>), with what is shown, or as a script,
where a number in a comment behind an expression is its value.
"""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

import pytest

from catzilla_jit.pools.native import library

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "native", "examples")
FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = [
    *ROOT.glob("*.md"),
    *(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.md")),
]
ELSEWHERE = {ROOT / "docs" / "refusals.md"}  # tests/compile/test_rules.py runs its examples
PAGES = {
    str(path.relative_to(ROOT)): blocks
    for path in sorted({*FILES} - ELSEWHERE)
    if (blocks := FENCED.findall(path.read_text(encoding="utf-8")))
}
SESSIONS = [page for page, blocks in PAGES.items() if all(">>>" in block for block in blocks)]
SCRIPTS = [page for page, blocks in PAGES.items() if not any(">>>" in block for block in blocks)]


def test_every_page_is_a_session_or_a_script():
    assert sorted(SESSIONS + SCRIPTS) == list(PAGES)
    assert "README.md" in SCRIPTS
    assert "docs/tasks.md" in SESSIONS


@pytest.mark.parametrize("page", SESSIONS)
def test_session_shows_what_the_page_says(page):
    if page == "docs/tasks.md" and library.unavailable() is not None:
        pytest.skip("only native workers can be stopped")
    # Without globals of this module: the page's code is what a user types.
    failed, tried = doctest.testfile(
        str(ROOT / page), module_relative=False, globs={"__name__": "__main__"}
    )
    assert failed == 0
    assert tried >= len(PAGES[page])


def decorators(statement: ast.stmt) -> list[ast.expr]:
    return getattr(statement, "decorator_list", [])


def checked(source: str) -> str:
    """Return a script in which the numbers in comments are asserted."""
    lines = source.splitlines()
    asserted = []
    for statement in ast.parse(source).body:
        first = min([statement.lineno, *(d.lineno for d in decorators(statement))])
        text = "\n".join(lines[first - 1 : statement.end_lineno])
        asserted.append(text)
        comment = re.search(r"# ([-\d.]+)$", text)
        if not comment or not isinstance(statement, ast.Expr):
            continue
        value = statement.value
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "print":
            value = value.args[0]
        asserted.append(f"assert {ast.unparse(value)} == {comment[1]}, {comment[0]!r}")
    return "\n".join(asserted)


@pytest.mark.parametrize("page", SCRIPTS)
def test_script_runs_and_its_numbers_are_right(page, script):
    source = checked("\n".join(PAGES[page]))
    assert "\nassert " in source
    script(source)


def test_a_wrong_number_is_noticed():
    with pytest.raises(AssertionError, match="# 5"):
        exec(checked("print(2 + 2)  # 5"), {})


def anchors(page: Path) -> set[str]:
    """Return what may stand behind # in a link to a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", FILES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    broken = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []
