"""Which classes of a program have a machine type: those that do what their kind does, no more.

A named tuple is a tuple, an enum member one of its class, a data object its fields, as long as the
class overrides nothing that compiled code does by itself. Methods and properties beside that make
no difference: compiled code knows none of them, and refuses them.
"""

from __future__ import annotations

import dataclasses
import enum
import types as pytypes
from typing import Any

#: What a class may define of its own.
FREE = {
    "__new__", "__doc__", "__module__", "__qualname__", "__init_subclass__", "__class_getitem__",
    "__dir__", "__reduce__", "__reduce_ex__", "__repr__", "__str__", "__format__", "__sizeof__",
    "__getnewargs__", "__subclasshook__", "__class__", "__init__", "__delattr__", "__setattr__",
}  # fmt: skip
#: What it may not, beside what tuples and ints have.
WATCHED = {"__getattr__", "__getattribute__", "__bool__", "_missing_", "value", "name"}
#: What Python writes, it compiles under this name.
GENERATED = "<string>"


def is_plain(class_: Any) -> bool:
    """Tell whether objects of a class have a machine type."""
    return any(test(class_) for test in (is_plain_named_tuple, is_plain_enum, is_plain_dataclass))


def is_plain_named_tuple(class_: Any) -> bool:
    """Tell whether a class was made by `namedtuple` or `NamedTuple`, and overrides nothing."""
    if not isinstance(class_, type) or class_.__bases__ != (tuple,):
        return False
    own = vars(class_)
    fields = own.get("_fields")
    if type(fields) is not tuple or _overrides(own, tuple):
        return False
    getters = {type(own.get(each)).__name__ for each in fields}
    made = class_.__new__
    generated = isinstance(made, pytypes.FunctionType) and made.__code__.co_filename == GENERATED
    return generated and getters <= {"_tuplegetter"}


def is_plain_enum(class_: Any) -> bool:
    """Tell whether a class is an Enum or IntEnum, of nothing else, that overrides nothing."""
    if type(class_) is not enum.EnumMeta or not class_.__members__:
        return False
    if class_.__bases__ not in ((enum.Enum,), (enum.IntEnum,)) or _overrides(vars(class_), int):
        return False
    members: Any = class_.__members__
    values = [each.value for each in members.values()]
    return not is_int_enum(class_) or all(-(2**63) <= value < 2**63 for value in values)


def is_int_enum(class_: Any) -> bool:
    """Tell whether the members of an enum are ints."""
    return issubclass(class_, int)


def is_plain_dataclass(class_: Any) -> bool:
    """Tell whether a dataclass has fields alone that its generated constructor sets."""
    if type(class_) is not type or class_.__bases__ != (object,):
        return False
    own = vars(class_)
    known = own.get("__dataclass_fields__")
    if not known or not own["__dataclass_params__"].init or "__post_init__" in own:
        return False
    fields = dataclasses.fields(class_)
    code = getattr(own.get("__init__"), "__code__", None)
    if len(fields) != len(known) or code is None or code.co_filename != GENERATED:
        return False
    if any(name in own for name in ("__getattr__", "__getattribute__", "__new__", "__del__")):
        return False
    if "__setattr__" in own and not is_frozen(class_):
        return False
    return all(_is_plain_field(each, own.get(each.name, dataclasses.MISSING)) for each in fields)


def _is_plain_field(field: Any, held: Any) -> bool:
    """Tell whether a field holds what it was given, or a default; held: what the class has."""
    if not field.init or field.kw_only or field.default_factory is not dataclasses.MISSING:
        return False
    kind = type(field.default)
    known = kind in DEFAULTS or (is_plain_enum(kind) and not is_int_enum(kind))
    if field.default is not dataclasses.MISSING and not known:
        return False
    slot = type(held).__name__ == "member_descriptor"
    return slot or held is dataclasses.MISSING or held is field.default


#: What a default may be.
DEFAULTS = (int, float, bool, str, complex, type(None))


def is_frozen(class_: Any) -> bool:
    """Tell whether the fields of a dataclass's objects stay what they are."""
    return bool(vars(class_)["__dataclass_params__"].frozen)


def _overrides(own: Any, kind: type) -> bool:
    names = WATCHED | (set(dir(kind)) - FREE)
    if kind is int:
        names.discard("__hash__")  # every enum has one
        names |= {"__eq__", "__ne__"}
    return any(name in own for name in names)


def classes_in(type_: Any) -> list[type]:
    """Return the classes of the program that a type is about: two may have one name."""
    found = [] if type_ is None else [getattr(type_, "instance_class", None)]
    parts = [*getattr(type_, "types", ()), *(getattr(type_, each, None) for each in PARTS)]
    for part in parts:
        if part is not None and part is not type_:
            found += classes_in(part)
    return [each for each in found if each is not None]


#: Where types hold others.
PARTS = ("dtype", "type", "key_type", "value_type")
