"""Python that Numba does not take, as Python that it takes: a change of the syntax tree.

Each change keeps the meaning, evaluation order included, or is not made. A generator expression
that is consumed at once becomes a loop in a function of its own, which is handed the variables it
uses (`lifted`). What remains unknown to Numba is refused later. Names that begin with `LIBRARY`
mean functions of `library/builtin_functions.py`.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import types as pytypes
from collections.abc import Mapping
from typing import Any

from catzilla_jit.compile.frontend import (
    bytes_calls,
    deletions,
    dict_updates,
    errstate,
    inner_functions,
    keys,
    library_calls,
    memberships,
    rare_statements,
    rewrite_generators,
    rewrite_text,
    text_templates,
    unpacking,
)
from catzilla_jit.compile.frontend.array_calls import ArrayCalls
from catzilla_jit.compile.frontend.fact import Fact
from catzilla_jit.compile.frontend.fold import fold, with_constants
from catzilla_jit.compile.frontend.known import Facts
from catzilla_jit.compile.frontend.local_imports import take_imports
from catzilla_jit.compile.frontend.outputs import Outputs
from catzilla_jit.compile.frontend.parallel_loops import Refuse, take_loops
from catzilla_jit.compile.frontend.rewrite_text import literal_text
from catzilla_jit.compile.frontend.rewriting import (
    LIBRARY,
    OWN_VALUES,
    Rewriting,
    placed,
)
from catzilla_jit.compile.frontend.syntax import code_of, tree_of
from catzilla_jit.compile.frontend.taken import TAKING
from catzilla_jit.compile.frontend.written_out import (
    LISTS,
    dict_keys,
    list_variables,
    returns,
)
from catzilla_jit.compile.library import builtin_functions, iterators
from catzilla_jit.compile.library.class_questions import no_number
from catzilla_jit.compile.library.ufuncs.error_state import errors_are

#: Consumers of one iterable that are given a list instead of a generator.
LISTED = {"sorted", "list", "tuple", "set", "frozenset", "sum", "min", "max", "any", "all"}


@dataclasses.dataclass
class Rewritten:
    """What became of a function."""

    code: pytypes.CodeType
    values: dict[str, Any]  # what the code names beside what the function named
    keys: tuple[str, ...] | None  # of the dict that the returned tuple stands for
    bails_at_handlers: bool  # an exception that a handler would have caught leaves the kernel
    makes_exceptions: bool  # it raises exceptions that it computes something for
    says: int | None  # the line of a statement, seldom reached, that only Python can run
    folded: bool  # it is for the arguments that were told of only
    chooses: int | None = None  # the line of what NumPy may have to answer


def rewrite(
    function: pytypes.FunctionType,
    *,
    as_task: bool,
    bail_at_raises: bool = False,
    prints: bool = True,
    parallel: Refuse | None = None,
    freezes: bool = True,
    known: Mapping[str, Fact] | None = None,
    constants: Mapping[str, Any] | None = None,
    exact: bool = False,
) -> Rewritten | None:
    """Return the function's new code, or None when there is nothing to change or no source.

    Only a task itself (`as_task`) may return a tuple in the place of a dict. With `bail_at_raises`
    Python raises the exceptions that something is computed for: their texts need no machine code.
    With `prints` a call of `print` stays what it is; `freezes`: sets of the module are constants.
    parallel: has loops over `prange` run in parallel, and refuses those that cannot.
    known: what the types of arguments tell. constants: parameters that are
    always given these values. exact: arrays are computed as NumPy does.
    """
    tree = tree_of(function)
    if tree is None:
        return None
    rewriter = _Rewriter(function, tree, bail_at_raises)
    rewriter.values.update(take_imports(tree))
    errstate.take(rewriter, tree, errors_are)
    rewriter.changed = bool(rewriter.values)
    rewriter.changed |= deletions.leave_out(tree)
    arrays = ArrayCalls(rewriter._call, exact=exact)
    facts = Facts(rewriter._value, rewriter.locals.__contains__)
    outputs = Outputs(rewriter._call).replaced if exact else None
    folded = fold(tree, known, facts, arrays.replaced, outputs) if known else None
    if folded is not None:
        tree, rewriter.changed = folded, True
    if constants:
        tree, rewriter.changed = with_constants(tree, constants, rewriter.values), True
    rewriter.freezes = freezes
    rewriter.prints = prints
    inner = inner_functions.lifted(tree, function.__code__.co_freevars, rewriter.never)
    rewriter.prepare(tree)
    fixed = dict_keys(tree) if as_task and tree.name not in function.__code__.co_names else None
    rewriter.generic_visit(ast.Module(tree.body, []))
    for name, each in inner.items():
        rewriter.lift(name, each)
    if parallel is not None:
        take_loops(rewriter, tree, parallel)
    if fixed is not None:
        for statement in returns(tree):
            assert isinstance(statement.value, ast.Dict)
            items = ast.Tuple(statement.value.values, ast.Load())
            statement.value = placed(statement.value, items)
    elif not rewriter.changed and not rewriter.makes_exceptions:
        return None
    code = code_of(tree, function)
    if code is None:
        return None
    found = rewriter.bails_at_handlers, rewriter.makes_exceptions, rewriter.says
    return Rewritten(code, rewriter.values, fixed, *found, folded is not None, arrays.chooses)


class _Rewriter(Rewriting):
    """The changes, one method per kind of node."""

    def never(self) -> ast.expr:
        """Return a test that is never true."""
        self.changed = True
        return self._call("never", builtin_functions.never)

    def prepare(self, tree: ast.FunctionDef) -> None:
        """Take deques and their like, look at variables and branches of the function that comes."""
        for take in TAKING:
            take(self, tree)
        self.lists = list_variables(tree)
        self.branches = set() if self.prints else rare_statements.in_branches(tree)

    def lift(self, name: str, tree: ast.FunctionDef) -> None:
        """Make a function of the program of an inner one, changed as this one is."""
        plain = rewrite_generators.function_of(tree, self.function)
        if plain is None:
            return
        inner = _Rewriter(plain, tree, self.bail_at_raises)
        inner.freezes, inner.prints, inner.values = self.freezes, self.prints, self.values
        inner.prepare(tree)
        inner.generic_visit(ast.Module(tree.body, []))
        made = rewrite_generators.function_of(tree, self.function)
        if made is None:
            return
        defaults = [each.value for each in tree.args.defaults if isinstance(each, ast.Constant)]
        made.__defaults__ = tuple(defaults) or None
        made.__dict__[OWN_VALUES] = self.values
        self.values[name] = made
        self.bails_at_handlers |= inner.bails_at_handlers
        self.makes_exceptions |= inner.makes_exceptions
        self.says = inner.says if self.says is None else self.says

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node  # its names are not ours

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """Leave to Python what handlers catch, unless they catch everything alike."""
        for handler in node.handlers:
            if any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                # What it raises would have what it caught as its context.
                handler.body = [placed(handler, each) for each in self._bail_out()]
                self.changed = self.bails_at_handlers = True
        self.generic_visit(node)
        if all(map(self._catches_all, node.handlers)):
            return node
        self.changed = self.bails_at_handlers = True
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, self._bail_out())
        node.handlers = [handler]
        return placed(node, node)

    def _bail_out(self) -> list[ast.stmt]:
        """Return what leaves the kernel, and what tells the compiler that it does."""
        return [
            ast.Expr(self._call("bail_out", builtin_functions.bail_out)),
            ast.Raise(ast.Call(ast.Name("RuntimeError", ast.Load()), [], [])),
        ]

    def visit_Raise(self, node: ast.Raise) -> ast.AST | list[ast.stmt]:
        if node.exc is None or (node.cause is None and self._is_plain_exception(node.exc)):
            return self.generic_visit(node)
        self.makes_exceptions = True
        if not self.bail_at_raises:
            return self.generic_visit(node)
        self.changed = True
        return [placed(node, each) for each in self._bail_out()]

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is None or isinstance(node.msg, ast.Constant):
            return self.generic_visit(node)
        self.makes_exceptions = True
        if not self.bail_at_raises:
            return self.generic_visit(node)
        self.changed = True
        wrong = ast.UnaryOp(ast.Not(), self.visit(node.test))
        return placed(node, ast.If(wrong, self._bail_out(), []))

    def _is_plain_exception(self, node: ast.expr) -> bool:
        """Tell whether an exception is of a builtin class, with constants at most."""
        constants = True
        if isinstance(node, ast.Call):
            constants = not node.keywords and all(isinstance(a, ast.Constant) for a in node.args)
            node = node.func
        return constants and self._builtin(node) is not None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """Keep the reading of a variable, which may have no value: Numba drops the statement."""
        if rare_statements.is_for_python(self, node, id(node) in self.branches):
            self.changed, self.says = True, node.lineno
            return [placed(node, each) for each in self._bail_out()]
        if not isinstance(node.value, ast.Name) or node.value.id not in self.locals:
            return self.generic_visit(node)
        self.changed = True
        self.kept += 1
        target = ast.Name(f"{LIBRARY}read{self.kept}", ast.Store())
        return placed(node, ast.Assign([target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        apart = unpacking.taken_apart(self, node)
        if apart is not None:
            return [self.generic_visit(each) for each in apart]  # type: ignore[misc]
        made = dict_updates.split(node)
        self.changed |= made is not None
        return self.generic_visit(node if made is None else placed(node, made))

    def visit_Delete(self, node: ast.Delete) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return deletions.as_calls(self, node) or node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Extend a list that begins empty by a method, which tells Numba the type of its items."""
        self.generic_visit(node)
        target, value = node.target, node.value
        known = isinstance(target, ast.Name) and target.id in self.lists
        if not known or not isinstance(node.op, ast.Add) or not isinstance(value, LISTS):
            return node
        assert isinstance(target, ast.Name)
        self.changed = True
        method = ast.Attribute(ast.Name(target.id, ast.Load()), "extend", ast.Load())
        return placed(node, ast.Expr(ast.Call(method, [value], [])))

    def _catches_all(self, handler: ast.ExceptHandler) -> bool:
        known = handler.type is None or self._builtin(handler.type) == "Exception"
        return known and handler.name is None

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        memberships.as_tuples(self, node)
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Turn an f-string into a sum of texts."""
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                value.value = self.visit(value.value)
        return rewrite_text.sum_of(self, node, node.values) or node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Turn `"..." % values` into an f-string first."""
        self.generic_visit(node)
        template = literal_text(node.left)
        if template is None or not isinstance(node.op, ast.Mod):
            return node
        return rewrite_text.formatted(self, node, text_templates.percent(template, node.right))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        made = library_calls.replaced(self, node)
        if made is not None:
            return made
        name = self._builtin(node.func)
        if name in ("any", "all") and rewrite_generators.one_generator(self, node):
            return rewrite_generators.short_circuit(self, node, name)
        if name == "next" and node.args and not node.keywords:
            return rewrite_generators.first_of(self, node)
        if (
            name in ("enumerate", "sum")
            and len(node.args) == 1
            and _names(node.keywords) == ["start"]
        ):
            node.args.append(node.keywords.pop().value)
            self.changed = True
        if name == "zip" and node.keywords:
            unpacking.of_one_length(self, node)
        if name in ("max", "min") and node.keywords:
            return keys.extreme(self, node, name)
        if name == "sorted" or (isinstance(node.func, ast.Attribute) and node.func.attr == "sort"):
            node = keys.of_sort(self, node, name == "sorted")
        if node.keywords and self._value(node.func) is math.isclose:
            self._place_tolerances(node)
        if name in LISTED or self._takes_all(node):
            node.args = [rewrite_generators.as_list(self, argument) for argument in node.args]
        if name == "isinstance" and len(node.args) == 2 and not node.keywords:
            memberships.name_classes(self, node)
            self._ask_for_class(node)
        if name == "bytes" and rewrite_generators.one_generator(self, node):
            node.args = [rewrite_generators.as_list_of_bytes(self, node.args[0])]
        if name in ("list", "dict") and len(node.args) == 1 and not node.keywords:
            node = library_calls.of_dict(self, node, name)
        if name == "format" and not node.keywords:
            return rewrite_text.formatted(self, node, text_templates.one(node.args))
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("from_bytes", "to_bytes"):
            return bytes_calls.number_and_bytes(self, node, node.func)
        if isinstance(node.func, ast.Attribute) and bytes_calls.is_utf8(node):
            node.args, self.changed = [], True
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            template = literal_text(node.func.value)
            if template is not None:
                return rewrite_text.formatted(
                    self, node, text_templates.braces(template, node.args, node.keywords)
                )
        return node

    def _place_tolerances(self, node: ast.Call) -> None:
        """Give `math.isclose` its tolerances by position, in their order."""
        names = [each.arg for each in node.keywords]
        if len(node.args) == 2 and names in (["rel_tol"], ["abs_tol"], ["rel_tol", "abs_tol"]):
            given = {each.arg: each.value for each in node.keywords}
            node.args.append(given.get("rel_tol", ast.Constant(1e-9)))
            node.args.append(given.get("abs_tol", ast.Constant(0.0)))
            node.keywords, self.changed = [], True
            placed(node, node)

    def _ask_for_class(self, node: ast.Call) -> None:
        """Say that a bool is an int, which Numba does not know, and mark whose kind is asked for.

        NumPy's bools and integers are not; `passes/check_numpy_parity.py` looks at what the mark is
        given.
        """
        classes = node.args[1]
        asked = classes.elts if isinstance(classes, ast.Tuple) else [classes]
        names = [self._builtin(each) for each in asked]
        if any(getattr(self._value(each), "__module__", "") == "numpy" for each in asked):
            self.changed = True  # to Numba Python's numbers are NumPy's as well
            node.args[0] = placed(node, self._call("no_number", no_number, node.args[0]))
        if "int" in names or "bool" in names:
            self.changed = True
            node.args[0] = placed(
                node, self._call("kind", builtin_functions.isinstance_of, node.args[0])
            )
        if "int" in names:
            known = [*asked, ast.Name("bool", ast.Load())]
            node.args[1] = placed(node, ast.Tuple(known, ast.Load()))

    def visit_For(self, node: ast.For) -> ast.AST:
        unpacking.columns(self, node, [*node.body, *node.orelse])
        return self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        for loop in node.generators:
            tests = [test for each in node.generators for test in each.ifs]
            others = [each.iter for each in node.generators if each is not loop]
            unpacking.columns(self, loop, [node.elt, *tests, *(ast.Expr(e) for e in others)])
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        if len(node.keys) == 2 and not any(node.keys):
            self.changed = True
            return placed(node, self._call("merged", iterators.merged, *node.values))
        return node

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        """Numba has no set comprehension that works."""
        self.generic_visit(node)
        self.changed = True
        made = ast.Call(ast.Name("set", ast.Load()), [ast.ListComp(node.elt, node.generators)], [])
        return placed(node, made)

    def _takes_all(self, node: ast.Call) -> bool:
        """Tell whether a call consumes what it is given before it does anything else."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            return True
        return any(self._value(node.func) is each for each in (math.fsum, math.prod))


def _names(keywords: list[ast.keyword]) -> list[str | None]:
    return [each.arg for each in keywords]
