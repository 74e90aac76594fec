"""An argument that is one known value: `method="linear"`, `axis=1`, `center=True`.

Code that is compiled for the value has it as a constant, which decides branches and the number of
dimensions of results. It holds nothing in memory; `pack` compares the value that comes.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,untyped-decorator"

from __future__ import annotations

import types as pytypes
from typing import Any

import numpy
from numba.core import types
from numba.core.datamodel.models import OpaqueModel
from numba.core.extending import NativeValue, register_model, unbox

#: Longer texts are data.
LONGEST_TEXT = 40
#: Parameters whose integers say how, not what.
HOW = {"axis", "ddof", "ord"}


class GivenConstant(types.Type):
    """The type of one bool, int or str."""

    mutable = False

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__(f"Literal[{value!r}]")

    @property
    def key(self) -> Any:
        return type(self.value), self.value


class GivenDefault(GivenConstant):
    """The type of a default that is a class or a function, of Python or NumPy, by its identity."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.name = f"Default[{_module(value)}.{value.__name__}]"

    @property
    def key(self) -> Any:
        return GivenDefault, id(self.value)


@register_model(GivenDefault)
@register_model(GivenConstant)
class GivenConstantModel(OpaqueModel):
    """Nobody looks at it."""


@unbox(GivenDefault)
@unbox(GivenConstant)
def _nothing(_type: GivenConstant, _value: Any, c: Any) -> NativeValue:
    """The value was compared already."""
    return NativeValue(c.context.get_dummy_value())


def default_type(value: Any, parameter: Any) -> GivenDefault | None:
    """Return the type of a default like `np.float32` or `np.mean`; None for all else."""
    if value is not parameter.default or value is parameter.empty:
        return None
    plain = isinstance(value, type | pytypes.BuiltinFunctionType | numpy.ufunc)
    function = plain or type(value).__module__.partition(".")[0] == "numpy"
    named = isinstance(getattr(value, "__name__", None), str)
    known = function and named and _module(value) in ("builtins", "numpy", "math")
    return GivenDefault(value) if known else None


def _module(value: Any) -> str:
    if isinstance(value, numpy.ufunc):
        return "numpy" if getattr(numpy, value.__name__, None) is value else ""
    return str(getattr(value, "__module__", "")).partition(".")[0]


def constant_types(
    found: tuple[types.Type, ...], values: list[Any], parameters: list[Any]
) -> tuple[types.Type, ...] | None:
    """Return argument types with constants in them, or None where none of the values is one.

    found: the types of the values without. parameters: those of the function's signature.
    """
    made = tuple(
        GivenConstant(value) if _says_how(type_, value, parameter) else type_
        for type_, value, parameter in zip(found, values, parameters, strict=True)
    )
    return made if made != found else None


def _says_how(type_: types.Type, value: Any, parameter: Any) -> bool:
    """Tell whether an argument chooses what is done, as far as that can be seen."""
    if type_ == types.unicode_type:
        return type(value) is str and len(value) <= LONGEST_TEXT
    if type_ == types.boolean:
        return type(value) is bool
    if type_ != types.int64 or type(value) is not int or not -(2**63) <= value < 2**63:
        return False
    default = parameter.default
    return parameter.name in HOW or (type(default) is int and default == value)
