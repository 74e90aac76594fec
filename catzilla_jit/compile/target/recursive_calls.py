"""Calls by which a function reaches itself, directly, through others or with other types.

All code of a task ends in one library, so such a call names the symbol of what it calls, which is
linked in when it is there. (Numba calls what it has not compiled yet through a table of addresses,
which needs the code to be loaded function by function.) Types that change from call to call are
compiled one inside the other; how many times is bounded. The type of the result is known in part
only while the function is compiled; what came of it is compared with what its callers took it for.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.core.funcdesc import qualifying_prefix
from numba.core.imputils import fix_returning_optional
from numba.core.utils import _dynamic_modname

#: Forms of one function, by the types of its arguments, that are being compiled at a time.
MOST_FORMS = 8
#: A result's type by the symbol of the function, as the callers took it.
Expected = dict[str, types.Type]


def call(lower: Any, callee: Any, expr: Any, signature: Any) -> llvm.Value:
    """Write a recursive call; leaves as the callee does."""
    values = lower.fold_call_args(callee, signature, expr.args, expr.vararg, expr.kws)
    symbol = _symbol(lower, callee.dispatcher_type.dispatcher, callee, signature)
    lower.metadata["unit"].findings.expected[symbol] = signature.return_type
    convention, builder = lower.context.call_conv, lower.builder
    shape = convention.get_function_type(signature.return_type, signature.args)
    function = cgutils.get_or_insert_function(builder.module, shape, symbol)
    status, result = convention.call_function(
        builder, function, signature.return_type, signature.args, values
    )
    with builder.if_then(status.is_error, likely=False):
        convention.return_status_propagate(builder, status)
    return fix_returning_optional(lower.context, builder, signature, status, result)


def _symbol(lower: Any, helper: Any, callee: Any, signature: Any) -> str:
    """Return the symbol of the form that is called; link it if it is compiled already."""
    compiled = helper.overloads.get(tuple(signature.args))
    if compiled is not None:
        lower.library.add_linking_library(compiled.library)
        return compiled.fndesc.mangled_name
    function = helper.py_func  # not `inspect.getmodule`: its module need not be in sys.modules
    name = qualifying_prefix(function.__module__ or _dynamic_modname, function.__qualname__)
    uid = callee.get_overloads(signature.args).uid
    return lower.context.mangler(name, signature.args, uid=uid)


def differs(lower: Any) -> bool:
    """Tell whether a function returns another type than its callers took it to return."""
    expected: Expected = lower.metadata["unit"].findings.expected
    own = lower.fndesc
    return expected.get(own.mangled_name, own.restype) != own.restype
