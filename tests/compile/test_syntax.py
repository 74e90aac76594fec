"""The source of a function is found wherever it stands, and is not taken for another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catzilla_jit.compile.frontend.syntax import tree_of

BLANK = '''
def plain(x):
    """A text.
{blank}
    With a line of blanks.
    """
    return any(i > x for i in range(3))


if True:
    def indented(x):
        """A text.
{blank}
  With a line of blanks.
        """
        return any(i > x for i in range(3))
'''


MODULES = """
import math
import numpy as np

def of_a_generator(xs):
    return sum(math.exp(x) for x in xs)

def of_a_list(xs):
    return [np.float64(math.floor(x)) for x in xs]

def of_a_function(xs):
    def inner(x):
        return [math.sqrt(y) for y in x]
    return max(xs, key=lambda x: math.sin(x)) + inner(xs)[0]
"""


def imported(directory: Path, source: str) -> dict[str, Any]:
    path = directory / "blanks.py"
    path.write_text(source)
    names: dict[str, Any] = {"__name__": "blanks"}
    exec(compile(source, str(path), "exec"), names)
    return names


def test_lines_of_blanks_in_a_text_are_kept(tmp_path: Path) -> None:
    names = imported(tmp_path, BLANK.format(blank="    \t  "))
    for name in ("plain", "indented"):
        function: Callable[..., Any] = names[name]
        tree = tree_of(function)  # type: ignore[arg-type]
        assert tree is not None
        assert tree.lineno == function.__code__.co_firstlineno


def test_an_edited_file_is_not_taken_for_the_function(tmp_path: Path) -> None:
    names = imported(tmp_path, BLANK.format(blank=""))
    path = tmp_path / "blanks.py"
    path.write_text(path.read_text().replace("i > x", "i < x"))
    assert tree_of(names["plain"]) is None


def test_methods_of_modules_are_known_in_nested_code(tmp_path: Path) -> None:
    """A method of an imported name has other instructions, which only the module's source tells."""
    names = imported(tmp_path, MODULES)
    for name in ("of_a_generator", "of_a_list", "of_a_function"):
        assert tree_of(names[name]) is not None
