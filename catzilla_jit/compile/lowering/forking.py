"""How `fork` and `join` become calls of the library (native/src/fork.c).

A fork fills a frame with the arguments and hands it out; a join runs the call itself if no other
worker has taken it, and waits otherwise. Both go through one function per signature, the *runner*:

    int32 runner(payload, void **error, int32 how)

which loads the arguments, calls, gives the arguments' references back, and stores the result. The
frames of one function's run are a chain that begins in a variable of it, so that what was not
joined has ended wherever the function is left.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core import ir as numba_ir
from numba.core.imputils import fix_returning_optional

from catzilla_jit import forking
from catzilla_jit.compile.datamodel.forked_type import ForkedType, dispatcher_of, holds_handle
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering.forked_containers import ForkedContainers
from catzilla_jit.compile.lowering.native_calls import native_function, propagate
from catzilla_jit.compile.target import fork_symbols as library
from catzilla_jit.compile.target import lost_errors, recursion, recursive_calls
from catzilla_jit.compile.target.context import TaskCallConv
from catzilla_jit.compile.target.forked_calls import CALL, CALLEE, HANDLE

INT32, INT64 = ir.IntType(32), ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
RUNNER = ir.FunctionType(INT32, [BYTES, BYTES.as_pointer(), INT32])
#: How a runner is called: by its joiner, by a thread that begins a stack, or on top of a stack.
JOINED, ON_NEW_STACK = 0, 1
ADVICE = "keep the handle in a variable of the function, and join it there"


def _is_forked_call(value: Any) -> bool:
    is_call = isinstance(value, numba_ir.Expr) and value.op == "call"
    return is_call and value.func.name.startswith(CALLEE)


class Forking:
    """What the lowering of one function has to do with forks."""

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self._frames: dict[str, ir.Value] = {}  # by the number of the fork
        self._chain: ir.Value | None = None
        self.forks = any(name.startswith(CALL) for name in lower.fndesc.typemap)
        if self.forks and not library.AVAILABLE:
            message = "fork needs the native library"
            lower.refuse(rules.FORK, message, "install it with a C compiler at hand")
        self._refuse_escapes()
        containers = ForkedContainers(lower)
        for block in lower.blocks.values() if self.forks else ():
            for at, each in enumerate(block.body):
                if isinstance(each, numba_ir.Assign) and _is_forked_call(each.value):
                    callee = dispatcher_of(lower.typeof(each.value.func.name))
                    containers.check(each.value, callee, block, at)

    # --- handles stay where they are ----------------------------------------------------------

    def _refuse_escapes(self) -> None:
        typemap = self.lower.fndesc.typemap
        for block in self.lower.blocks.values():
            for statement in block.body:
                if self._lets_escape(statement, typemap):
                    message = "the handle of a fork is kept elsewhere than in a variable"
                    self.lower.refuse(rules.FORK, message, ADVICE, statement.loc)

    def _lets_escape(self, statement: Any, typemap: dict[str, Any]) -> bool:
        if isinstance(statement, numba_ir.Del):
            return False
        used = [typemap.get(each.name) for each in statement.list_vars()]
        if any(map(holds_handle, filter(None, used))):
            return True
        if not any(isinstance(each, ForkedType) for each in used):
            return False
        if not isinstance(statement, numba_ir.Assign):
            return True
        value = statement.value
        if isinstance(value, numba_ir.Arg):
            return True
        if not isinstance(value, numba_ir.Expr) or value.op in ("phi", "null", "undef"):
            return False
        if value.op != "call":
            return True
        return not (value.func.name.startswith(HANDLE) or self._is_join(value))

    def _is_join(self, expr: Any) -> bool:
        callee = self.lower.typeof(expr.func.name)
        return isinstance(callee, types.Function) and callee.typing_key is forking.join

    # --- the three calls ------------------------------------------------------------------------

    def written(self, expr: Any) -> ir.Value | None:
        """Write a call that belongs to a fork or join; None if it is another."""
        name = expr.func.name
        if name.startswith(CALLEE):
            return self._write_fork(expr, name.removeprefix(CALLEE))
        if name.startswith(HANDLE):
            return self._write_handle(name.removeprefix(HANDLE), expr)
        return self._write_join(expr) if self._is_join(expr) else None

    def _write_fork(self, expr: Any, number: str) -> ir.Value:
        lower, builder = self.lower, self.lower.builder
        callee = lower.typeof(expr.func.name)
        signature = lower.fndesc.calltypes[expr]
        layout = self._layout(signature)
        recursive = isinstance(callee, types.RecursiveCall)
        if recursive:
            lower.metadata["unit"].findings.recursive = True
            deeper = lower.depth.enter(lower.metadata["unit"])
            lower.bail_if(deeper, "a recursion this deep")
        helper = dispatcher_of(callee)
        values = lower.fold_call_args(callee, signature, expr.args, expr.vararg, expr.kws)
        runner = self._runner(callee, helper, signature, layout)
        drop = self._drop(signature.return_type)
        begin = native_function(
            self.lower, "cz_fork_begin", BYTES, [BYTES, BYTES, INT64, BYTES.as_pointer()]
        )
        depth = builder.add(lower.depth._own()[1], INT64(1))
        frame = builder.call(
            begin, [builder.bitcast(runner, BYTES), drop, depth, self._chain_variable()]
        )
        none = cgutils.is_null(builder, frame)
        lower.raise_if(none, MemoryError, "no memory for a forked call")
        payload = self._payload(frame, layout)
        self._store(payload, 0, signature.return_type, None)
        given = [
            (type_, value)
            for type_, value in zip(signature.args, values, strict=True)
            if not isinstance(type_, types.Omitted)
        ]
        for index, (type_, value) in enumerate(given):
            lower.context.nrt.incref(builder, type_, value)
            self._store(payload, index + 1, type_, value)
        builder.call(native_function(self.lower, "cz_fork_push", ir.VoidType(), [BYTES]), [frame])
        lower.depth.leave()
        self._frames[number] = frame
        return lower.context.get_constant_null(signature.return_type)

    def _write_handle(self, number: str, expr: Any) -> ir.Value:
        lower, builder = self.lower, self.lower.builder
        frame = self._frames[number]
        type_ = lower.fndesc.calltypes[expr].return_type
        handle = cgutils.create_struct_proxy(type_)(lower.context, builder)
        handle.frame = frame
        handle.serial = builder.load(self._member(frame, library.SERIAL, INT64))
        return handle._getvalue()

    def _write_join(self, expr: Any) -> ir.Value:
        lower, builder = self.lower, self.lower.builder
        (variable,) = expr.args
        type_ = lower.typeof(variable.name)
        signature = self._signature_of(type_)
        layout = self._layout(signature)
        proxy = cgutils.create_struct_proxy(type_)
        handle = proxy(lower.context, builder, value=lower.loadvar(variable.name))
        join = native_function(
            self.lower, "cz_fork_join", INT32, [BYTES, INT64, BYTES.as_pointer()]
        )
        code = builder.call(join, [handle.frame, handle.serial, self._chain_variable()])
        lower.bail_if(builder.icmp_signed("<", code, INT32(0)), "a handle that was joined before")
        status, error = self._outcome(code, handle.frame, type_, signature, layout)
        value = self._load(self._payload(handle.frame, layout), 0, signature.return_type)
        builder.call(
            native_function(self.lower, "cz_fork_end", ir.VoidType(), [BYTES]), [handle.frame]
        )
        propagate(self.lower, status, error)
        own = lower.fndesc.calltypes[expr].return_type
        return lower.context.cast(builder, value, signature.return_type, own)

    def _outcome(
        self, code: ir.Value, frame: ir.Value, type_: Any, signature: Any, layout: Any
    ) -> tuple[ir.Value, ir.Value]:
        """Run the call if that is left to do; return its status and its error."""
        lower, builder = self.lower, self.lower.builder
        runner = self._runner(type_.callee, dispatcher_of(type_.callee), signature, layout)
        status = cgutils.alloca_once(builder, INT32)
        error = cgutils.alloca_once(builder, BYTES)
        with builder.if_else(builder.icmp_signed("==", code, INT32(0)), likely=True) as (
            own,
            other,
        ):
            with own:
                builder.store(BYTES(None), error)
                if isinstance(type_.callee, types.RecursiveCall):
                    lower.depth.enter(lower.metadata["unit"])
                at = self._member(frame, library.PAYLOAD, ir.IntType(8))
                builder.store(builder.call(runner, [at, error, INT32(JOINED)]), status)
            with other:
                at = self._member(frame, library.STATUS, INT32)
                builder.store(builder.load(at), status)
                at = self._member(frame, library.ERROR, BYTES)
                builder.store(builder.load(at), error)
        lower.depth.leave()
        return builder.load(status), builder.load(error)

    def _signature_of(self, type_: ForkedType) -> Any:
        """Return the signature of the forked call, which some fork of this function has."""
        for expr, found in self.lower.fndesc.calltypes.items():
            if not (isinstance(expr, numba_ir.Expr) and expr.op == "call"):
                continue
            if expr.func.name.startswith(HANDLE) and found.return_type == type_:
                call = self._call_of(expr.func.name.removeprefix(HANDLE))
                return self.lower.fndesc.calltypes[call]
        raise AssertionError("a handle that no fork has made")

    def _call_of(self, number: str) -> Any:
        for block in self.lower.blocks.values():
            for expr in block.find_exprs(op="call"):
                if expr.func.name == CALLEE + number:
                    return expr
        raise AssertionError("a fork without its call")

    # --- leaving the function -----------------------------------------------------------------

    def leave(self) -> None:
        """Before a return: join what was not joined, which raises what that has raised."""
        if self.forks:
            status, error = self._sync(self.lower.builder)
            self.lower.builder.store(BYTES(None), self._chain_variable())
            propagate(self.lower, status, error)

    def enter(self) -> None:
        """Have every other way out of the function wait for what was not joined."""
        if self.forks:
            self._chain_variable()
            name = self.lower.builder.function.name
            TaskCallConv.leaving[name] = self._forget

    def _forget(self, builder: ir.IRBuilder) -> None:
        """Wait for what was not joined, and let go of its error: another one is on its way."""
        status, error = self._sync(builder)
        drop = lost_errors.dropping(self.lower.context, builder.module)
        builder.call(drop, [status, error])

    def _sync(self, builder: ir.IRBuilder) -> tuple[ir.Value, ir.Value]:
        """Write the wait for what was not joined; return the status and the error of all that."""
        chain = builder.load(self._chain_variable())
        error = cgutils.alloca_once(builder, BYTES)
        status = cgutils.alloca_once(builder, INT32)
        builder.store(INT32(0), status)
        with builder.if_then(cgutils.is_not_null(builder, chain), likely=False):
            kinds = [BYTES, BYTES.as_pointer(), BYTES]
            sync = native_function(self.lower, "cz_fork_sync", INT32, kinds)
            drop = builder.bitcast(lost_errors.dropping(self.lower.context, builder.module), BYTES)
            builder.store(builder.call(sync, [chain, error, drop]), status)
            self.lower.depth.leave()  # some of that may have run here
        return builder.load(status), builder.load(error)

    def _chain_variable(self) -> ir.Value:
        if self._chain is None:
            self._chain = cgutils.alloca_once_value(self.lower.builder, BYTES(None))
        return self._chain

    # --- frames -------------------------------------------------------------------------------

    def _layout(self, signature: Any) -> Any:
        """Return the LLVM type of a payload: the result, then the arguments that are given."""
        context = self.lower.context
        given = [each for each in signature.args if not isinstance(each, types.Omitted)]
        kinds = (signature.return_type, *given)
        layout = ir.LiteralStructType([context.get_data_type(each) for each in kinds])
        if context.get_abi_sizeof(layout) > library.ROOM:
            message = "the arguments and the result of a forked call take too much room"
            self.lower.refuse(rules.FORK, message, f"pass arrays: {library.ROOM} bytes is the most")
        return layout

    def _member(self, frame: ir.Value, offset: int, type_: Any) -> ir.Value:
        builder = self.lower.builder
        return builder.bitcast(builder.gep(frame, [INT32(offset)]), type_.as_pointer())

    def _payload(self, frame: ir.Value, layout: Any) -> ir.Value:
        return self._member(frame, library.PAYLOAD, layout)

    def _store(self, payload: ir.Value, index: int, type_: Any, value: ir.Value | None) -> None:
        builder, context = self.lower.builder, self.lower.context
        at = cgutils.gep_inbounds(builder, payload, 0, index)
        if value is None:
            builder.store(cgutils.get_null_value(at.type.pointee), at)
        else:
            context.pack_value(builder, type_, value, at)

    def _load(self, payload: ir.Value, index: int, type_: Any) -> ir.Value:
        builder = self.lower.builder
        at = cgutils.gep_inbounds(builder, payload, 0, index)
        return self.lower.context.unpack_value(builder, type_, at)

    def _runner(self, callee: Any, helper: Any, signature: Any, layout: Any) -> ir.Function:
        """Return the runner for a signature, written once per module."""
        lower, module = self.lower, self.lower.builder.module
        context, convention = lower.context, lower.context.call_conv
        symbol = recursive_calls._symbol(lower, helper, callee, signature)
        name = f"cz_run_forked.{symbol}"
        if name in module.globals:
            return module.globals[name]
        lower.metadata["unit"].findings.expected.setdefault(symbol, signature.return_type)
        function = ir.Function(module, RUNNER, name)
        function.linkage = "linkonce_odr"
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        block, error, how = function.args
        payload = builder.bitcast(block, layout.as_pointer())
        self._note_depth(builder, block, how)
        places = [cgutils.gep_inbounds(builder, payload, 0, i) for i in range(len(layout.elements))]
        given = iter(places[1:])
        values = [
            context.get_dummy_value()
            if isinstance(type_, types.Omitted)
            else context.unpack_value(builder, type_, next(given))
            for type_ in signature.args
        ]
        shape = convention.get_function_type(signature.return_type, signature.args)
        target = cgutils.get_or_insert_function(module, shape, symbol)
        status, result = convention.call_function(
            builder, target, signature.return_type, signature.args, values
        )
        result = fix_returning_optional(context, builder, signature, status, result)
        for type_, value in zip(signature.args, values, strict=True):
            if not isinstance(type_, types.Omitted):
                context.nrt.decref(builder, type_, value)
        with builder.if_then(status.is_error, likely=False):
            builder.store(builder.bitcast(status.excinfoptr, BYTES), error)
            builder.ret(status.code)
        context.pack_value(builder, signature.return_type, result, places[0])
        builder.ret(INT32(0))
        return function

    def _note_depth(self, builder: ir.IRBuilder, block: ir.Value, how: ir.Value) -> None:
        """Tell the callee how deep it is, unless its joiner, who calls it, has done so."""
        with builder.if_then(builder.icmp_signed("!=", how, INT32(JOINED)), likely=False):
            with builder.if_then(builder.icmp_signed("==", how, INT32(ON_NEW_STACK))):
                recursion.note(builder)
            at = builder.gep(block, [INT32(-8)])  # the frame's last word
            depth = builder.load(builder.bitcast(at, INT64.as_pointer()))
            place = recursion._place(builder)
            builder.store(depth, recursion._part(builder, place, recursion.DEPTH))

    def _drop(self, type_: Any) -> ir.Value:
        """Return what lets go of a result that nobody joined; null where there is nothing to."""
        lower, module = self.lower, self.lower.builder.module
        context = lower.context
        if not context.data_model_manager[type_].contains_nrt_meminfo():
            return BYTES(None)
        data = context.get_data_type(type_)
        name = f"cz_drop_forked.{context.mangler(str(type_), ())}"
        function = module.globals.get(name)
        if function is None:
            function = ir.Function(module, ir.FunctionType(ir.VoidType(), [BYTES]), name)
            function.linkage = "linkonce_odr"
            builder = ir.IRBuilder(function.append_basic_block("entry"))
            at = builder.bitcast(function.args[0], data.as_pointer())
            context.nrt.decref(builder, type_, context.unpack_value(builder, type_, at))
            builder.ret_void()
        return lower.builder.bitcast(function, BYTES)
