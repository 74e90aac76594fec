"""`catzilla-jit explain`: which functions of a file are compiled, and why the others are not."""

from __future__ import annotations

import argparse
import linecache
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ...display import terminal
from .. import exit_codes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ...compile import Explanation, Reason
    from ..function_argument import Subject

NAME = "explain"
SUMMARY = "tell which functions of a file compile, and why others do not"
EPILOG = """\
examples:
  catzilla-jit explain prices.py
  catzilla-jit explain prices.py:implied_volatility
  catzilla-jit explain mypackage.prices --verbose
  catzilla-jit explain prices.py --json | python -m json.tool

The file or module is imported (not run as __main__). Its tasks and its
annotated functions are compiled: what became of each, then the details.
Reasons have codes, such as CZ203, that docs/refusals.md explains.

Exit code: 1 if a task with compile_to_c="require" cannot be compiled, 3 if
the file cannot be imported or has no such function, else 0.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", metavar="MODULE_OR_FILE[:FUNCTION]", help="what to import, and what to look at"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="add what the compiler itself said"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array of the functions")


#: Columns of the verdict's word, and at most of a name among others.
WORD, LONGEST_NAME = 10, 24


class Verdict(NamedTuple):
    """What became of one function."""

    subject: Subject
    explanation: Explanation
    required: bool

    @property
    def word(self) -> str:
        if self.explanation.compiled:
            return "compiled"
        if self.explanation.waits:
            return "later"
        return "refused" if self.required else "python"

    @property
    def style(self) -> str:
        styles = {"compiled": "green", "refused": "bold red", "python": "yellow", "later": "cyan"}
        return styles[self.word]


def execute(arguments: argparse.Namespace) -> int:
    from ..function_argument import find

    subjects = find(arguments.target, verbose=arguments.verbose)
    if arguments.json:
        verdicts = [judge(subject) for subject in subjects]
        terminal.print_json([_document(verdict) for verdict in verdicts])
    else:
        verdicts = _show(subjects, verbose=arguments.verbose)
    refused = any(verdict.word == "refused" for verdict in verdicts)
    return exit_codes.FOUND if refused else exit_codes.OK


def _show(subjects: list[Subject], *, verbose: bool) -> list[Verdict]:
    from ...compile.diagnostics import rules

    console = terminal.stdout()
    if not subjects:
        console.print("no tasks and no annotated functions")
        return []
    width = min(max(len(subject.name) for subject in subjects), LONGEST_NAME)
    verdicts = []
    for subject in subjects:
        verdict = judge(subject)
        verdicts.append(verdict)
        console.print(_line(verdict, width, console.width), soft_wrap=True)
    for verdict in verdicts:
        console.print()
        _detail(console, verdict, verbose=verbose)
    if not all(verdict.explanation.compiled for verdict in verdicts):
        console.print(f"\n{rules.PAGE} explains the codes")
    return verdicts


def _document(verdict: Verdict) -> dict[str, Any]:
    """Return the object that --json prints; docs/command-line.md says what is in it."""
    subject, explanation = verdict.subject, verdict.explanation
    return {
        "name": subject.name,
        "file": subject.file,
        "line": subject.line,
        "verdict": verdict.word,
        "compiled": explanation.compiled,
        "signature": explanation.signature,
        "parallel_lines": [line for line, _ in explanation.loops],
        "reasons": [
            {
                "code": reason.code,
                "file": reason.file or subject.file,
                "line": _line_of(reason, subject.file),
                "message": reason.message,
                "advice": reason.advice,
            }
            for reason in explanation.reasons
        ],
        "arrays": [
            {
                "file": evaluation.file or subject.file,
                "line": evaluation.line,
                "source": evaluation.source(subject.file),
                "how": evaluation.how,
            }
            for evaluation in explanation.evaluations
        ],
    }


def judge(subject: Subject) -> Verdict:
    """Compile the function, and note what came of it."""
    with warnings.catch_warnings():
        # That a task asked for compilation and did not get it is what we are about to say.
        warnings.simplefilter("ignore")
        explanation = subject.task.explain()
    program = subject.task._jit_function
    # Switched off by the environment nothing is refused: it runs as Python.
    required = program.mode == "require" and not program.switched_off
    return Verdict(subject, explanation, required)


def _line(verdict: Verdict, names: int, columns: int) -> Text:
    """Return what is said of a function, in the lines it needs; names: the columns for its name."""
    from rich.text import Text

    if verdict.explanation.compiled:
        said = verdict.explanation.signature or ""
    else:
        reason = verdict.explanation.reasons[0]
        line = _line_of(reason, verdict.subject.file)
        place = f" of {os.path.basename(reason.file)}" if reason.file else ""
        said = (f"line {line}{place}: " if line is not None else "") + reason.summary
    label = terminal.printable(verdict.subject.name).ljust(names) + "  "
    left = WORD + len(label)
    if left > columns // 2:  # a long name has a line of its own
        label = label.rstrip() + "\n" + " " * (WORD + 2)
        left = WORD + 2
    text = terminal.labelled("", said, left, columns).lstrip(" ")
    return Text.assemble((verdict.word.ljust(WORD), verdict.style), label, text)


def _detail(console: Console, verdict: Verdict, *, verbose: bool) -> None:
    from rich.text import Text

    subject = verdict.subject
    place = f"  {_short(subject.file)}:{subject.line}" if subject.file else ""
    title = Text.assemble(
        (terminal.printable(subject.name), f"bold {verdict.style}"),
        (terminal.printable(place), "dim"),
    )
    console.print(title, overflow="fold")
    for label, text in _facts(verdict, verbose=verbose):
        console.print(terminal.labelled(f"  {label}", text, 13, console.width))


def _short(path: str) -> str:
    short = os.path.relpath(path)
    return path if short.startswith("..") or not os.path.exists(path) else short


def _facts(verdict: Verdict, *, verbose: bool) -> Iterator[tuple[str, str]]:
    explanation = verdict.explanation
    if not explanation.compiled:
        for reason in explanation.reasons:
            yield from _facts_of(reason, verdict.subject.file, verbose=verbose)
        return
    yield "signature", explanation.signature or ""
    how = "loaded from the cache" if explanation.from_cache else "compiled now"
    yield "time", f"{explanation.compile_seconds:.3f} s, {how}"
    if explanation.interruptible:
        yield "stopping", "can be cancelled and timed out while it runs"
    else:
        yield "stopping", "cannot be interrupted while it runs: it calls back into Python"
    for said in explanation.parallel:
        yield "parallel", said
    for file, line in dict.fromkeys((each.file, each.line) for each in explanation.evaluations):
        place = f" of {_short(file)}" if file else ""
        ways = [e.how for e in explanation.evaluations if (e.file, e.line) == (file, line)]
        yield f"line {line}{place}", "; ".join(ways)
    if explanation.warns:
        yield "warnings", explanation.warns
    if not explanation.repeatable:
        yield "overflow", "raises OverflowError: it has side effects, so it is not run again"


def _line_of(reason: Reason, file: str) -> int | None:
    """Return the line to show: a function's first is its decorator's, but `def` says more.

    file: where it is, if the reason names no other.
    """
    line = reason.line
    while line is not None and linecache.getline(reason.file or file, line).lstrip().startswith(
        "@"
    ):
        line += 1
    return line


def _facts_of(reason: Reason, file: str, *, verbose: bool) -> Iterator[tuple[str, str]]:
    line = _line_of(reason, file)
    if line is not None:
        place = f" of {_short(reason.file)}" if reason.file else ""
        yield f"line {line}{place}", reason.source(file) or "(no source)"
    yield "reason", reason.summary
    if reason.advice:
        yield "change", reason.advice
    if verbose and reason.detail:
        yield "compiler", reason.detail
