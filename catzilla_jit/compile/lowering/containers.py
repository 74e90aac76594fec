"""What lists, tuples, sets and dicts do to numbers: refused, or left to Python."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import BOOL, FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.datamodel.convertible import MEMBERS
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.ufuncs import indexing
from catzilla_jit.compile.lowering import float_checks
from catzilla_jit.compile.lowering.bail_out import BailingLower

#: They take the items of a container in its order.
ORDERED = {list, tuple, enumerate, zip, map, filter, iter}


def _item_kinds(container: Any) -> set[int | None]:
    if isinstance(container, types.BaseTuple):
        return {kind(item) for item in container.types}
    return {kind(getattr(container, "dtype", None))}


def _is_set(type_: Any) -> bool:
    return isinstance(type_.this if isinstance(type_, types.BoundFunction) else type_, types.Set)


#: Methods of lists that take an index first: at which argument the items begin.
AFTER_INDEX = {"insert": 1, "pop": 1}


#: Methods of containers that take in all that an iterable gives.
TAKING_ALL = {"extend", "update", "union"}


def refuse_identity(lower: BailingLower, left: str, right: str) -> None:
    """Only None and Python's bools are known to be themselves; other values are copied."""
    kinds_ = (lower.typeof(left), lower.typeof(right))
    bools = all(kind(each) == BOOL for each in kinds_)
    pythons = not any(has_numpy(lower.origins[name]) for name in (left, right))
    members = isinstance(kinds_[0], MEMBERS) and kinds_[0] == kinds_[1]
    if types.none not in kinds_ and not (bools and pythons) and not members:
        message = "`is` between values other than None cannot be compiled"
        lower.refuse(rules.IDENTITY, message, "write `==`")


def bail_at_doubtful_member(lower: BailingLower, container: str, item: str) -> None:
    """Python finds a NaN by its identity, and tells large integers from floats."""
    lower.bail_at_nan(lower.typeof(item), lower.loadvar(item), "a NaN as a member")
    if kind(lower.typeof(item)) == FLOAT:
        if _item_kinds(lower.typeof(container)) & {BOOL, INT}:
            value = lower.operand(item, types.float64)
            small = float_checks.is_below(lower.builder, value, 2.0**53)
            lower.bail_if(lower.builder.not_(small), "a large float as a member")
    elif FLOAT in _item_kinds(lower.typeof(container)):
        lower.need_exact_in_float("a large integer as a member", item)


def bail_at_doubtful_items(lower: BailingLower, left: str, right: str) -> None:
    """Where containers are compared, a NaN that is in both is equal to itself."""
    type_ = lower.typeof(left)
    for each in (type_, lower.typeof(right)):
        if _hides(each, (types.Float, types.Complex)):
            message = f"{'dict' if isinstance(each, types.DictType) else 'list'}s of floats"
            lower.refuse(rules.FLOAT_EQUALITY, f"{message} are compared", "compare the items")
        if _hides(each, types.DictType):
            message = "containers of dicts are compared"
            lower.refuse(rules.OPERATOR, message, "compare the dicts")
    if isinstance(type_, types.BaseTuple):
        lower.bail_at_nan(type_, lower.loadvar(left), "a NaN in a comparison")
        others = lower.typeof(right), lower.loadvar(right)
        lower.bail_at_inexact_items((type_, lower.loadvar(left)), others)


def _hides(type_: Any, classes: Any) -> bool:
    """Tell whether a list, set or dict, or one in a tuple, holds what identity decides about."""
    if isinstance(type_, types.BaseTuple):
        return any(_hides(each, classes) for each in type_.types)
    if isinstance(type_, types.DictType):
        return _holds(type_.value_type, classes)
    return isinstance(type_, types.List) and _holds(type_.dtype, classes)


def _holds(type_: Any, classes: Any) -> bool:
    if isinstance(type_, types.BaseTuple):
        return any(_holds(each, classes) for each in type_.types)
    return isinstance(type_, classes) or _hides(type_, classes)


def bail_at_unfit_mask(lower: BailingLower, array: str, index: str) -> None:
    """Leave where a mask is not as long as the line it is for; Numba does not look."""
    lines = [lower.typeof(array), lower.typeof(index)]
    if not all(isinstance(each, types.Array) and each.ndim == 1 for each in lines):
        return
    if lines[1].dtype == types.boolean:
        sizes = [
            lower.context.make_array(type_)(
                lower.context, lower.builder, lower.loadvar(name)
            ).nitems
            for type_, name in zip(lines, (array, index), strict=True)
        ]
        indexing.leave_unfit_mask(lower.context, lower.builder, sizes[1], sizes[0])


def refuse_lossy_items(lower: BailingLower, container: Any, names: list[str]) -> None:
    """A list has one type for all its items: 1 among floats would come back as 1.0."""
    item = getattr(container, "dtype", None) or getattr(container, "value_type", None)
    refuse_lossy(lower, container, item, names)


def refuse_lossy_keys(lower: BailingLower, container: Any, names: list[str]) -> None:
    refuse_lossy(lower, container, getattr(container, "key_type", None), names)
    if isinstance(container, types.DictType):
        lower.bail_at_nan_keys(names)


def refuse_lossy(lower: BailingLower, container: Any, item: Any, names: list[str]) -> None:
    if item is not None and any(number_kinds.lossy(lower.typeof(name), item) for name in names):
        lower.refuse_as_lossy(container)


def refuse_lossy_arguments(
    lower: BailingLower, method: str, container: Any, names: list[str]
) -> None:
    """The methods of a dict take a key first, some of a list an index."""
    if method in TAKING_ALL:
        given = [each for name in names for each in number_kinds.items(lower.typeof(name))]
        if any(
            number_kinds.lossy(each, item)
            for each in given
            for item in number_kinds.items(container)
        ):
            lower.refuse_as_lossy(container)
        return
    if isinstance(container, types.List):
        names = names[AFTER_INDEX.get(method, 0) :]
    if isinstance(container, types.Set):
        lower.bail_at_nan_keys(names)
    keys = 1 if isinstance(container, types.DictType) else 0
    refuse_lossy_keys(lower, container, names[:keys])
    refuse_lossy_items(lower, container, names[keys:])


def refuse_order_of_a_set(lower: BailingLower, expr: Any) -> None:
    """The order of a set is Python's own; only what does not depend on it is the same."""
    if lower.func_ir.func_id.func.__module__ == builtin_functions.__name__:
        return
    used = []
    if expr.op == "getiter":
        used = [expr.value.name]
    elif expr.op == "call":
        callee = lower.typeof(expr.func.name)
        if isinstance(callee, types.BoundFunction) and isinstance(callee.this, types.Set):
            used = [expr.func.name] if number_kinds.method_name(callee) == "pop" else []
        elif number_kinds.called(lower.fndesc.typemap, expr) in ORDERED or (
            isinstance(callee, types.BoundFunction) and not isinstance(callee.this, types.DictType)
        ):
            used = [argument.name for argument in expr.args]
    if any(_is_set(lower.typeof(name)) for name in used):
        message = "the function loops over a set, whose order is Python's own"
        lower.refuse(rules.SET_ORDER, message, "use sorted(...)")
