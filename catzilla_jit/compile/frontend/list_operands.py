"""Lists among the operands of NumPy's functions become arrays first, as NumPy makes them.

    np.dot(a, [1.0, k])     is `np.dot(a, np.array((1.0, k)))`
    np.hypot(xs, 2.0)       is `np.hypot(np.array(xs), 2.0)`, xs being a list
    a * [1.0, 2.0, 3.0]     is `a * np.array((1.0, 2.0, 3.0))`, a being an array
    a[0, :2] = x, y         is `a[0, :2] = np.array((x, y))`, and `a.fill(x)` is `a[:] = x`

Only parameters that NumPy converts so whatever it is given: not shapes, axes or numbers of times.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend.fact import SCALARS
from catzilla_jit.compile.frontend.known import Facts

Convert = Callable[[ast.expr], ast.expr]


def converter(call: Callable[..., ast.Call]) -> Convert:
    """Return what makes an array of a list; `call` makes a call of a function of the library."""
    return lambda node: call("array", numpy.array, as_tuple(node) or node)


#: The parameters that are made arrays, in their order from the first one.
_ONE = ("a",)
_LINEAR = numpy.linalg
_TAKING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "sum", "prod", "mean", "std", "var", "max", "min", "amax", "amin", "argmax", "argmin",
            "median", "any", "all", "cumsum", "cumprod", "sort", "argsort", "ravel", "reshape",
            "transpose", "repeat", "roll", "ptp", "trace", "diff", "nonzero", "round", "around",
            "count_nonzero", "nansum", "nanmean", "nanstd", "nanvar", "nanmin", "nanmax",
            "nanmedian", "percentile", "quantile", "squeeze", "argwhere", "flatnonzero",
            "swapaxes", "expand_dims", "clip",
        ),
        _ONE,
    ),
    **dict.fromkeys(("diag", "diagflat"), ("v",)),
    **dict.fromkeys(("flip", "fliplr", "flipud", "rot90", "tril", "triu"), ("m",)),
    "cov": ("m", "y"), "corrcoef": ("x", "y"), "average": ("a", "axis", "weights"),
    **dict.fromkeys(("inner", "kron", "outer", "cross", "isclose", "allclose"), ("a", "b")),
    "dot": ("a", "b"), "vdot": ("a", "b"), "convolve": ("a", "v"), "correlate": ("a", "v"),
    "interp": ("x", "xp", "fp"), "polyval": ("p", "x"), "polyfit": ("x", "y"),
    "trapezoid": ("y", "x"), "trapz": ("y", "x"), "where": ("condition", "x", "y"),
    "searchsorted": ("a", "v"), "digitize": ("x", "bins"), "bincount": ("x", "weights"),
    "unique": ("ar",), "tile": ("A",), "take": ("a", "indices"), "gradient": ("f",),
    "array_equal": ("a1", "a2"), "append": ("arr", "values"), "delete": ("arr",),
    "insert": ("arr", "obj", "values"), "histogram": ("a", "bins"),
    **dict.fromkeys(("union1d", "intersect1d", "setdiff1d"), ("ar1", "ar2")),
    "isin": ("element", "test_elements"), "real": ("val",), "imag": ("val",),
    "angle": ("z",), "nan_to_num": ("x",), "meshgrid": ("x", "y"),
}  # fmt: skip
TAKING: dict[Any, tuple[str, ...]] = {
    **{getattr(numpy, name): names for name, names in _TAKING.items() if hasattr(numpy, name)},
    **{
        getattr(_LINEAR, name): ("a", "b")
        for name in ("inv", "det", "solve", "eigh", "eigvalsh", "eig", "eigvals", "cholesky",
                     "slogdet", "svd", "qr", "pinv", "lstsq", "matrix_power")
    },
    _LINEAR.norm: ("x",),
    **{getattr(numpy.fft, name): ("a",) for name in ("fft", "ifft", "rfft", "irfft")},
}  # fmt: skip


def converted(node: ast.expr, facts: Facts, convert: Convert) -> ast.expr | None:
    """Return a call or operation on arrays in the place of one on lists; None for others."""
    if isinstance(node, ast.Call):
        return _of_call(node, facts, convert)
    if isinstance(node, ast.BinOp):
        left, right = _of_pair(node.left, node.right, facts, convert)
        changed = left is not node.left or right is not node.right
        return ast.BinOp(left, node.op, right) if changed else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        if isinstance(node.ops[0], ast.Is | ast.IsNot | ast.In | ast.NotIn):
            return None
        left, right = _of_pair(node.left, node.comparators[0], facts, convert)
        changed = left is not node.left or right is not node.comparators[0]
        return ast.Compare(left, node.ops, [right]) if changed else None
    return None


def assigned(node: ast.stmt, facts: Facts, convert: Convert) -> ast.stmt | None:
    """Return an assignment of an array to items of an array, in the place of one of a list."""
    if isinstance(node, ast.Expr):
        return _filled(node, facts)
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.AugAssign):
        target = node.target
    else:
        return None
    if not _is_in_array(target, facts, all_=isinstance(node, ast.AugAssign)):
        return None
    if not is_list(node.value, facts):
        return None
    if isinstance(node, ast.Assign) and _may_change(facts, target):
        return None  # the value is computed first
    if isinstance(node, ast.AugAssign):
        return ast.AugAssign(node.target, node.op, convert(node.value))
    return ast.Assign(node.targets, convert(node.value))


def _filled(node: ast.Expr, facts: Facts) -> ast.stmt | None:
    """Return `a[:] = x` for `a.fill(x)`."""
    call = node.value
    if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
        return None
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "fill":
        return None
    known, value = facts.of(call.func.value), facts.of(call.args[0])
    if known is None or not known.is_array or not known.ndim or value is None:
        return None
    if not value.classes or not all(issubclass(kind, SCALARS) for kind in value.classes):
        return None
    whole = ast.Subscript(call.func.value, ast.Slice(None, None, None), ast.Store())
    return ast.Assign([whole], call.args[0])


def _is_in_array(target: ast.expr, facts: Facts, *, all_: bool) -> bool:
    """Tell whether a target is part of an array; all_: or an array."""
    if isinstance(target, ast.Subscript):
        parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else []
        if any(isinstance(each, ast.Slice) for each in parts):
            return True  # nothing else has several slices, or one beside an index
        target = target.value
    elif not all_:
        return False
    known = facts.of(target)
    return known is not None and known.is_array and bool(known.ndim)


def _of_call(node: ast.Call, facts: Facts, convert: Convert) -> ast.expr | None:
    function = facts.object(node.func)
    if isinstance(function, numpy.ufunc):
        names: tuple[str, ...] = ("",) * function.nin
    else:
        try:
            names = TAKING.get(function, ())
        except TypeError:  # an unhashable value
            return None
    if not names or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    taken = {each for each in node.args[: len(names)] if is_list(each, facts)}
    taken |= {each.value for each in node.keywords
              if each.arg in names and each.arg and is_list(each.value, facts)}  # fmt: skip
    computed = [*node.args, *(each.value for each in node.keywords)]
    first = next((i for i, each in enumerate(computed) if each in taken), None)
    if first is None or _may_change(facts, *computed[first + 1 :]):
        return None
    given = [convert(each) if each in taken else each for each in node.args]
    told = [ast.keyword(each.arg, convert(each.value) if each.value in taken else each.value)
            for each in node.keywords]  # fmt: skip
    return ast.Call(node.func, given, told)


def _of_pair(
    left: ast.expr, right: ast.expr, facts: Facts, convert: Convert
) -> tuple[ast.expr, ast.expr]:
    """Return the operands of an operator, a list beside an array as an array."""
    known = [facts.of(each) for each in (left, right)]
    arrays = [each is not None and each.is_array and bool(each.ndim) for each in known]
    if arrays[0] and not arrays[1] and is_list(right, facts):
        return left, convert(right)
    if arrays[1] and not arrays[0] and is_list(left, facts) and not _may_change(facts, right):
        return convert(left), right
    return left, right


#: Methods that change a list.
CHANGING = {"append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear"}


def _may_change(facts: Facts, *nodes: ast.expr) -> bool:
    """Tell whether what is computed may change a list: NumPy converts it when all is computed."""
    for each in (each for node in nodes for each in ast.walk(node)):
        if isinstance(each, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, ast.Call):
            continue
        function = facts.object(each.func)
        module = (getattr(function, "__module__", None) or "").partition(".")[0]
        if function is None and isinstance(each.func, ast.Attribute):
            if each.func.attr in CHANGING:
                return True
        elif module not in ("numpy", "math", "builtins", "scipy") and not isinstance(
            function, numpy.ufunc
        ):
            return True
    return False


def is_list(node: ast.expr, facts: Facts) -> bool:
    """Tell whether a value is a list for sure, or a tuple that is written out."""
    if isinstance(node, ast.List | ast.Tuple):
        return bool(node.elts) and not any(isinstance(each, ast.Starred) for each in node.elts)
    if isinstance(node, ast.ListComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):  # `[0.0] * n`
        return any(isinstance(each, ast.List) and each.elts for each in (node.left, node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        node = node.value
    known = facts.of(node) if isinstance(node, ast.Name) else None
    return known is not None and known.classes == (list,)


def as_tuple(node: ast.expr) -> ast.expr | None:
    """Return a list that is written out, of items or rows, as a tuple; None for all else."""
    if not isinstance(node, ast.List) or not node.elts:
        return None
    if any(isinstance(each, ast.Starred) for each in node.elts):
        return None
    rows = [as_tuple(each) for each in node.elts]
    if any(each is None for each in rows):
        return None if any(rows) else ast.Tuple(node.elts, ast.Load())
    return ast.Tuple([each for each in rows if each is not None], ast.Load())
