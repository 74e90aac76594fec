"""Operators as functions, for tasks with arrays of types that Python does not have.

Numba computes `float32` and `uint8` arrays in other types than NumPy. In functions that have such
arrays each operator becomes a call of one of these before types are known; where the types turn out
to be plain numbers it becomes an operator again (`passes/array_operators.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

import numpy
from numba.core import errors, types
from numba.core.extending import intrinsic

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import calls, elementwise, signatures

BINARY = {
    operator.add: "add", operator.sub: "subtract", operator.mul: "multiply",
    operator.truediv: "divide", operator.floordiv: "floor_divide", operator.mod: "remainder",
    operator.pow: "power", operator.lt: "less", operator.le: "less_equal", operator.eq: "equal",
    operator.ne: "not_equal", operator.gt: "greater", operator.ge: "greater_equal",
    operator.and_: "bitwise_and", operator.or_: "bitwise_or", operator.xor: "bitwise_xor",
}  # fmt: skip
UNARY = {operator.neg: "negative", operator.invert: "invert"}
#: What NumPy computes for two of its numbers as its loop does.
OF_NUMBERS = {
    "add", "subtract", "multiply", "divide", "less", "less_equal", "equal", "not_equal", "greater",
    "greater_equal", "negative",
}  # fmt: skip


def is_foreign(type_: Any) -> bool:
    """Tell whether a type is one of numbers that Python has not, or of arrays of them."""
    element = types.unliteral(type_.dtype if isinstance(type_, types.Array) else type_)
    plain = (types.int64, types.float64, types.boolean, types.complex128)
    return number_kinds.kind(element) is not None and element not in plain


def is_numpys(given: tuple[Any, ...]) -> bool:
    """Tell whether an operation on these is NumPy's to do."""
    return any(isinstance(each, types.Array) or is_foreign(each) for each in given)


def _result(op: Any, name: str, given: tuple[Any, ...]) -> Any:
    if not any(isinstance(each, types.Array) for each in given):
        floats = all(
            number_kinds.kind(each) == number_kinds.FLOAT for each in given if is_foreign(each)
        )
        if name not in OF_NUMBERS or not floats:
            return None
    if op is operator.pow and not _is_plain_power(given):
        return None
    return elementwise.result_type(name, given)


def _is_plain_power(given: tuple[Any, ...]) -> bool:
    """Tell whether NumPy's operator is the loop: an integer to a negative power raises."""
    if isinstance(given[0], types.Array) and given[0].dtype == types.float32:
        same = not isinstance(given[1], types.Array) or given[1].dtype == types.float32
        return same and elementwise.is_plain_power("float32")
    return is_power_of_doubles(given)


def is_power_of_doubles(given: tuple[Any, ...]) -> bool:
    """Tell whether NumPy's operator is the loop of doubles for these.

    Where the exponents are converted, NumPy hands them on in another way.
    """
    elements = {types.unliteral(getattr(each, "dtype", each)) for each in given}
    of_number = not isinstance(given[0], types.Array)
    same = not isinstance(given[1], types.Array) or given[1].dtype == types.float64 or of_number
    floats = types.float64 in elements and elements <= {types.float64, types.int64}
    return floats and same and elementwise.is_plain_power()


def _is_square(op: Any, given: tuple[Any, ...]) -> bool:
    """Tell whether NumPy takes the product of an array with itself."""
    if op is not operator.pow or not isinstance(given[0], types.Array):
        return False
    two = isinstance(given[1], types.IntegerLiteral) and given[1].literal_value == 2
    return two and given[0].dtype in (types.float64, types.int64)


def _made(op: Any, name: str, inputs: int) -> Any:
    def typed(typing: Any, given: tuple[Any, ...]) -> Any:
        if not is_numpys(given):
            signature = typing.resolve_function_type(op, given, {})
            if signature is None:
                shown = ", ".join(map(str, given))
                raise errors.TypingError(f"{name} is not known for {shown}")
            return signature, code
        if _is_square(op, given):
            product = elementwise.result_type("multiply", (given[0], given[0]))
            return product(*map(types.unliteral, given)), square
        result = _result(op, name, given)
        if result is None:
            shown = ", ".join(map(str, given))
            raise errors.TypingError(f"{name} is not known for {shown}")
        return result(*map(types.unliteral, given)), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        return calls.elementwise(context, builder, chosen, signature, values)

    def square(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        both = (signature.args[0], signature.args[0])
        chosen = signatures.choose("multiply", both)
        assert chosen is not None
        product = signature.return_type(*both)
        return calls.elementwise(context, builder, chosen, product, [values[0], values[0]])

    def of_one(typing: Any, value: Any) -> Any:
        return typed(typing, (value,))

    def of_two(typing: Any, left: Any, right: Any) -> Any:
        return typed(typing, (left, right))

    function = of_one if inputs == 1 else of_two
    function.__name__ = function.__qualname__ = name
    return intrinsic(prefer_literal=True)(function)


#: What an operator becomes, and back.
CALLS: dict[Any, Any] = {
    **{op: _made(op, name, 2) for op, name in BINARY.items()},
    **{op: _made(op, name, 1) for op, name in UNARY.items()},
}
OPERATORS: dict[Any, Any] = {made: op for op, made in CALLS.items()}

#: Functions that LLVM has exactly for plain numbers, and which are loops for others.
FUNCTIONS: dict[tuple[Any, int], Any] = {
    **{
        (getattr(numpy, name), 1): elementwise.made(name, 1)
        for name in (
            "sqrt", "absolute", "fabs", "square", "negative", "floor", "ceil", "trunc", "rint",
            "isnan", "isinf", "isfinite", "signbit", "logical_not", "invert", "positive",
            "conjugate",
        )
    },
    **{
        (getattr(numpy, name), 2): elementwise.made(name, 2)
        for name in (
            "add", "subtract", "multiply", "divide", "less", "less_equal",
            "equal", "not_equal", "greater", "greater_equal", "bitwise_and", "bitwise_or",
            "bitwise_xor", "logical_and", "logical_or", "logical_xor",
        )
    },
}  # fmt: skip
