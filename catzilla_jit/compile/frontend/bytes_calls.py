"""`int.from_bytes(...)`, `n.to_bytes(...)` and `text.encode("utf-8")`, with literals."""

from __future__ import annotations

import ast
import sys

from catzilla_jit.compile.frontend.rewrite_text import literal_text
from catzilla_jit.compile.frontend.rewriting import Rewriting, placed
from catzilla_jit.compile.library.bytes import convert


def number_and_bytes(rewriter: Rewriting, node: ast.Call, method: ast.Attribute) -> ast.AST:
    """Turn `int.from_bytes(...)` and `n.to_bytes(...)` into calls of functions."""
    name = method.attr
    given = _given(node, "bytes" if name == "from_bytes" else "length")
    if given is None or (name == "from_bytes" and rewriter._builtin(method.value) != "int"):
        return node
    value, little, signed = given
    function = convert.from_bytes if name == "from_bytes" else convert.to_bytes
    values = [value] if name == "from_bytes" else [method.value, value]
    rewriter.changed = True
    return placed(node, rewriter._call(name, function, *values, little, signed))


def is_utf8(node: ast.Call) -> bool:
    """Tell whether it is `.encode("utf-8")`, which is `.encode()`."""
    known = isinstance(node.func, ast.Attribute) and node.func.attr == "encode"
    if not known or len(node.args) != 1 or node.keywords:
        return False
    return literal_text(node.args[0]) in convert.UTF_8


def _given(node: ast.Call, first: str) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """Return the first argument, whether the order is little, and `signed`; None if not plain."""
    names = [first, "byteorder"]
    given: dict[str | None, ast.expr] = {}
    if sys.version_info >= (3, 11):
        given = {"length": ast.Constant(1), "byteorder": ast.Constant("big")}
    given["signed"] = ast.Constant(False)
    if len(node.args) > 2 or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    given.update(zip(names, node.args, strict=False))
    given.update({each.arg: each.value for each in node.keywords})
    order, signed = given.get("byteorder"), given["signed"]
    known = isinstance(order, ast.Constant) and order.value in ("little", "big")
    if not known or not isinstance(signed, ast.Constant) or not isinstance(signed.value, bool):
        return None
    assert isinstance(order, ast.Constant)
    little = ast.Constant(order.value == "little")
    return (given[first], little, signed) if first in given else None
