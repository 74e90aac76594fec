"""The examples in docs/tasks.md and docs/compilation.md do what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from catzilla_jit.runtime import native

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.skipif(native.unavailable() is not None, reason="only native workers can be stopped")
def test_examples_of_the_guide_to_tasks():
    # Without globals of this module: the guide's code is what a user types.
    failed, tried = doctest.testfile(
        str(DOCS / "tasks.md"), module_relative=False, globs={"__name__": "__main__"}
    )
    assert failed == 0
    assert tried > 20


def test_examples_of_the_page_on_compilation():
    failed, tried = doctest.testfile(
        str(DOCS / "compilation.md"), module_relative=False, globs={"__name__": "__main__"}
    )
    assert failed == 0
    assert tried > 20
