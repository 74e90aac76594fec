"""Objects of simple dataclasses: compiled code has their fields, and makes new ones.

The type is the class and the types of the fields' values, which annotations do not tell. An object
that was given is a copy: fields are read, and no field is written. An object of a class that is not
frozen is not given back, since the caller would get another one; one that was made is, alone.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc,override"

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel.models import StructModel
from numba.core.extending import NativeValue, box, intrinsic, register_model, unbox
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing import signature
from numba.core.typing.templates import AttributeTemplate, infer_getattr

from catzilla_jit.compile.datamodel.enum_member import Member
from catzilla_jit.compile.datamodel.plain_class import is_frozen, is_plain_named_tuple


class DataObject(types.Type):
    """The type of objects of one dataclass, by the types of their fields."""

    mutable = False

    def __init__(self, class_: type, fields: tuple[types.Type, ...], given: bool) -> None:
        self.instance_class = class_
        self.fields = tuple(each.name for each in dataclasses.fields(class_))
        self.types = fields
        self.given = given and not is_frozen(class_)
        shown = ", ".join(f"{n}: {t}" for n, t in zip(self.fields, fields, strict=True))
        name = f"{class_.__module__}.{class_.__qualname__}({shown})"
        super().__init__(f"given {name}" if self.given else name)

    @property
    def key(self) -> Any:
        return self.instance_class, self.types, self.given


@register_model(DataObject)
class _Model(StructModel):
    def __init__(self, manager: Any, type_: DataObject) -> None:
        super().__init__(manager, type_, list(zip(_members(type_), type_.types, strict=True)))


def _members(type_: DataObject) -> list[str]:
    """Return what the fields are called in memory, where some names are taken."""
    return [f"field_{name}" for name in type_.fields]


@infer_getattr
class _Attribute(AttributeTemplate):
    key = DataObject

    def generic_resolve(self, type_: DataObject, name: str) -> types.Type | None:
        return type_.types[type_.fields.index(name)] if name in type_.fields else None


@lower_getattr_generic(DataObject)
def _attribute(context: Any, builder: Any, type_: DataObject, value: Any, name: str) -> Any:
    whole = cgutils.create_struct_proxy(type_)(context, builder, value=value)
    held = getattr(whole, f"field_{name}")
    return impl_ret_borrowed(context, builder, type_.types[type_.fields.index(name)], held)


def can_be_field(type_: types.Type) -> bool:
    """Tell whether a field may hold values of a type: what nobody changes."""
    if isinstance(type_, types.BaseTuple):
        return all(map(can_be_field, type_.types))
    if isinstance(type_, types.Optional):
        return can_be_field(type_.type)
    if isinstance(type_, DataObject):
        return is_frozen(type_.instance_class)
    return type_ in PLAIN or isinstance(type_, Member)


#: Of which nothing is shared with the caller.
PLAIN = {
    types.int64, types.float64, types.boolean, types.complex128, types.unicode_type, types.none,
}  # fmt: skip


def _made(class_: Any) -> Any:
    """Return what makes an object of all of its fields."""

    def make(_context: Any, values: Any) -> Any:
        parts = tuple(map(types.unliteral, values.types))
        if is_plain_named_tuple(class_):
            named = types.BaseTuple.from_types(parts, class_)
            return signature(named, values), _write_named_tuple(values, parts)
        if not all(map(can_be_field, parts)):
            return None
        type_ = DataObject(class_, parts, given=False)
        return signature(type_, values), _write_object(values, parts)

    made: Any = intrinsic(make)
    made.makes_object = True
    return made


def _parts(context: Any, builder: Any, values: Any, parts: Any, value: Any) -> list[Any]:
    return [
        context.cast(builder, builder.extract_value(value, index), values.types[index], part)
        for index, part in enumerate(parts)
    ]


def _write_named_tuple(values: Any, parts: tuple[types.Type, ...]) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        items = _parts(context, builder, values, parts, args[0])
        made = context.make_tuple(builder, sig.return_type, tuple(items))
        return impl_ret_borrowed(context, builder, sig.return_type, made)

    return generate


def _write_object(values: Any, parts: tuple[types.Type, ...]) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        type_ = sig.return_type
        made = cgutils.create_struct_proxy(type_)(context, builder)
        items = _parts(context, builder, values, parts, args[0])
        for name, item in zip(_members(type_), items, strict=True):
            setattr(made, name, item)
        return impl_ret_borrowed(context, builder, type_, made._getvalue())

    return generate


def maker(class_: Any) -> Callable[..., Any]:
    """Return the function that a call of a class is: its parameters, its defaults."""
    if is_plain_named_tuple(class_):
        names, defaults = list(class_._fields), list(class_._field_defaults.values())
    else:
        fields = dataclasses.fields(class_)
        names = [each.name for each in fields]
        defaults = [each.default for each in fields if each.default is not dataclasses.MISSING]
    listed = ", ".join(names)
    space: dict[str, Any] = {"made": _made(class_), "__name__": class_.__module__}
    exec(f"def {class_.__name__}({listed}):\n    return made(({listed},))", space)
    function: Any = space[class_.__name__]
    function.__defaults__ = tuple(defaults) or None
    return function


@unbox(DataObject)
def _unbox(type_: DataObject, value: Any, c: Any) -> NativeValue:
    """Read the fields, whose types are known to be right; an integer may still be too large."""
    failed = cgutils.alloca_once_value(c.builder, cgutils.false_bit)
    made = cgutils.create_struct_proxy(type_)(c.context, c.builder)
    for name, member, part in zip(type_.fields, _members(type_), type_.types, strict=True):
        native = c.unbox(part, borrowed_field(c.builder, c.pyapi, value, name))
        if native.cleanup is not None:
            native.cleanup()
        with c.builder.if_then(native.is_error, likely=False):
            c.builder.store(cgutils.true_bit, failed)
        setattr(made, member, native.value)
    return NativeValue(made._getvalue(), is_error=c.builder.load(failed))


def borrowed_field(builder: ir.IRBuilder, python: Any, value: ir.Value, name: str) -> ir.Value:
    """Return a field that the object holds, None if it has none; the GIL is held all along."""
    found = python.object_getattr_string(value, name)
    result = cgutils.alloca_once_value(builder, found)
    with builder.if_else(cgutils.is_null(builder, found), likely=False) as (if_none, if_some):
        with if_none:
            python.err_clear()
            builder.store(python.borrow_none(), result)
        with if_some:
            python.decref(found)
    return builder.load(result)


@box(DataObject)
def _box(type_: DataObject, value: ir.Value, c: Any) -> ir.Value:
    held = cgutils.create_struct_proxy(type_)(c.context, c.builder, value=value)
    values = [getattr(held, name) for name in _members(type_)]
    parts = [c.box(part, each) for each, part in zip(values, type_.types, strict=True)]
    given = c.pyapi.tuple_pack(parts)
    for part in parts:
        c.pyapi.decref(part)
    made = c.pyapi.call(c.pyapi.object(type_.instance_class), given)
    c.pyapi.decref(given)
    return made
