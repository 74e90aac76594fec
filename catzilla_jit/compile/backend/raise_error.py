"""From a status and a description to a Python exception, on a thread that holds the GIL.

Neither the compiler nor any lock of Numba's is needed for that: who asks for a result may be
anywhere. A description is read by a function of machine code, made once per process, and unpickled
here; a C function of Numba's raises, with a traceback that names the line in the task. A
description made at compile time is constant data and can be raised any number of times. One made at
run time (`ValueError("bad " + str(x))`) owns what it points to, and raising it frees it: raise it
once and keep the exception.
"""
# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from catzilla_jit.compile.backend import loader, numba_symbols
from catzilla_jit.compile.target import stand_ins

#: Numba's statuses: the end of an iterator, and the first one that has a description.
STOP_ITERATION, DESCRIBED = -3, 1

#: `describe(error)` returns the pickle and a tuple of what was made at run time, or None; it frees
#: what the description owns. `throw(packed)` raises, for a tuple of class, arguments and place.
#: The description: `{i8 *pickle, i32 size, i8 *values, i8 *unwrap, i32 number of values}`.
SOURCE = """
declare i32 @PyArg_ParseTuple(i8*, i8*, ...)
declare i8* @PyBytes_FromStringAndSize(i8*, i64)
declare i8* @PyTuple_Pack(i64, ...)
declare void @Py_IncRef(i8*)
declare void @Py_DecRef(i8*)

@number = private constant [2 x i8] c"L\\00"
@object = private constant [2 x i8] c"O\\00"

define i8* @cz_describe(i8* %self, i8* %arguments, i8* %names) {{
  %at = alloca i64
  %format = getelementptr [2 x i8], [2 x i8]* @number, i32 0, i32 0
  %parsed = call i32 (i8*, i8*, ...) @PyArg_ParseTuple(i8* %arguments, i8* %format, i64* %at)
  %is_parsed = icmp ne i32 %parsed, 0
  br i1 %is_parsed, label %read, label %fail
read:
  %address = load i64, i64* %at
  %error = inttoptr i64 %address to {{i8*, i32, i8*, i8*, i32}}*
  %fields = load {{i8*, i32, i8*, i8*, i32}}, {{i8*, i32, i8*, i8*, i32}}* %error
  %text = extractvalue {{i8*, i32, i8*, i8*, i32}} %fields, 0
  %size = extractvalue {{i8*, i32, i8*, i8*, i32}} %fields, 1
  %wide = sext i32 %size to i64
  %pickle = call i8* @PyBytes_FromStringAndSize(i8* %text, i64 %wide)
  %number_of_values = extractvalue {{i8*, i32, i8*, i8*, i32}} %fields, 4
  %is_made = icmp sgt i32 %number_of_values, 0
  br i1 %is_made, label %made, label %constant
made:
  %values = extractvalue {{i8*, i32, i8*, i8*, i32}} %fields, 2
  %function = extractvalue {{i8*, i32, i8*, i8*, i32}} %fields, 3
  %unwrap = bitcast i8* %function to i8* (i8*)*
  %unwrapped = call i8* %unwrap(i8* %values)
  %free = inttoptr i64 {free} to void (i8*)*
  %block = inttoptr i64 %address to i8*
  call void %free(i8* %block)
  br label %join
constant:
  %none = inttoptr i64 {none} to i8*
  call void @Py_IncRef(i8* %none)
  br label %join
join:
  %second = phi i8* [%unwrapped, %made], [%none, %constant]
  %no_first = icmp eq i8* %pickle, null
  %no_second = icmp eq i8* %second, null
  %missing = or i1 %no_first, %no_second
  br i1 %missing, label %release, label %pack
pack:
  %packed = call i8* (i64, ...) @PyTuple_Pack(i64 2, i8* %pickle, i8* %second)
  br label %release
release:
  %result = phi i8* [null, %join], [%packed, %pack]
  call void @Py_DecRef(i8* %pickle)
  call void @Py_DecRef(i8* %second)
  ret i8* %result
fail:
  ret i8* null
}}

define i8* @cz_throw(i8* %self, i8* %arguments, i8* %names) {{
  %at = alloca i8*
  %format = getelementptr [2 x i8], [2 x i8]* @object, i32 0, i32 0
  %parsed = call i32 (i8*, i8*, ...) @PyArg_ParseTuple(i8* %arguments, i8* %format, i8** %at)
  %is_parsed = icmp ne i32 %parsed, 0
  br i1 %is_parsed, label %throw, label %fail
throw:
  %packed = load i8*, i8** %at
  call void @Py_IncRef(i8* %packed)
  %raise = inttoptr i64 {do_raise} to i32 (i8*)*
  %status = call i32 %raise(i8* %packed)
  ret i8* null
fail:
  ret i8* null
}}
"""


def raise_error(status: int, error: int) -> NoReturn:
    """Raise what a kernel that returned `status` left in `*error`."""
    if status == STOP_ITERATION:
        raise StopIteration
    if status < DESCRIBED or not error:
        raise SystemError(f"compiled code returned status {status} without an error")
    _, throw = _functions()
    throw(_read(error))
    raise SystemError("an exception was not raised")


def _read(error: int) -> tuple[Any, Any, Any]:
    """Return the class, the arguments and the place that a description has."""
    describe, _ = _functions()
    data, made = describe(error)
    class_, arguments, place = pickle.loads(data)
    if class_ is stand_ins.Placed:
        class_, arguments, _ = _read(made[0])
    elif class_ is stand_ins.Called:
        function, kinds, message = arguments
        class_, arguments = stand_ins.raised_by(function, kinds, message, made)
    elif class_ in (stand_ins.OutOfBounds, stand_ins.OtherMask):
        class_, arguments = IndexError, (stand_ins.words(class_, made),)
    elif made is not None:
        values = iter(made)
        arguments = tuple(next(values) if _is_left_open(each) else each for each in arguments)
    return class_, arguments, place


def _is_left_open(argument: Any) -> bool:
    """Tell whether something stands for an argument that was made at run time."""
    ir: Any = sys.modules.get("llvmlite.ir")  # imported by the pickle of such an argument
    return ir is not None and isinstance(argument, ir.Value)


@functools.cache
def _functions() -> tuple[Callable[[int], Any], Callable[[Any], NoReturn]]:
    """Return the functions of machine code as Python's."""
    helpers, runtime, environment = numba_symbols.extensions()
    source = SOURCE.format(
        free=runtime.c_helpers["Free"], do_raise=helpers.c_helpers["do_raise"], none=id(None)
    )
    symbols = ("cz_describe", "cz_throw")
    at = loader.assemble(source, symbols)
    empty = environment.Environment({})
    describe, throw = (
        environment.make_function(sys.modules[__name__], name, "", at[name], empty, ())
        for name in symbols
    )
    return describe, throw
