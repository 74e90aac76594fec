"""f-strings, `%` and `format` as sums of texts."""

from __future__ import annotations

import ast

from catzilla_jit.compile.frontend.rewriting import Rewriting, placed
from catzilla_jit.compile.library import format_spec


def literal_text(node: ast.expr) -> str | None:
    text = node.value if isinstance(node, ast.Constant) else None
    return text if isinstance(text, str) else None


def sum_of(rewriter: Rewriting, node: ast.AST, values: list[ast.expr]) -> ast.AST | None:
    parts = [text_of(rewriter, part) for part in values]
    if not parts or None in parts:
        return None
    rewriter.changed = True
    total = parts[0]
    for part in parts[1:]:
        assert total is not None
        assert part is not None
        total = ast.BinOp(total, ast.Add(), part)
    assert total is not None
    return placed(node, total)


def text_of(rewriter: Rewriting, part: ast.expr) -> ast.expr | None:
    if isinstance(part, ast.Constant):
        return part
    if not isinstance(part, ast.FormattedValue) or part.conversion == ord("a"):
        return None
    value = part.value
    if part.conversion == ord("r"):
        value = rewriter._call("repr", repr, value)
    elif part.conversion == ord("s"):
        value = rewriter._call("str", str, value)
    if part.format_spec is None:
        return value if part.conversion != -1 else rewriter._call("str", str, value)
    spec = part.format_spec
    if isinstance(spec, ast.JoinedStr) and all(isinstance(e, ast.Constant) for e in spec.values):
        text = "".join(str(each.value) for each in spec.values if isinstance(each, ast.Constant))
        formatter = format_spec.formatter(text)
        if formatter is not None:
            return rewriter._call(f"format{len(rewriter.values)}", formatter, value)
    return None


def formatted(rewriter: Rewriting, node: ast.expr, made: ast.JoinedStr | None) -> ast.AST:
    """Return what an f-string becomes; the node itself where nothing is gained."""
    if made is None:
        return node
    joined = placed(node, made)
    text = rewriter.visit(joined)
    return node if text is joined else text
