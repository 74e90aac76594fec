"""Numba's CPU target with two changes, for tasks only.

First: STATUS_OVERFLOW, the status of a kernel whose answer does not fit its types, passes every
`try` of the compiled code. In Python the computation would not have failed, so no handler may see
it. Second: no wrapper for calls from Python is made; a kernel is entered through
`backend/entry.py`. The types, the functions and the code generator are those of Numba's own
context, shared.

Numba compiles its own functions anew for each set of flags that their callers have. So that a
task, its helpers and Numba's functions share them, all have the flags which those have, and what
a flag would say of tasks (no wrapper, no address) is said here.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from llvmlite import ir
from numba import _dynfunc
from numba.core import callconv, cgutils, errors, funcdesc
from numba.core.cpu import CPUContext
from numba.core.registry import cpu_target
from numba.core.runtime import _nrt_python

from catzilla_jit.compile.slots import NO_ANSWER, STATUS_OVERFLOW
from catzilla_jit.compile.target import array_memory, error_places, lost_errors, stand_ins
from catzilla_jit.compile.target.error_places import Site
from catzilla_jit.compile.target.objects import TaskPythonAPI, name_of

TAG_LENGTH = 24
#: What makes the arguments of an exception, with the GIL held, has names that begin with this.
UNWRAP = "cz_unwrap"


#: The constant of a program that tells whether the task can be run again as Python.
REPEATABLE = "cz_status_matters."


def _handler(builder: ir.IRBuilder) -> dict[str, Any] | None:
    """Return where Numba goes on from a raise in this block; None: it knows of no `try`."""
    return getattr(builder, "_in_try_block", None)


class TaskCallConv(callconv.CPUCallConv):
    """Numba's calling convention, with a status that no handler stops.

    What the user's code raises, or our lowering for it, is raised as it is. What one of Numba's own
    functions raises often has other words than Python's, or comes where Python would not fail: it
    becomes STATUS_OVERFLOW, and keeps its description for tasks that cannot be run again.
    """

    #: True while a `raise` of the user, or an exception that we know to be Python's, is written.
    raising = False
    #: True while a call of a helper is written.
    calling_helper = False
    #: What goes with the next call of a function, by its symbol, and what came back with it: words
    #: in the slot for the description of an exception (`lowering/call_bits.py`).
    beside: ClassVar[tuple[str, ir.Value] | None] = None
    brought: ClassVar[ir.Value | None] = None
    #: The line that is written, in a function of the user's.
    site: ClassVar[Site | None] = None
    #: By the names of functions that fork: what writes the wait for what they have forked.
    leaving: ClassVar[dict[str, Callable[[ir.IRBuilder], object]]] = {}

    def call_function(
        self,
        builder: ir.IRBuilder,
        callee: Any,
        resty: Any,
        argtys: Any,
        args: Any,
        attrs: Any = None,
    ) -> Any:
        """Call a function; as Numba does, but that a word may go with it."""
        if TaskCallConv.beside is None or TaskCallConv.beside[0] != callee.name:
            return super().call_function(builder, callee, resty, argtys, args, attrs)
        word = TaskCallConv.beside[1]
        TaskCallConv.beside = None
        null = cgutils.get_null_value(self.get_return_type(resty).pointee)
        result = cgutils.alloca_once_value(builder, null)
        slot = cgutils.alloca_once(builder, self._get_excinfo_argument(callee).type.pointee)
        builder.store(builder.inttoptr(word, slot.type.pointee), slot)
        packed = self._get_arg_packer(argtys).as_arguments(builder, args)
        code = builder.call(callee, [result, slot, *packed])
        description = builder.load(slot)
        TaskCallConv.brought = builder.ptrtoint(description, word.type)
        status = self._get_return_status(builder, code, description)
        return status, self.context.get_returned_value(builder, resty, builder.load(result))

    @classmethod
    def take_brought(cls) -> ir.Value:
        """Return the word that the call has brought back which `beside` was for."""
        assert cls.beside is None, "a call went without its word"
        assert cls.brought is not None
        return cls.brought

    def _return_errcode_raw(self, builder: ir.IRBuilder, code: Any) -> None:
        leave = TaskCallConv.leaving.get(builder.function.name)
        if leave is not None:
            leave(builder)
        super()._return_errcode_raw(builder, code)

    def return_overflow(self, builder: ir.IRBuilder, message: str, loc: Any, function: str) -> None:
        """Leave the function with STATUS_OVERFLOW, described as an OverflowError at `loc`."""
        self.set_static_user_exc(builder, OverflowError, (message,), loc=loc, func_name=function)
        self._return_errcode_raw(builder, callconv._const_int(STATUS_OVERFLOW))

    def return_user_exc(
        self,
        builder: ir.IRBuilder,
        exc: Any,
        exc_args: Any = None,
        loc: Any = None,
        func_name: Any = None,
    ) -> None:
        if TaskCallConv.raising:
            self._leave_try(builder, loc, func_name)
            super().return_user_exc(builder, exc, exc_args, loc, func_name)
            return
        site = self.site_of(builder)
        if loc is None and site is not None:
            loc, func_name = site.loc, site.name
        self.set_static_user_exc(builder, exc, exc_args, loc=loc, func_name=func_name)
        self._return_errcode_raw(builder, callconv._const_int(STATUS_OVERFLOW))

    def _leave_try(self, builder: ir.IRBuilder, loc: Any, name: Any) -> None:
        """Leave before a raise that would pass a handler.

        Numba finds the handler by the block. The blocks of a comprehension, or a function, that was
        inlined into a `try` have none, and the raise would end the function.
        """
        if _handler(builder) is not None:
            return
        with builder.if_then(self.check_try_status(builder).in_try, likely=False):
            message = f"an exception that is caught {NO_ANSWER}"
            self.return_overflow(builder, message, loc, name)

    @staticmethod
    def site_of(builder: ir.IRBuilder) -> Site | None:
        """Return the user's line that is written; None in functions that are not the user's."""
        site = TaskCallConv.site
        return site if site is not None and site.function is builder.function else None

    @staticmethod
    def can_run_again(builder: ir.IRBuilder) -> ir.Value:
        """Tell whether the task can be run again as Python."""
        constant = repeatable_constant(builder.module)
        return builder.icmp_unsigned("!=", builder.load(constant), constant.type.pointee(0))

    def leave_with(
        self, builder: ir.IRBuilder, stand_in: type[IndexError], *numbers: ir.Value
    ) -> None:
        """Leave with an exception of NumPy's that has numbers."""
        site = self.site_of(builder) or Site(builder.function, None, None)
        self.set_static_user_exc(builder, stand_in, (), loc=site.loc, func_name=site.name)
        once = builder.not_(self.can_run_again(builder))
        error_places.describe(self, builder, stand_in, numbers, site, once)
        self._return_errcode_raw(builder, callconv._const_int(STATUS_OVERFLOW))

    def leave_calling(
        self,
        builder: ir.IRBuilder,
        called: tuple[Callable[..., Any], str, str],
        numbers: tuple[ir.Value, ...],
        loc: Any,
        name: str,
    ) -> None:
        """Leave with what Python raises for a function of numbers (`stand_ins.Called`)."""
        self.set_static_user_exc(builder, OverflowError, called[2:], loc=loc, func_name=name)
        once = builder.not_(self.can_run_again(builder))
        site = Site(builder.function, loc, name)
        error_places.describe(self, builder, stand_ins.Called, numbers, site, once, called)
        self._return_errcode_raw(builder, callconv._const_int(STATUS_OVERFLOW))

    def return_dynamic_user_exc(
        self,
        builder: ir.IRBuilder,
        exc: Any,
        exc_args: Any,
        nb_types: Any,
        loc: Any = None,
        func_name: Any = None,
    ) -> None:
        """Raise with computed arguments; go to the handler in a `try`, which Numba leaves out."""
        handler = _handler(builder)
        if handler is None:
            self._leave_try(builder, loc, func_name)
            super().return_dynamic_user_exc(builder, exc, exc_args, nb_types, loc, func_name)
            return
        self.set_dynamic_user_exc(builder, exc, exc_args, nb_types, loc=loc, func_name=func_name)
        self.check_try_status(builder)
        builder.branch(handler["target"])

    def return_status_propagate(self, builder: ir.IRBuilder, status: Any) -> None:
        code = status.code
        if not TaskCallConv.calling_helper:
            overflow = callconv._const_int(STATUS_OVERFLOW)
            code = builder.select(status.is_user_exc, overflow, code)
        handled = self.check_try_status(builder).in_try
        if _handler(builder) is None:  # as in `_leave_try`: it would go on
            code = builder.select(handled, callconv._const_int(STATUS_OVERFLOW), code)
        builder.store(status.excinfoptr, self._get_excinfo_argument(builder.function))
        passes = builder.icmp_signed("==", code, callconv._const_int(STATUS_OVERFLOW))
        with builder.if_then(builder.or_(passes, builder.not_(handled))):
            site = self.site_of(builder)
            if site is not None and (site.calls_library or not TaskCallConv.calling_helper):
                error_places.give_place(self, builder, status, code, site)
            self._return_errcode_raw(builder, code)

    def set_dynamic_user_exc(
        self,
        builder: ir.IRBuilder,
        exc: Any,
        exc_args: Any,
        nb_types: Any,
        loc: Any = None,
        func_name: Any = None,
    ) -> None:
        """Describe an exception whose arguments are made at run time (`target/lost_errors.py`)."""
        super().set_dynamic_user_exc(builder, exc, exc_args, nb_types, loc, func_name)
        lost_errors.mark(self, builder, nb_types)

    def emit_wrap_args_insts(
        self, builder: ir.IRBuilder, pyapi: Any, struct_type: ir.Type, exc_args: Any
    ) -> ir.Value:
        """Store the values behind the address of what lets go of them, which `mark` fills in."""
        values = [each for each in exc_args if isinstance(each, ir.Value)]
        return lost_errors.stored(self.context, builder, struct_type, values)

    def emit_unwrap_dynamic_exception_fn(
        self, module: ir.Module, st_type: ir.Type, nb_types: Any
    ) -> ir.Function:
        """Write `PyObject *f(void *values)`: a tuple of the values, whose memory is freed.

        Numba's own function keeps a reference to each item.
        """
        shape = f"{st_type} {nb_types}".encode()
        name = f"{UNWRAP}.{hashlib.sha256(shape).hexdigest()[:32]}"
        if name in module.globals:
            return module.globals[name]
        function = ir.Function(module, _unwrap_type(), name)
        function.linkage = "linkonce_odr"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        pyapi = self.context.get_python_api(builder)
        environment = self.context.get_env_manager(builder, return_pyobject=True)
        values = builder.load(lost_errors.values_at(builder, function.args[0], st_type))
        items = []
        for i, type_ in enumerate(type_ for type_ in nb_types if type_ is not None):
            value = builder.extract_value(values, i)
            item = pyapi.from_native_value(type_, value, env_manager=environment)
            if item == pyapi.get_null_object():
                raise errors.TypingError(f"a value of type {type_} cannot be an argument of raise")
            items.append(item)
        self.context.nrt.free(builder, function.args[0])
        made = pyapi.tuple_pack(items)
        for item in items:
            pyapi.decref(item)
        builder.ret(made)
        return function

    @classmethod
    @contextlib.contextmanager
    def only(cls, *, raising: bool = False, calling_helper: bool = False) -> Iterator[None]:
        """Say what is being written, until the context ends; under the compiler lock."""
        before = cls.raising, cls.calling_helper
        cls.raising, cls.calling_helper = raising, calling_helper
        try:
            yield
        finally:
            cls.raising, cls.calling_helper = before


def repeatable_constant(module: ir.Module) -> ir.GlobalVariable:
    """Return the constant in a module; it is known when all of the program has been compiled."""
    name = REPEATABLE + TaskContext.tag
    if name in module.globals:
        return module.globals[name]
    constant = ir.GlobalVariable(module, ir.IntType(8), name)
    constant.global_constant = True
    return constant


def _unwrap_type() -> ir.FunctionType:
    pointer = ir.IntType(8).as_pointer()
    return ir.FunctionType(pointer, [pointer])


class TaskContext(CPUContext):
    """The target context that tasks and their helpers are compiled for."""

    #: Goes into every symbol. Equal symbols are one function for the linker, so the tag must differ
    #: wherever the code does; set under the compiler lock, for one unit at a time. All have one
    #: length, so that one can be exchanged for another (`cache/library_code.py`).
    tag = ""
    #: The Python objects that the code of this unit uses, by the names of its variables.
    objects: ClassVar[dict[str, Any]] = {}

    @classmethod
    def begin(cls, name: str) -> None:
        """Begin a unit of a name: nothing of another one is meant from here on."""
        # A letter first: mangling lengthens what begins with a digit.
        cls.tag = "t" + hashlib.sha256(name.encode()).hexdigest()[: TAG_LENGTH - 1]
        cls.objects = {}
        TaskCallConv.leaving.clear()

    def get_python_api(self, builder: ir.IRBuilder) -> TaskPythonAPI:
        """Return the writer of calls to Python."""
        return TaskPythonAPI(self, builder)

    def name_object(self, value: Any) -> str:
        """Return the name of the code's variable for a Python object."""
        name = name_of(value, TaskContext.tag)
        TaskContext.objects[name] = value
        return name

    @property
    def call_conv(self) -> TaskCallConv:
        return TaskCallConv(self)

    def create_cfunc_wrapper(self, *args: Any) -> None:
        """Write nothing: only compiled code calls the function."""

    def get_executable(self, library: Any, fndesc: Any, env: Any) -> Any:
        """Return what stands for a function in Numba's tables; it has no address."""
        module = fndesc.lookup_module()
        return _dynfunc.make_function(module, fndesc.qualname, "", 0, env, (library,))

    def mangler(self, name: str, types: Any, *, abi_tags: Any = (), uid: Any = None) -> str:
        tags = (TaskContext.tag,) if TaskContext.tag else ()
        return funcdesc.default_mangler(name, types, abi_tags=tags, uid=uid)


@functools.cache
def task_context() -> TaskContext:
    """Return the one task context of the process."""
    context = copy.copy(cpu_target.target_context)
    context.__class__ = TaskContext
    context.cached_internal_func = {}  # its code propagates statuses as this context does
    context.enable_nrt = True
    array_memory.provide(_nrt_python)
    return context
