"""Keys of dicts and members of sets that Python and Numba tell apart otherwise.

Python finds -0.0 where 0.0 is, and a NaN by its identity; Numba finds neither. A kernel that meets
one of them as a key leaves. A dict that has changed its size while a loop goes over it ends the
loop in Numba, and raises in Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils, ir, types
from numba.cpython.listobj import ListInstance

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering import float_checks

INT64 = llvm.IntType(64)
#: Where an iterator of a dict has the dict, its table of keys and its size when it was made; where
#: a dict has its size and its table.
ITERATED, TABLE_BEFORE, SIZE_BEFORE = 0, 1, 2
SIZE, TABLE = 0, 1
CHANGED = "dictionary changed size during iteration"


class Members:
    """What is to be looked at in one function, beside its lowering."""

    def __init__(self, lower: Any) -> None:
        self.lower = lower

    def look(self, found: Any) -> None:
        """Leave where a statement or an expression has a doubtful key."""
        for key, names in self._used(found):
            for name in names:
                self._look_at(key, name)

    def _used(self, found: Any) -> Iterator[tuple[Any, list[str]]]:
        """Yield types of keys, and the variables that are keys or hold some."""
        if isinstance(found, ir.SetItem | ir.DelItem):
            yield self._key(found.target.name), [found.index.name]
        if not isinstance(found, ir.Expr):
            return
        if found.op == "getitem":
            yield self._key(found.value.name), [found.index.name]
        elif found.op == "build_set" and found.items:
            yield self.lower.typeof(found.items[0].name), [each.name for each in found.items]
        elif found.op == "build_map" and found.items:
            yield self.lower.typeof(found.items[0][0].name), [key.name for key, _ in found.items]
        elif found.op == "call":
            yield from self._used_by_call(found)

    def _used_by_call(self, call: Any) -> Iterator[tuple[Any, list[str]]]:
        callee = self.lower.typeof(call.func.name)
        names = [each.name for each in call.args]
        if isinstance(callee, types.BoundFunction) and names:
            of_dict = isinstance(callee.this, types.DictType)
            yield _key(callee.this), names[:1] if of_dict else names
        elif number_kinds.called(self.lower.fndesc.typemap, call) is set and names:
            yield getattr(self.lower.typeof(names[0]), "dtype", None), names

    def look_for(self, container: str, item: str) -> None:
        """Leave where a doubtful key is looked for by `in`."""
        self._look_at(self._key(container), item)

    def _key(self, name: str) -> Any:
        return _key(self.lower.typeof(name))

    def _look_at(self, key: Any, name: str) -> None:
        if not _holds_floats(key):
            return
        type_ = self.lower.typeof(name)
        if isinstance(type_, types.Set | types.DictType):
            return  # its own have been looked at
        value = self.lower.loadvar(name)
        if isinstance(type_, types.List | GivenList):
            doubtful = self._any_of(type_, value)
        else:
            doubtful = self._is_doubtful(type_, value)
        self.lower.bail_if(doubtful, "a key that is -0.0 or a NaN")

    def _any_of(self, type_: Any, values: Any) -> llvm.Value:
        builder = self.lower.builder
        made = type_.list if isinstance(type_, GivenList) else type_
        items = ListInstance(self.lower.context, builder, made, values)
        found = cgutils.alloca_once_value(builder, cgutils.false_bit)
        builder.store(cgutils.false_bit, found)
        with cgutils.for_range(builder, items.size) as each:
            doubtful = self._is_doubtful(type_.dtype, items.getitem(each.index))
            builder.store(builder.or_(builder.load(found), doubtful), found)
        return builder.load(found)

    def _is_doubtful(self, type_: Any, value: Any) -> llvm.Value:
        builder = self.lower.builder
        if not _holds_floats(type_):
            return cgutils.false_bit
        if isinstance(type_, types.Float):
            wide = self.lower.context.cast(builder, value, type_, types.float64)
            lowest = builder.icmp_signed("==", builder.bitcast(wide, INT64), INT64(-(2**63)))
            return builder.or_(lowest, float_checks.is_nan(builder, wide))
        if isinstance(type_, types.Complex):
            number = self.lower.context.make_complex(builder, type_, value)
            parts = [(type_.underlying_float, each) for each in (number.real, number.imag)]
        elif isinstance(type_, types.BaseTuple):
            parts = [(each, builder.extract_value(value, i)) for i, each in enumerate(type_.types)]
        else:
            self.refuse()
        result = cgutils.false_bit
        for part in parts:
            result = builder.or_(result, self._is_doubtful(*part))
        return result

    def refuse(self) -> None:
        self.lower.refuse(
            rules.FLOAT_EQUALITY,
            "a dict or set has float keys, and Numba does not find -0.0 and NaN as Python does",
            "use integers or strings as keys",
        )

    # -- loops

    def look_at_step(self, expr: Any, pair: llvm.Value) -> None:
        """Raise where a loop over a dict ends because that has changed."""
        type_ = self.lower.typeof(expr.value.name)
        if not isinstance(type_, types.DictIteratorType):
            return
        builder = self.lower.builder
        ended = builder.not_(builder.extract_value(pair, 1))
        with builder.if_then(ended):
            made = self.lower.context.make_helper(
                builder, type_, self.lower.loadvar(expr.value.name)
            )
            words = INT64.as_pointer()
            state = builder.bitcast(made.state, words)
            iterated = builder.inttoptr(_word(builder, state, ITERATED), words)
            sizes = _word(builder, state, SIZE_BEFORE), _word(builder, iterated, SIZE)
            tables = _word(builder, state, TABLE_BEFORE), _word(builder, iterated, TABLE)
            resized = builder.icmp_unsigned("!=", *sizes)
            self.lower.raise_if(resized, RuntimeError, CHANGED)
            moved = builder.icmp_unsigned("!=", *tables)
            self.lower.bail_if(moved, "a dict that changes in a loop over it")


def _key(type_: Any) -> Any:
    if isinstance(type_, types.DictType):
        return type_.key_type
    return type_.dtype if isinstance(type_, types.Set) else None


def _holds_floats(type_: Any) -> bool:
    if isinstance(type_, types.BaseTuple):
        return any(map(_holds_floats, type_.types))
    if isinstance(type_, types.Optional):
        return _holds_floats(type_.type)
    return isinstance(type_, types.Float | types.Complex)


def _word(builder: llvm.IRBuilder, pointer: llvm.Value, place: int) -> llvm.Value:
    return builder.load(builder.gep(pointer, [INT64(place)]))
