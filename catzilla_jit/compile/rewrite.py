"""Python that Numba does not take, as Python that it takes: a change of the syntax tree.

Each change keeps the meaning, evaluation order included, or is not made. A generator expression
that is consumed at once becomes a loop in a function of its own, which is handed the variables it
uses (`lifted`). What remains unknown to Numba is refused later. Names that begin with `LIBRARY`
mean functions of `library.py`.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import sys
import types as pytypes
from typing import Any, TypeVar

from catzilla_jit.compile import formatting, library, octetnumbers, tally, templates
from catzilla_jit.compile.source import code_of, tree_of

Node = TypeVar("Node", bound=ast.AST)
LIBRARY = "__cz_"
#: The attribute of a lifted function that holds the values it names beside its globals.
OWN_VALUES = "__cz_values__"
#: Consumers of one iterable that are given a list instead of a generator.
LISTED = {"sorted", "list", "tuple", "set", "frozenset", "sum", "min", "max", "any", "all"}


@dataclasses.dataclass
class Rewritten:
    """What became of a function."""

    code: pytypes.CodeType
    values: dict[str, Any]  # what the code names beside what the function named
    keys: tuple[str, ...] | None  # of the dict that the returned tuple stands for
    leaves_handlers: bool  # an exception that a handler would have caught leaves the kernel
    makes_exceptions: bool  # it raises exceptions that it computes something for


def rewrite(
    function: pytypes.FunctionType, *, as_task: bool, leave_raises: bool = False
) -> Rewritten | None:
    """Return the function's new code, or None when there is nothing to change or no source.

    Only a task itself (`as_task`) may return a tuple in the place of a dict. With `leave_raises`
    Python raises the exceptions that something is computed for: their texts need no machine code.
    """
    tree = tree_of(function)
    if tree is None:
        return None
    rewriter = _Rewriter(function, tree, leave_raises)
    keys = dict_keys(tree) if as_task and tree.name not in function.__code__.co_names else None
    rewriter.generic_visit(ast.Module(tree.body, []))
    if keys is not None:
        for statement in _returns(tree):
            assert isinstance(statement.value, ast.Dict)
            items = ast.Tuple(statement.value.values, ast.Load())
            statement.value = _at(statement.value, items)
    elif not rewriter.changed and not rewriter.makes_exceptions:
        return None
    code = code_of(tree, function)
    if code is None:
        return None
    return Rewritten(
        code, rewriter.values, keys, rewriter.leaves_handlers, rewriter.makes_exceptions
    )


def dict_keys(tree: ast.FunctionDef) -> tuple[str, ...] | None:
    """Return the keys, when all that a function returns is dict literals with the same ones."""
    found = {_keys(statement.value) for statement in _returns(tree)}
    return found.pop() if len(found) == 1 else None


def _keys(value: ast.expr | None) -> tuple[str, ...] | None:
    if not isinstance(value, ast.Dict) or not value.keys:
        return None
    keys = [each.value for each in value.keys if isinstance(each, ast.Constant)]
    names = tuple(key for key in keys if isinstance(key, str))
    return names if len(names) == len(value.keys) == len(set(names)) else None


def _returns(tree: ast.FunctionDef) -> list[ast.Return]:
    """Return the return statements of the function itself, not of functions inside it."""
    found: list[ast.Return] = []
    rest: list[ast.AST] = list(tree.body)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            rest.extend(ast.iter_child_nodes(node))
    return found


class _Rewriter(ast.NodeTransformer):
    """The changes, one method per kind of node."""

    def __init__(
        self, function: pytypes.FunctionType, tree: ast.FunctionDef, leave_raises: bool
    ) -> None:
        self.function = function
        self.leave_raises = leave_raises
        self.makes_exceptions = False
        self.changed = False
        self.kept = 0
        self.leaves_handlers = False
        self.values: dict[str, Any] = {}
        self.locals = {*function.__code__.co_varnames, *function.__code__.co_cellvars}
        self.locals |= set(function.__code__.co_freevars) | _stored(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node  # its names are not ours

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    # -- statements

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """Leave to Python what handlers catch, unless they catch everything alike."""
        for handler in node.handlers:
            if any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                # What it raises would have what it caught as its context.
                handler.body = [_at(handler, each) for each in self._leave()]
                self.changed = self.leaves_handlers = True
        self.generic_visit(node)
        if node.finalbody or all(map(self._catches_all, node.handlers)):
            return node
        self.changed = self.leaves_handlers = True
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, self._leave())
        node.handlers = [handler]
        return _at(node, node)

    def _leave(self) -> list[ast.stmt]:
        """Return what leaves the kernel, and what tells the compiler that it does."""
        return [
            ast.Expr(self._call("leave", library.leave)),
            ast.Raise(ast.Call(ast.Name("RuntimeError", ast.Load()), [], [])),
        ]

    def visit_Raise(self, node: ast.Raise) -> ast.AST | list[ast.stmt]:
        if node.exc is None or (node.cause is None and self._is_plain_exception(node.exc)):
            return self.generic_visit(node)
        self.makes_exceptions = True
        if not self.leave_raises:
            return self.generic_visit(node)
        self.changed = True
        return [_at(node, each) for each in self._leave()]

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is None or isinstance(node.msg, ast.Constant):
            return self.generic_visit(node)
        self.makes_exceptions = True
        if not self.leave_raises:
            return self.generic_visit(node)
        self.changed = True
        wrong = ast.UnaryOp(ast.Not(), self.visit(node.test))
        return _at(node, ast.If(wrong, self._leave(), []))

    def _is_plain_exception(self, node: ast.expr) -> bool:
        """Tell whether an exception is of a builtin class, with constants at most."""
        constants = True
        if isinstance(node, ast.Call):
            constants = not node.keywords and all(isinstance(a, ast.Constant) for a in node.args)
            node = node.func
        return constants and self._builtin(node) is not None

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Keep the reading of a variable, which may have no value: Numba drops the statement."""
        if not isinstance(node.value, ast.Name) or node.value.id not in self.locals:
            return self.generic_visit(node)
        self.changed = True
        self.kept += 1
        target = ast.Name(f"{LIBRARY}read{self.kept}", ast.Store())
        return _at(node, ast.Assign([target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        made = tally.split(node)
        self.changed |= made is not None
        return self.generic_visit(node if made is None else _at(node, made))

    def _catches_all(self, handler: ast.ExceptHandler) -> bool:
        known = handler.type is None or self._builtin(handler.type) == "Exception"
        return known and handler.name is None

    def _call(self, name: str, function: Any, *arguments: ast.expr) -> ast.Call:
        self.values[LIBRARY + name] = function
        return ast.Call(ast.Name(LIBRARY + name, ast.Load()), list(arguments), [])

    # -- text

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Turn an f-string into a sum of texts."""
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                value.value = self.visit(value.value)
        return self._sum(node, node.values) or node

    def _sum(self, node: ast.AST, values: list[ast.expr]) -> ast.AST | None:
        parts = [self._text(part) for part in values]
        if not parts or None in parts:
            return None
        self.changed = True
        total = parts[0]
        for part in parts[1:]:
            assert total is not None
            assert part is not None
            total = ast.BinOp(total, ast.Add(), part)
        assert total is not None
        return _at(node, total)

    def _text(self, part: ast.expr) -> ast.expr | None:
        if isinstance(part, ast.Constant):
            return part
        if not isinstance(part, ast.FormattedValue) or part.conversion == ord("a"):
            return None
        value = part.value
        if part.conversion == ord("r"):
            value = self._call("repr", repr, value)
        elif part.conversion == ord("s"):
            value = self._call("str", str, value)
        if part.format_spec is None:
            return value if part.conversion != -1 else self._call("str", str, value)
        spec = part.format_spec
        if isinstance(spec, ast.JoinedStr) and all(
            isinstance(e, ast.Constant) for e in spec.values
        ):
            text = "".join(
                str(each.value) for each in spec.values if isinstance(each, ast.Constant)
            )
            formatter = formatting.formatter(text)
            if formatter is not None:
                return self._call(f"format{len(self.values)}", formatter, value)
        return None

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Turn `"..." % values` into an f-string first."""
        self.generic_visit(node)
        template = _literal_text(node.left)
        if template is None or not isinstance(node.op, ast.Mod):
            return node
        return self._formatted(node, templates.percent(template, node.right))

    def _formatted(self, node: ast.expr, made: ast.JoinedStr | None) -> ast.AST:
        """Return what an f-string becomes; the node itself where nothing is gained."""
        if made is None:
            return node
        joined = _at(node, made)
        text = self.visit_JoinedStr(joined)
        return node if text is joined else text

    # -- calls

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = self._builtin(node.func)
        if name in ("any", "all") and self._one_generator(node):
            return self._short_circuit(node, name)
        if (
            name in ("enumerate", "sum")
            and len(node.args) == 1
            and _names(node.keywords) == ["start"]
        ):
            node.args.append(node.keywords.pop().value)
            self.changed = True
        if name in LISTED or self._is_join(node):
            node.args = [self._as_list(argument) for argument in node.args]
        if name == "isinstance" and len(node.args) == 2 and not node.keywords:
            self._ask_for_class(node)
        if name == "bytes" and self._one_generator(node):
            node.args = [self._as_list_of_bytes(node.args[0])]
        if name == "format" and not node.keywords:
            return self._formatted(node, templates.one(node.args))
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("from_bytes", "to_bytes"):
            return self._number_and_bytes(node, node.func)
        if isinstance(node.func, ast.Attribute) and _is_utf8(node):
            node.args, self.changed = [], True
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            template = _literal_text(node.func.value)
            if template is not None:
                return self._formatted(node, templates.braces(template, node.args, node.keywords))
        return node

    def _ask_for_class(self, node: ast.Call) -> None:
        """Say that a bool is an int, which Numba does not know, and mark whose kind is asked for.

        NumPy's bools and integers are not; `exactness.py` looks at what the mark is given.
        """
        classes = node.args[1]
        asked = classes.elts if isinstance(classes, ast.Tuple) else [classes]
        names = [self._builtin(each) for each in asked]
        if "int" in names or "bool" in names:
            self.changed = True
            node.args[0] = _at(node, self._call("kind", library.isinstance_of, node.args[0]))
        if "int" in names:
            known = [*asked, ast.Name("bool", ast.Load())]
            node.args[1] = _at(node, ast.Tuple(known, ast.Load()))

    def _number_and_bytes(self, node: ast.Call, method: ast.Attribute) -> ast.AST:
        """Turn `int.from_bytes(...)` and `n.to_bytes(...)` into calls of functions."""
        name = method.attr
        given = _given(node, "bytes" if name == "from_bytes" else "length")
        if given is None or (name == "from_bytes" and self._builtin(method.value) != "int"):
            return node
        value, little, signed = given
        function = octetnumbers.from_bytes if name == "from_bytes" else octetnumbers.to_bytes
        values = [value] if name == "from_bytes" else [method.value, value]
        self.changed = True
        return _at(node, self._call(name, function, *values, little, signed))

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        """Numba has no set comprehension that works."""
        self.generic_visit(node)
        self.changed = True
        made = ast.Call(ast.Name("set", ast.Load()), [ast.ListComp(node.elt, node.generators)], [])
        return _at(node, made)

    def _builtin(self, node: ast.AST) -> str | None:
        """Return the name of a builtin if the node means it here."""
        if not isinstance(node, ast.Name) or node.id in self.locals:
            return None
        if node.id in self.function.__globals__ or not hasattr(builtins, node.id):
            return None
        return node.id

    def _is_join(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Attribute) and node.func.attr == "join"

    # -- generators

    def _one_generator(self, node: ast.Call) -> bool:
        return (
            len(node.args) == 1 and not node.keywords and self._generator(node.args[0]) is not None
        )

    def _generator(self, node: ast.AST) -> ast.GeneratorExp | None:
        """Return a generator expression, also for `map(f, xs)` and `filter(f, xs)`."""
        if isinstance(node, ast.GeneratorExp):
            return node
        if not isinstance(node, ast.Call) or node.keywords or len(node.args) != 2:
            return None
        name = self._builtin(node.func)
        if name not in ("map", "filter") or not isinstance(node.args[0], ast.Name | ast.Attribute):
            return None
        item = ast.Name(f"{LIBRARY}item", ast.Load())
        call = ast.Call(node.args[0], [item], [])
        target = ast.Name(item.id, ast.Store())
        tests: list[ast.expr] = [call] if name == "filter" else []
        value: ast.expr = item if name == "filter" else call
        loop = ast.comprehension(target, node.args[1], tests, 0)
        return _at(node, ast.GeneratorExp(value, [loop]))

    def _as_list(self, node: ast.expr) -> ast.expr:
        generator = self._generator(node)
        if generator is None:
            return node
        self.changed = True
        return _at(node, ast.ListComp(generator.elt, generator.generators))

    def _as_list_of_bytes(self, node: ast.expr) -> ast.expr:
        """Return a list in the place of a generator; what is no byte fails in its turn."""
        generator = self._generator(node)
        assert generator is not None
        generator.elt = _at(node, self._call("byte", library.byte, generator.elt))
        return self._as_list(generator)

    def _short_circuit(self, node: ast.Call, name: str) -> ast.AST:
        """Turn any(...) and all(...) into a loop that stops where Python's does."""
        generator = self._generator(node.args[0])
        assert generator is not None
        stop = name == "any"
        test = generator.elt if stop else ast.UnaryOp(ast.Not(), generator.elt)
        body: ast.stmt = ast.If(test, [ast.Return(ast.Constant(stop))], [])
        loop = _loops(generator.generators, body)
        return self._lifted(node, generator, [loop, ast.Return(ast.Constant(not stop))])

    def _lifted(self, node: ast.AST, generator: ast.AST, body: list[ast.stmt]) -> ast.AST:
        """Make a function of the statements and call it with the local variables they use."""
        used = sorted(_loaded(generator) & self.locals)
        if _binds_names(generator):
            return node
        name = f"{LIBRARY}{len(self.values)}_{self.function.__name__}"
        parameters = ast.arguments([], [ast.arg(each) for each in used], None, [], [], None, [])
        tree = _at(node, ast.FunctionDef(name, parameters, body, []))
        made = _function(tree, self.function)
        if made is None:
            return node
        self.changed = True
        made.__dict__[OWN_VALUES] = self.values  # it may call another that was lifted out of it
        self.values[name] = made
        arguments: list[ast.expr] = [ast.Name(each, ast.Load()) for each in used]
        return _at(node, ast.Call(ast.Name(name, ast.Load()), arguments, []))


def _names(keywords: list[ast.keyword]) -> list[str | None]:
    return [each.arg for each in keywords]


def _literal_text(node: ast.expr) -> str | None:
    text = node.value if isinstance(node, ast.Constant) else None
    return text if isinstance(text, str) else None


def _is_utf8(node: ast.Call) -> bool:
    """Tell whether it is `.encode("utf-8")`, which is `.encode()`."""
    known = isinstance(node.func, ast.Attribute) and node.func.attr == "encode"
    if not known or len(node.args) != 1 or node.keywords:
        return False
    return _literal_text(node.args[0]) in octetnumbers.UTF_8


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


def _at(place: ast.AST, made: Node) -> Node:
    """Give a new node, and what it consists of, the place of an old one."""
    for child in ast.walk(made):
        if "lineno" in child._attributes and not hasattr(child, "lineno"):
            ast.copy_location(child, place)
    return made


def _loops(generators: list[ast.comprehension], body: ast.stmt) -> ast.stmt:
    for each in reversed(generators):
        for test in reversed(each.ifs):
            body = ast.If(test, [body], [])
        body = ast.For(each.target, each.iter, [body], [])
    return body


def _stored(node: ast.AST) -> set[str]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in names if isinstance(each.ctx, ast.Store)}


def _loaded(node: ast.AST) -> set[str]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in names if isinstance(each.ctx, ast.Load)} - _stored(node)


def _binds_names(node: ast.AST) -> bool:
    return any(isinstance(each, ast.NamedExpr | ast.Lambda | ast.Await) for each in ast.walk(node))


def _function(tree: ast.FunctionDef, like: pytypes.FunctionType) -> pytypes.FunctionType | None:
    """Make a function without free variables that names what `like` names."""
    plain = pytypes.FunctionType(_no_code.__code__, like.__globals__)
    plain.__code__ = plain.__code__.replace(
        co_filename=like.__code__.co_filename, co_flags=plain.__code__.co_flags
    )
    code = code_of(tree, plain)
    return None if code is None else pytypes.FunctionType(code, like.__globals__, tree.name)


def _no_code() -> None: ...
