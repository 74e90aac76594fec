"""The site: the pages of this folder, and an API reference from the docstrings (make docs)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import catzilla_jit

HERE = Path(__file__).parent

project = "catzilla_jit"
author = "catzilla_jit contributors"
version = release = catzilla_jit.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "fixed_sidebar": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the checkers' own would be pages
# The pages are read in a repository, too, whose headings begin where they like, and whose examples
# name languages that Pygments does not have.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]


def _within(app: Any, page: str, source: list[str]) -> None:
    """Name files of the repository outside of this folder rather than link to them."""

    def shown(found: re.Match[str]) -> str:
        text, path = found[1], found[2].partition("#")[0]
        return text if path.rpartition("/")[2] in text else f"{text} (`{path.lstrip('./')}`)"

    text = re.sub(r"(?<!!)\[([^\]]*)\]\((\.\./[^)]*)\)", shown, source[0])
    source[0] = re.sub(r"```python\n>>>", "```pycon\n>>>", text)


def _plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Have docstrings, which are plain text with names in backticks, pass for reStructuredText."""
    text = "\n".join(lines)
    if not text.strip():
        return
    lines[:] = [line for block in text.split("\n\n") for line in (*_block(block), "")]


def _block(block: str) -> list[str]:
    if block.startswith("    ") and ">>>" not in block:  # an example
        return ["::", "", *block.splitlines()]
    parts = re.split(r"(`[^`\n]+`)", block.replace("\\", "\\\\"))
    return "".join(
        f"`{part}`" if len(part) > 1 and part[0] == part[-1] == "`"
        else re.sub(r"[*|]|(?<=\w)_(?=\W|$)", lambda found: "\\" + found[0], part)
        for part in parts
    ).splitlines()  # fmt: skip


def setup(app: Any) -> None:
    app.connect("source-read", _within)
    app.connect("autodoc-process-docstring", _plain)
