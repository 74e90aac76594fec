"""`catzilla-jit doctor`: what this installation and machine are like, and what to do about it."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...display import terminal
from .. import exit_codes

if TYPE_CHECKING:
    from rich.text import Text

    from ..health_checks import Finding

NAME = "doctor"
SUMMARY = "check versions, native library, allocator, processors and limits"
EPILOG = """\
examples:
  catzilla-jit doctor
  catzilla-jit doctor --json | python -m json.tool

A small task is compiled and run, which takes a second or two. --json prints
{"ok": bool, "findings": [{"name", "value", "level", "advice"}, ...]}, where
level is "ok", "note", "warning" or "broken".

Exit code: 1 if something is broken, else 0.
"""
_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "broken": "bold red"}
_LEVEL_WIDTH, _NAME_WIDTH = 8, 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(arguments: argparse.Namespace) -> int:
    from ..health_checks import CHECKS, examine

    findings = examine(CHECKS)
    shown = _show_json(findings) if arguments.json else _show(findings)
    return (
        exit_codes.FOUND if any(finding.level == "broken" for finding in shown) else exit_codes.OK
    )


def _show_json(findings: Iterable[Finding]) -> list[Finding]:
    shown = list(findings)
    listed = [dataclasses.asdict(finding) for finding in shown]
    ok = all(finding.level != "broken" for finding in shown)
    terminal.print_json({"ok": ok, "findings": listed})
    return shown


def _show(findings: Iterable[Finding]) -> list[Finding]:
    """Print each finding as soon as it is there."""
    console = terminal.stdout()
    shown = []
    for finding in findings:
        shown.append(finding)
        console.print(_laid_out(finding, min(console.width, 100)))
    counts = [(level, sum(f.level == level for f in shown)) for level in _STYLES]
    console.print("\n" + ", ".join(f"{count} {level}" for level, count in counts if count))
    return shown


def _laid_out(finding: Finding, width: int) -> Text:
    from rich.text import Text

    indent = " " * (_LEVEL_WIDTH + _NAME_WIDTH)
    value = textwrap.wrap(finding.value, width - len(indent), break_on_hyphens=False) or [""]
    advice = textwrap.wrap(finding.advice, width - len(indent) - 2)
    text = Text.assemble(
        (finding.level.ljust(_LEVEL_WIDTH), _STYLES[finding.level]),
        finding.name.ljust(_NAME_WIDTH),
        f"\n{indent}".join(value),
    )
    for number, line in enumerate(advice):
        text.append(f"\n{indent}{'  ' if number else '> '}{line}", "italic")
    return text
