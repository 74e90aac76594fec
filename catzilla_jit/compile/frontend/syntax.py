"""The syntax tree of a function, and a function out of a syntax tree.

The tree is only trusted when compiling it gives the very code that the function runs: a file that
was edited after its import, or a cell that was run again, must not be compiled in the place of
the old one. A function made from a tree keeps file and line numbers, so errors point into the
user's source.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import types as pytypes
from collections.abc import Iterator, Sequence

from catzilla_jit.compile.frontend.names import names_in

_FUTURES = __future__.annotations.compiler_flag


def tree_of(function: pytypes.FunctionType) -> ast.FunctionDef | None:
    """Return the function's definition, or None when there is no source that is surely its own."""
    try:
        lines, first = inspect.getsourcelines(function)
        body = parsed(lines)
    except (OSError, SyntaxError, TypeError, ValueError):
        return None
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        return None
    tree = body[0]
    ast.increment_lineno(tree, first - 1)
    for imported in _imported(function):
        if same_code(code_of(tree, function, imported), function.__code__):
            return tree
    return None


def parsed(lines: list[str]) -> list[ast.stmt]:
    """Parse statements, indented or not; `textwrap.dedent` would change the texts in them."""
    if not lines[0][:1].isspace():
        return ast.parse("".join(lines)).body
    block = ast.parse("".join(["if True:\n", *lines])).body[0]
    ast.increment_lineno(block, -1)
    assert isinstance(block, ast.If)
    return block.body


def _imported(function: pytypes.FunctionType) -> Iterator[list[str]]:
    """Yield guesses at the names that the function's module imports.

    The compiler calls a method of an imported name with other instructions, and only the module's
    own source would tell which names those are.
    """
    known = [name for name in names_in(function.__code__) if name in function.__globals__]
    modules = [n for n in known if isinstance(function.__globals__[n], pytypes.ModuleType)]
    yield modules
    yield []
    yield known


def code_of(
    tree: ast.FunctionDef, like: pytypes.FunctionType, imported: Sequence[str] = ()
) -> pytypes.CodeType | None:
    """Compile a definition alone, with the free variables, file and futures of `like`."""
    bare = _without_runtime_parts(tree)
    free = like.__code__.co_freevars
    holder = ast.parse(f"def holder({', '.join(free)}):\n    pass").body[0]
    assert isinstance(holder, ast.FunctionDef)
    # One that calls itself finds itself where it stands, and that is not in the holder.
    own: list[ast.stmt] = [] if tree.name in free else [ast.Global([tree.name])]
    holder.body = [*own, bare]
    imports: list[ast.stmt] = [ast.Import([ast.alias(name)]) for name in imported]
    module = ast.fix_missing_locations(ast.Module([*imports, holder], []))
    flags = like.__code__.co_flags & _FUTURES
    try:
        code = compile(module, like.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    outer = _nested(code, "holder")
    return outer and _nested(outer, tree.name)


def _without_runtime_parts(tree: ast.FunctionDef) -> ast.FunctionDef:
    """Leave out what is evaluated when the `def` is executed: decorators, hints, defaults."""
    parameters = tree.args
    plain = ast.arguments(
        posonlyargs=[_bare(argument) for argument in parameters.posonlyargs],
        args=[_bare(argument) for argument in parameters.args],
        vararg=parameters.vararg and _bare(parameters.vararg),
        kwonlyargs=[_bare(argument) for argument in parameters.kwonlyargs],
        kw_defaults=[None] * len(parameters.kwonlyargs),
        kwarg=parameters.kwarg and _bare(parameters.kwarg),
        defaults=[],
    )
    made = ast.FunctionDef(tree.name, plain, tree.body, [])
    return ast.copy_location(made, tree)


def _bare(argument: ast.arg) -> ast.arg:
    return ast.copy_location(ast.arg(argument.arg), argument)


def _nested(code: pytypes.CodeType, name: str) -> pytypes.CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType) and constant.co_name == name:
            return constant
    return None


def same_code(left: pytypes.CodeType | None, right: pytypes.CodeType) -> bool:
    """Tell whether two code objects do the same; where they stand in the file is not looked at."""
    if left is None or left.co_code != right.co_code or left.co_names != right.co_names:
        return False
    if left.co_varnames != right.co_varnames or len(left.co_consts) != len(right.co_consts):
        return False
    return all(map(_same_constant, left.co_consts, right.co_consts))


def _same_constant(left: object, right: object) -> bool:
    if isinstance(left, pytypes.CodeType) and isinstance(right, pytypes.CodeType):
        return same_code(left, right)
    return type(left) is type(right) and repr(left) == repr(right)
