"""`template % values`, `template.format(...)`, `format(value, spec)` as f-strings, of literals.

A form is rewritten only if its f-string evaluates the same expressions in the same order: a value
that is used twice, not at all, or out of turn must be a name or a constant. What an f-string has no
words for (`%e`, `%.2s`, an attribute in a field) is left as it is, and refused later.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Sequence

#: A conversion of `%`; what does not match, or has other flags, is not rewritten.
CONVERSION = re.compile(
    r"%(?P<flags>[-+ #0]*)(?P<width>[1-9][0-9]*)?(\.(?P<digits>[0-9]+))?(?P<kind>[a-zA-Z%(*])"
)


def percent(template: str, values: ast.expr) -> ast.JoinedStr | None:
    """Return the f-string of `template % values`, or None."""
    given = list(values.elts) if isinstance(values, ast.Tuple) else [values]
    if any(isinstance(each, ast.Starred) for each in given):
        return None
    parts: list[ast.expr] = []
    end = 0
    for match in CONVERSION.finditer(template):
        parts += _constant(template[end : match.start()])
        end = match.end()
        if match[0] == "%%":
            parts += _constant("%")
            continue
        spec = _spec(match)
        if spec is None or not given:
            return None
        conversion = ord(match["kind"]) if match["kind"] in "sr" else -1
        parts.append(_field(given.pop(0), conversion, spec))
    if given or "%" in CONVERSION.sub("", template):
        return None
    return ast.JoinedStr(parts + _constant(template[end:]))


def _spec(match: re.Match[str]) -> str | None:
    """Return the spec of an f-string that means what a conversion does."""
    flags, width, digits, kind = (match[each] for each in ("flags", "width", "digits", "kind"))
    width = width or ""
    left = "<" if "-" in flags and width else ""
    if kind in "src":
        if digits is not None or set(flags) - set("-0"):
            return None
        end = "c" if kind == "c" else ""
        return f"{left or '>'}{width}{end}" if width else end
    sign = "+" if "+" in flags else " " if " " in flags else ""
    zero = "0" if "0" in flags and "-" not in flags and width else ""
    prefix = "#" if "#" in flags else ""
    if kind in "diu" and digits is None and not prefix:
        return f"{left}{sign}{zero}{width}d"
    if kind in "oxX" and digits is None:
        return f"{left}{sign}{prefix}{zero}{width}{kind}"
    if kind in "feEgG" and not prefix:
        return f"{left}{sign}{zero}{width}.{digits or 6}{kind}"
    return None


def braces(
    template: str, values: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> ast.JoinedStr | None:
    """Return the f-string of `template.format(*values, **keywords)`, or None."""
    named = {keyword.arg: keyword.value for keyword in keywords}
    if None in named or any(isinstance(each, ast.Starred) for each in values):
        return None
    given: dict[str | None, ast.expr] = {str(index): each for index, each in enumerate(values)}
    given.update(named)
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError:  # a brace that is not closed: Python says so when it runs
        return None
    names = _names([name for _, name, _, _ in fields if name is not None])
    if names is None or not set(names) <= set(given):
        return None
    if names != list(given) and not all(map(_is_simple, given.values())):
        return None
    parts: list[ast.expr] = []
    for literal, name, spec, conversion in fields:
        parts += _constant(literal)
        if name is None:
            continue
        if conversion not in (None, "s", "r") or "{" in (spec or ""):
            return None
        parts.append(_field(given[names.pop(0)], ord(conversion) if conversion else -1, spec or ""))
    return ast.JoinedStr(parts)


def one(arguments: Sequence[ast.expr]) -> ast.JoinedStr | None:
    """Return the f-string of `format(value, spec)`, or None."""
    if not 1 <= len(arguments) <= 2 or isinstance(arguments[0], ast.Starred):
        return None
    spec = arguments[1] if len(arguments) == 2 else ast.Constant("")
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        return None
    return ast.JoinedStr([_field(arguments[0], -1, spec.value)])


def _names(fields: list[str]) -> list[str | None] | None:
    """Number the fields without a name; None when some have one and some have none."""
    if all(field == "" for field in fields):
        return [str(index) for index in range(len(fields))]
    plain = all(field.isidentifier() or field.isdecimal() for field in fields)
    return list(fields) if plain else None


def _is_simple(value: ast.expr) -> bool:
    """Tell whether it makes no difference how often and when a value is evaluated."""
    return isinstance(value, ast.Name | ast.Constant)


def _constant(text: str) -> list[ast.expr]:
    return [ast.Constant(text)] if text else []


def _field(value: ast.expr, conversion: int, spec: str) -> ast.FormattedValue:
    shown = ast.JoinedStr([ast.Constant(spec)]) if spec else None
    return ast.FormattedValue(value, conversion, shown)
