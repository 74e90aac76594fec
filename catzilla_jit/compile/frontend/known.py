"""What the types of the arguments tell of expressions that cannot fail and do nothing.

`x is None`, `x.ndim`, `isinstance(x, list)`: what they give is known where the facts about their
operands are. Nothing is said in which a number of NumPy's and one of Python's would differ.
"""

from __future__ import annotations

import ast
import builtins
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend.fact import (
    PLAIN,
    Fact,
    array,
    constant,
    dtype_of,
)
from catzilla_jit.compile.frontend.known_calls import CALLS, REDUCING, part_of, reduced
from catzilla_jit.compile.frontend.known_comparisons import COMPARISONS, compared
from catzilla_jit.compile.frontend.known_elements import (
    ARITHMETIC,
    common,
    of_elements,
    of_product,
    of_reshape,
    wider,
)

#: Attributes of a dtype that are constants.
OF_DTYPE = {"kind", "char", "name", "itemsize", "type", "num"}
#: Functions of arrays that give bools, whatever they are given.
ASKING = (
    numpy.isnan, numpy.isinf, numpy.isfinite, numpy.signbit, numpy.logical_not, numpy.logical_and,
    numpy.logical_or, numpy.logical_xor,
)  # fmt: skip
#: What tells the limits of numbers, and what it tells.
_FLOAT_INFO = type(sys.float_info)
LIMITS = (numpy.finfo, numpy.iinfo, _FLOAT_INFO)
OF_LIMITS = {
    "eps", "max", "min", "tiny", "epsneg", "resolution", "smallest_normal", "epsilon", "dig",
    "bits",
}  # fmt: skip
#: Questions about classes, which Numba answers for its own types.
ASKED = (
    isinstance, hasattr, issubclass, numpy.issubdtype, numpy.isscalar, numpy.iterable,
    numpy.iscomplexobj, numpy.isrealobj,
)  # fmt: skip


#: They raise nothing for what is known of their arguments.
SURE = (
    numpy.asarray,
    numpy.asanyarray,
    numpy.array,
    numpy.ascontiguousarray,
    numpy.atleast_1d,
    numpy.atleast_2d,
    numpy.ravel,
    numpy.copy,
    numpy.zeros_like,
    numpy.ones_like,
    numpy.empty_like,
    numpy.finfo,
    numpy.iinfo,
    type,
)


class Facts:
    """Works out what is known of expressions, from what is known of names."""

    def __init__(self, value_of: Callable[[ast.AST], Any], is_local: Callable[[str], bool]) -> None:
        """value_of: gives the object of the module that a node means, None for others."""
        self.names: dict[str, Fact] = {}
        self._value_of = value_of
        self._is_local = is_local

    def truth(self, node: ast.expr) -> bool | None:
        """Tell whether an expression counts as true; None if that is not known."""
        found = self.of(node)
        if found is None:
            return None
        if found.is_constant:
            return bool(found.constant) if type(found.constant) in PLAIN else None
        return found.length > 0 if found.length is not None else None

    def answer(self, node: ast.expr) -> bool | None:
        """Return what a question about a class or an attribute gives; None if it is none."""
        if not isinstance(node, ast.Call) or not any(self.object(node.func) is q for q in ASKED):
            return None
        found = self.of(node)
        known = found is not None and type(found.constant) is bool
        return bool(found.constant) if known and found is not None else None

    def of(self, node: ast.expr) -> Fact | None:
        """Return what is known of an expression's value."""
        work_out = getattr(self, f"_of_{type(node).__name__}", None)
        return None if work_out is None else work_out(node)

    def _of_Constant(self, node: ast.Constant) -> Fact | None:
        return constant(node.value)

    def _of_Name(self, node: ast.Name) -> Fact | None:
        return self.names.get(node.id) or self._named(node)

    def _named(self, node: ast.expr) -> Fact | None:
        """Return a class, or the limits of floats, that a name of the module means."""
        found = self.object(node)
        if type(found) in (int, float, complex):  # guarded, but not to be decided by
            return Fact(kinds=(type(found),))
        classes = type(found) is tuple and all(isinstance(each, type) for each in found)
        return Fact(found) if classes or isinstance(found, type | _FLOAT_INFO) else None

    def object(self, node: ast.expr) -> Any:
        """Return the object of the module, or of its builtins, that a node means."""
        if isinstance(node, ast.Name) and not self._is_local(node.id):
            found = self._value_of(node)
            return getattr(builtins, node.id, None) if found is None else found
        return self._value_of(node)

    def _of_Attribute(self, node: ast.Attribute) -> Fact | None:
        holder = self.of(node.value)
        if holder is None:
            return self._named(node)
        if isinstance(node.value, ast.Call) and not self._is_sure(node.value):
            return None  # which may raise
        if holder.is_array:
            if node.attr == "ndim" and holder.ndim is not None:
                return Fact(holder.ndim)
            if node.attr == "shape" and holder.ndim is not None:
                return Fact(kinds=(tuple,), length=holder.ndim)
            if node.attr == "T":
                return array(holder.ndim, holder.dtype) if holder.ndim is not None else None
            return Fact(holder.dtype) if node.attr == "dtype" and holder.dtype else None
        if isinstance(holder.constant, numpy.dtype) and node.attr in OF_DTYPE:
            return Fact(getattr(holder.constant, node.attr))
        if isinstance(holder.constant, LIMITS) and node.attr in OF_LIMITS:
            return Fact(getattr(holder.constant, node.attr))
        return None

    def _is_sure(self, call: ast.Call) -> bool:
        """Tell whether a call of which something is known does not raise."""
        function = self.object(call.func)
        return any(function is each for each in SURE) or isinstance(function, type)

    def _of_Subscript(self, node: ast.Subscript) -> Fact | None:
        if isinstance(node.value, ast.Call) and isinstance(node.slice, ast.Constant):
            part = self._part(node.value, node.slice.value)
            if part is not None:
                return part
        """Return what slices and integers pick from an array, if that is an array."""
        holder = self.of(node.value)
        if holder is None or not holder.is_array or not holder.ndim:
            return None
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        picked = [each for each in parts if self._is_whole(each)]
        added = [each for each in parts if _is_constant(each, None)]
        others = [each for each in parts if isinstance(each, ast.Slice) or _is_constant(each, ...)]
        left = holder.ndim - len(picked)
        if len(picked) + len(added) + len(others) < len(parts) or left + len(added) < 1 or left < 0:
            return None
        return array(left + len(added), holder.dtype)

    def _part(self, call: ast.Call, place: Any) -> Fact | None:
        """Return what one of the arrays is that a call returns in a tuple."""
        if call.keywords or any(isinstance(each, ast.Starred) for each in call.args):
            return None
        return part_of(self.object(call.func), [self.of(each) for each in call.args], place)

    def _is_whole(self, node: ast.expr) -> bool:
        """Tell whether an index is an integer."""
        found = self.of(node)
        classes = () if found is None else found.classes
        whole = all(issubclass(each, int | numpy.integer) for each in classes)
        return bool(classes) and whole and bool not in classes

    def _of_Tuple(self, node: ast.Tuple) -> Fact | None:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return None
        values = [self.of(each) for each in node.elts]
        if all(each is not None and each.is_constant for each in values):
            return Fact(tuple(each.constant for each in values if each is not None))
        return Fact(kinds=(tuple,), length=len(values), items=common(values))

    def _of_List(self, node: ast.List) -> Fact | None:
        values = [self.of(each) for each in node.elts]
        if any(each is None or not each.is_constant for each in values):
            if any(isinstance(each, ast.Starred) for each in node.elts):
                return Fact(kinds=(list,))
            return Fact(kinds=(list,), length=len(values), items=common(values))
        return Fact([each.constant for each in values if each is not None])

    def _of_Set(self, node: ast.Set) -> Fact | None:
        values = [self.of(each) for each in node.elts]
        if any(each is None or type(each.constant) not in PLAIN for each in values):
            return None
        return Fact({each.constant for each in values if each is not None})

    def _of_UnaryOp(self, node: ast.UnaryOp) -> Fact | None:
        if isinstance(node.op, ast.Not):
            truth = self.truth(node.operand)
            return None if truth is None else Fact(not truth)
        found = self.of(node.operand)
        if isinstance(node.op, ast.Invert):
            return found if _are_masks(found) else None
        if found is None or not isinstance(node.op, ast.USub):
            return None
        if found.is_array:
            return array(found.ndim or 0) if found.ndim else None
        known = type(found.constant) in (int, float)
        return Fact(-found.constant) if known else None

    def _of_BoolOp(self, node: ast.BoolOp) -> Fact | None:
        ends = isinstance(node.op, ast.Or)
        truths = [self.truth(each) for each in node.values]
        for each, truth in zip(node.values, truths, strict=True):
            if truth is None or truth is ends:
                return self.of(each) if truth is ends else None
        return self.of(node.values[-1])

    def _of_IfExp(self, node: ast.IfExp) -> Fact | None:
        truth = self.truth(node.test)
        if truth is not None:
            return self.of(node.body if truth else node.orelse)
        both = self.of(node.body), self.of(node.orelse)
        return both[0] if both[0] == both[1] else None

    def _of_Compare(self, node: ast.Compare) -> Fact | None:
        if len(node.ops) != 1:
            return None
        left, right = self.of(node.left), self.of(node.comparators[0])
        found = self._of_texts(node)
        if found is not None:
            return Fact(found)
        if left is None or right is None:
            return None
        if type(node.ops[0]) in COMPARISONS and (left.is_array or right.is_array):
            elements = of_elements((left, right))
            ndim = None if elements is None else elements.ndim
            return None if ndim is None else array(ndim, numpy.dtype(bool))
        found = compared(node.ops[0], left, right)
        return None if found is None else Fact(found)

    def _of_texts(self, node: ast.Compare) -> bool | None:
        """Return what a comparison of texts gives of which one names a class."""
        both = [self._texts_of_class(node.left), self._texts_of_class(node.comparators[0])]
        if not any(both) or not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            return None
        for texts, operand in zip(both, (node.left, node.comparators[0]), strict=True):
            if not texts and isinstance(operand, ast.Constant) and type(operand.value) is str:
                texts.add(operand.value)
        pairs = [(Fact(left), Fact(right)) for left in both[0] for right in both[1]]
        found = {compared(node.ops[0], left, right) for left, right in pairs}
        return found.pop() if len(found) == 1 else None

    def _texts_of_class(self, node: ast.expr) -> set[str]:
        """Return what `type(x).__name__` or `str(type(x))` may be; nothing for all else."""
        called: Any = node
        if isinstance(node, ast.Attribute) and node.attr == "__name__":
            shown: Any = operator.attrgetter("__name__")
            called = node.value
        elif isinstance(node, ast.Call) and self.object(node.func) is str and len(node.args) == 1:
            shown, called = str, node.args[0]
        if not isinstance(called, ast.Call) or called is node or called.keywords:
            return set()
        if self.object(called.func) is not type or len(called.args) != 1:
            return set()
        known = self.of(called.args[0])
        return set() if known is None else {shown(kind) for kind in known.classes}

    def _of_BinOp(self, node: ast.BinOp) -> Fact | None:
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None:
            return None
        if type(left.constant) is int and type(right.constant) is int:
            known = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
            compute = known.get(type(node.op))
            return Fact(compute(left.constant, right.constant)) if compute else None
        if isinstance(node.op, ast.MatMult):
            return of_product(left, right)
        found = of_elements((left, right))
        bits = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
        if bits and found is not None and found.ndim is not None and _are_masks(left, right):
            return array(found.ndim, numpy.dtype(bool))
        if found is None or found.ndim is None or not isinstance(node.op, ARITHMETIC):
            return found
        return array(found.ndim, wider(left, right, divides=isinstance(node.op, ast.Div)))

    def _of_Call(self, node: ast.Call) -> Fact | None:
        if any(isinstance(each, ast.Starred) for each in node.args):
            return None
        if isinstance(node.func, ast.Attribute):
            holder = self.of(node.func.value)
            if holder is not None and holder.is_array:
                return self._of_method(node, node.func.attr, holder)
            if holder is not None and type(holder.constant) is str and not node.keywords:
                return _of_text(holder.constant, node.func.attr, [self.of(e) for e in node.args])
        function = self.object(node.func)
        try:
            work_out = CALLS.get(function)
        except TypeError:  # an unhashable object
            return None
        if work_out is not None:
            told = {each.arg: self.of(each.value) for each in node.keywords if each.arg}
            return work_out([self.of(each) for each in node.args], told)
        if isinstance(function, numpy.ufunc) and function.nout == 1 and not node.keywords:
            found = of_elements(tuple(self.of(each) for each in node.args))
            asks = function in ASKING and len(node.args) == function.nin
            if found is None or found.ndim is None or not asks:
                return found
            return array(found.ndim, numpy.dtype(bool))
        return None

    def _of_method(self, node: ast.Call, name: str, holder: Fact) -> Fact | None:
        """Return what a method of an array gives."""
        if name == "copy":
            return holder
        if name in ("ravel", "flatten"):
            return array(1, holder.dtype)
        if name == "reshape" and not node.keywords:
            return of_reshape([self.of(each) for each in node.args], holder)
        if name == "astype" and node.args and holder.ndim is not None:
            wanted = self.of(node.args[0])
            return array(holder.ndim, dtype_of(wanted))
        if name in REDUCING:
            told = {each.arg: self.of(each.value) for each in node.keywords if each.arg}
            return reduced(name, [holder, *map(self.of, node.args)], told)
        return None


def _is_constant(node: ast.expr, value: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _are_masks(*operands: Fact | None) -> bool:
    """Tell whether values are arrays of bools."""
    return all(each is not None and each.is_array and each.dtype == bool for each in operands)


#: Methods of texts that give a text or a bool, and raise nothing for texts.
OF_TEXTS = {
    "lower", "upper", "strip", "lstrip", "rstrip", "capitalize", "title", "startswith", "endswith",
    "replace", "casefold",
}  # fmt: skip


def _of_text(text: str, name: str, arguments: list[Fact | None]) -> Fact | None:
    """Return what a method of a constant text gives for constant texts."""
    given = [each.constant for each in arguments if each is not None and type(each.constant) is str]
    if name not in OF_TEXTS or len(given) < len(arguments):
        return None
    try:
        return Fact(getattr(text, name)(*given))
    except TypeError:  # another number of arguments
        return None
