"""Whether what has compiled is taken: results that go back, effects that may happen once only."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import types as pytypes

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types

from catzilla_jit.compile.analysis.effects import is_repeatable
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.backend.payload_layout import is_scalar
from catzilla_jit.compile.datamodel.convertible import can_return
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.diagnostics import rules, source_line, type_names
from catzilla_jit.compile.diagnostics.reason import Reason
from catzilla_jit.compile.frontend.unit import CompilationUnit


def reason_against(
    unit: CompilationUnit, kernel: Kernel, function: pytypes.FunctionType
) -> Reason | None:
    """Return why the compiled function is not taken, or None."""
    found = _result_type(kernel, function)
    if found is None and not is_repeatable(unit.findings.effects, kernel.argument_types):
        # Each of these bails out, and it cannot be run again as Python.
        checks = (_handlers, _says, _doubtful_result, _numpy_choice)
        found = next(filter(None, (check(unit, function) for check in checks)), None)
    return found


def _result_type(kernel: Kernel, function: pytypes.FunctionType) -> Reason | None:
    type_ = kernel.result_type
    if is_scalar(type_) or can_return(type_):
        return None
    line = source_line.line_of(function.__code__, source_line.RETURNS)
    code = rules.RESULT_TYPE
    message = f"the function returns {type_names.of(type_)}, which cannot be converted back"
    advice = "return numbers, strings, bytes, arrays, or tuples and lists of them"
    if isinstance(type_, types.LiteralList):
        code = rules.MIXED_ITEMS
        message = f"the function returns a list with items of several types, {type_names.of(type_)}"
        advice = "return a tuple, or make the items one type"
    if isinstance(type_, types.Set):
        code = rules.SET_ORDER
        message = f"the function returns {type_names.of(type_)}, whose order is Python's own"
        advice = "return sorted(...) of it; otherwise it runs as a Python task"
    if isinstance(type_, GivenList | GivenDict):
        kind = "list" if isinstance(type_, GivenList) else "dict"
        code = rules.GIVEN_CONTAINER
        message = f"the function returns a {kind} that it was given; the caller would get a copy"
        advice = "return `.copy()` of it; otherwise it runs as a Python task"
    return Reason(code, line, message, advice)


def _handlers(unit: CompilationUnit, function: pytypes.FunctionType) -> Reason | None:
    """What a handler catches is left to Python."""
    if not (unit.findings.bails_at_handlers or unit.findings.tries):
        return None
    line = source_line.line_of(function.__code__, source_line.HANDLERS)
    message = "the function has `try` and side effects: it cannot be run again as Python"
    advice = "move the `try` to the caller; otherwise it runs as a Python task"
    return Reason(rules.TRY_WITH_EFFECTS, line, message, advice)


def _says(unit: CompilationUnit, function: pytypes.FunctionType) -> Reason | None:
    """What is said, by a warning or a message, is said by Python."""
    line = unit.findings.says
    if line is None:
        return None
    message = "the function warns, prints or logs, and has side effects: Python cannot run it again"
    return Reason(rules.PRINT, line, message, "move the message to the caller")


def _doubtful_result(unit: CompilationUnit, function: pytypes.FunctionType) -> Reason | None:
    """A result of Python's where NumPy's is usual is Python's to compute."""
    if not unit.findings.doubts_result:
        return None
    line = source_line.line_of(function.__code__, source_line.RETURNS)
    message = (
        "the function returns a number that is sometimes NumPy's, sometimes Python's, and has "
        "side effects"
    )
    return Reason(rules.NUMPY_OR_PYTHON, line, message, "return float(x) or int(x)")


def _numpy_choice(unit: CompilationUnit, function: pytypes.FunctionType) -> Reason | None:
    """What is NumPy's to choose (which of two zeros) is left to it."""
    where = unit.findings.numpy_choice
    if where is None:
        return None
    file = "" if where.filename == function.__code__.co_filename else where.filename
    message = (
        "NumPy decides some results of this call, and a function that prints or reads what it "
        "has written cannot be run again as Python"
    )
    advice = "copy the arrays first; otherwise it runs as a Python task"
    return Reason(rules.NUMPY_CHOICE, where.line, message, advice, file=file)
