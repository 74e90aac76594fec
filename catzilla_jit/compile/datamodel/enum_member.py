"""Members of an Enum: compiled code knows which of its class's members it is.

Numba's own type is that of the members' values, which must be of one kind, and numbers. Here a
member is its place in the class, so values may be of any kind; `.value` has machine code where all
are of one. A class, or a member, that the program names stands there as `Named`. Members of an
`IntEnum` are ints beside that, and have Numba's type (`passes/check_classes.py`).
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc,override"

from __future__ import annotations

import enum
import operator
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import OpaqueModel, PrimitiveModel
from numba.core.extending import (
    NativeValue,
    box,
    intrinsic,
    lower_builtin,
    overload_attribute,
    overload_method,
    register_model,
    typeof_impl,
    unbox,
)
from numba.core.imputils import lower_constant, lower_getattr_generic
from numba.core.typing import signature
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
)

from catzilla_jit.compile.datamodel.plain_class import is_int_enum

INT64 = ir.IntType(64)
#: The kinds of values that `.value` has machine code for.
KINDS = (int, str, float, bool)


class Member(types.Type):
    """The type of the members of one class."""

    mutable = False

    def __init__(self, class_: Any) -> None:
        self.instance_class = class_
        super().__init__(f"{class_.__module__}.{class_.__qualname__}")

    @property
    def key(self) -> Any:
        return self.instance_class


class MemberClass(types.Dummy):
    """The type of such a class."""

    def __init__(self, class_: Any) -> None:
        self.instance_class = class_
        super().__init__(f"class {class_.__module__}.{class_.__qualname__}")

    @property
    def key(self) -> Any:
        return self.instance_class


class Named:
    """Stands in a namespace for an Enum, or for a member of one."""

    def __init__(self, value: Any) -> None:
        self.value = value


def member_type(class_: Any) -> types.Type:
    """Return the type of the members of an enum."""
    if is_int_enum(class_):
        return types.IntEnumMember(class_, types.int64)
    return Member(class_)


def place_of(member: Any) -> int:
    """Return which member of its class it is."""
    class_: Any = type(member)
    return list(class_).index(member)


@register_model(Member)
class _MemberModel(PrimitiveModel):
    def __init__(self, manager: Any, type_: Member) -> None:
        super().__init__(manager, type_, INT64)


register_model(MemberClass)(OpaqueModel)


@typeof_impl.register(Named)
def _typeof(named: Named, _context: Any) -> types.Type:
    value = named.value
    return Member(type(value)) if isinstance(value, enum.Enum) else MemberClass(value)


@lower_constant(MemberClass)
def _class_constant(context: Any, _builder: Any, _type: Any, _named: Named) -> Any:
    return context.get_dummy_value()


@lower_constant(Member)
def _constant(_context: Any, _builder: Any, _type: Any, named: Named) -> Any:
    return INT64(place_of(named.value))


@infer_getattr
class _ClassAttribute(AttributeTemplate):
    key = MemberClass

    def generic_resolve(self, type_: MemberClass, name: str) -> types.Type | None:
        known = name in type_.instance_class.__members__
        return Member(type_.instance_class) if known else None


@lower_getattr_generic(MemberClass)
def _attribute(_context: Any, _builder: Any, type_: MemberClass, _value: Any, name: str) -> Any:
    return INT64(place_of(type_.instance_class.__members__[name]))


class _Compared(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        left, right = args
        known = isinstance(left, Member) and left == right
        return signature(types.boolean, left, right) if known else None


@infer_global(operator.eq)
class _Equal(_Compared):
    pass


@infer_global(operator.ne)
class _Unequal(_Compared):
    pass


@lower_builtin(operator.eq, Member, Member)
def _equal(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
    return builder.icmp_signed("==", *values)


@lower_builtin(operator.ne, Member, Member)
def _unequal(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
    return builder.icmp_signed("!=", *values)


def _place(_context: Any, member: Any) -> Any:
    """Return the place of a member."""

    def generate(_context: Any, _builder: Any, _signature: Any, values: Any) -> Any:
        return values[0]

    return (types.int64(member), generate) if isinstance(member, Member) else None


place: Any = intrinsic(_place)


def _looked_up(values: tuple[Any, ...]) -> Any:
    """Return a function from a member to what is in its place."""
    return lambda member: values[place(member)]


@overload_attribute(Member, "value")
def _value(member):
    values = tuple(each.value for each in member.instance_class)
    alike = len({type(each) for each in values}) == 1 and type(values[0]) in KINDS
    return _looked_up(values) if alike else None


@overload_attribute(Member, "name")
def _name(member):
    return _looked_up(tuple(each.name for each in member.instance_class))


@overload_method(Member, "__hash__")
def _hash(member):
    return lambda member: hash(place(member))


@unbox(Member)
def _unbox(type_: Member, value: Any, c: Any) -> NativeValue:
    table = {member: index for index, member in enumerate(type_.instance_class)}
    found = c.pyapi.dict_getitem(c.pyapi.object(table), value)
    return NativeValue(c.pyapi.long_as_longlong(found))


@box(Member)
def _box(type_: Member, value: ir.Value, c: Any) -> ir.Value:
    found = c.pyapi.list_getitem(c.pyapi.object(list(type_.instance_class)), value)
    c.pyapi.incref(found)
    return found
