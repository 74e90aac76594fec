"""How a parallel loop becomes a call of the library (native/src/loop.c).

What the iterations share, and for its sums what changes nothing, goes into memory of the library,
since a stop takes the stack of the task away while helpers are still inside. Two functions are
written for each loop: the *body*, which runs a part of it,

    int32 body(shared, begin, end, partial, void **error, int32 how)

and the *merge* of the sums of two parts. The types of both are Numba's, for the calls that
`frontend/parallel_loops.py` has put into the code.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core import ir as numba_ir

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.effects import WRITES, effects_of, written_place
from catzilla_jit.compile.analysis.owned import owned_variables
from catzilla_jit.compile.datamodel.own_generator import GENERATORS
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.frontend.parallel_loops import ParallelLoop
from catzilla_jit.compile.lowering import overflow
from catzilla_jit.compile.lowering.loop_part import BYTES, INT32, INT64, Part
from catzilla_jit.compile.lowering.native_calls import native_function, propagate
from catzilla_jit.compile.lowering.shadow import BIT
from catzilla_jit.compile.target import fork_symbols as library
from catzilla_jit.compile.target import lost_errors
from catzilla_jit.compile.target.loop_marks import is_pythons, with_origin

LINE = 64  # what the library aligns to
#: What has a content that changes, and what looks at it without a change.
CONTAINERS = (types.List, types.Set, types.DictType, types.ListType, *GENERATORS)
LOOKS = (
    "getitem", "static_getitem", "getiter", "iternext", "pair_first", "pair_second", "exhaust_iter",
    "binop", "phi",
)  # fmt: skip


def has_container(type_: Any) -> bool:
    """Tell whether a value of this type is or has a container that can change."""
    if isinstance(type_, CONTAINERS):
        return True
    parts = [getattr(type_, name, None) for name in ("type", "yield_type", "dtype", "first_type")]
    parts += [getattr(type_, "second_type", None), *(getattr(type_, "types", None) or ())]
    return any(isinstance(each, types.Type) and has_container(each) for each in parts)


def variables_of(value: Any) -> list[Any]:
    if isinstance(value, numba_ir.Var):
        return [value]
    return value.list_vars() if isinstance(value, numba_ir.Expr) else []


def _names(variables: Any) -> set[str]:
    return {each.name for each in variables}


class Loops:
    """What the lowering of one function has to do with parallel loops."""

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self.unit = lower.metadata["unit"]
        self.function = lower.func_ir.func_id.func
        self.own: ParallelLoop | None = self.unit.loops.get(self.function)  # that it is a part of
        blocks, typemap = list(lower.blocks.values()), lower.fndesc.typemap
        parameters = [] if self.own is None else list(lower.func_ir.arg_names)
        lower.owned = owned_variables(blocks, typemap, parameters)
        #: For each parameter that can be written to: what is owned if all the others are.
        self._owned_beside = {
            name: owned_variables(blocks, typemap, [each for each in parameters if each != name])
            for name in parameters
            if not isinstance(typemap[f"arg.{name}"], types.Number | types.Boolean)
        }
        if self.own is not None:
            self._refuse_changes(parameters)

    def enter(self) -> None:
        """Tell LLVM, in a part, that its numbers are not negative: indices need no check then."""
        if self.own is None or not self.own.from_zero:
            return
        builder = self.lower.builder
        first = self.lower.fnargs[0]
        assume = native_function(self.lower, "llvm.assume", ir.VoidType(), [ir.IntType(1)])
        builder.call(assume, [builder.icmp_signed(">=", first, first.type(0))])

    # --- effects ----------------------------------------------------------------------------------

    def note_effects(self, statement: Any) -> None:
        """Note what a statement does to others; what a part is given is its loop's business."""
        typemap, findings = self.lower.fndesc.typemap, self.unit.findings
        found = effects_of(statement, typemap, self.lower.owned, self.lower.overwritten)
        found |= self._effects_of_loop(statement, self.lower.owned)
        findings.effects.update(found)
        place = written_place(statement, typemap)
        if place is not None:
            findings.overwritten.update(self.lower.overwritten(place))
        written = self.unit.written.setdefault(self.function, set())
        for name, owned in self._owned_beside.items():
            inside = effects_of(statement, typemap, owned, lambda _: frozenset())
            inside |= self._effects_of_loop(statement, owned)
            if WRITES in inside - found:
                written.add(name)

    def _effects_of_loop(self, statement: Any, owned: frozenset[str]) -> set[str]:
        value = getattr(statement, "value", None)
        if not isinstance(value, numba_ir.Expr) or value.op != "call":
            return set()
        function = self._part_called(value)
        if function is None:
            return set()
        names = function.__code__.co_varnames
        written = self.unit.written.get(function, names)  # not yet known of a recursion
        given = [
            each.name for name, each in zip(names, value.args, strict=False) if name in written
        ]
        return {WRITES} if any(name not in owned for name in given) else set()

    def _part_called(self, expr: Any) -> Any:
        callee = self.lower.typeof(expr.func.name)
        if isinstance(callee, types.RecursiveCall):
            callee = callee.dispatcher_type
        if not isinstance(callee, types.Dispatcher):
            return None
        function = callee.dispatcher.py_func
        return function if function in self.unit.loops else None

    # --- what is refused --------------------------------------------------------------------------

    def _refuse_changes(self, parameters: list[str]) -> None:
        """Refuse a list, set or dict that all iterations have and that one of them may change."""
        typemap = self.lower.fndesc.typemap
        kinds = {f"arg.{name}": typemap[f"arg.{name}"] for name in parameters}
        for name, type_ in kinds.items():
            if isinstance(type_, types.IteratorType):
                message = f"the iterations of a parallel loop share {name[4:]}, an iterator"
                advice = "make it inside the loop"
                self.lower.refuse(rules.LOOP_SHARED, message, advice, self.lower.func_ir.loc)
        shared = self._shared({name[4:] for name, type_ in kinds.items() if has_container(type_)})
        for block in self.lower.blocks.values():
            for statement in block.body:
                used = _names(statement.list_vars()) & shared.keys()
                if used and not self._only_looks(statement):
                    name = min(shared[each] for each in used)
                    type_ = kinds[f"arg.{name}"]
                    kind = type_names.of(type_)
                    message = f"the iterations of a parallel loop share {name}, a {kind}, and may "
                    advice = "write to an array, or give each iteration a list of its own"
                    if isinstance(type_, GENERATORS):
                        advice = "make one in each iteration, with a seed of its own"
                    self.lower.refuse(
                        rules.LOOP_SHARED, message + "change it", advice, statement.loc
                    )

    def _shared(self, parameters: set[str]) -> dict[str, str]:
        """Return the variables that may be a container of a parameter, or in it, with that one."""
        shared = {name: name for name in parameters}
        before = -1
        while before < len(shared):
            before = len(shared)
            for block in self.lower.blocks.values():
                for each in block.find_insts(numba_ir.Assign):
                    found = _names(variables_of(each.value)) & shared.keys()
                    if found and has_container(self.lower.typeof(each.target.name)):
                        shared.setdefault(each.target.name, min(shared[name] for name in found))
        return shared

    def _only_looks(self, statement: Any) -> bool:
        if isinstance(statement, numba_ir.Del):
            return True
        if not isinstance(statement, numba_ir.Assign):
            return False
        value = statement.value
        if isinstance(value, numba_ir.Arg | numba_ir.Var):
            return True
        if not isinstance(value, numba_ir.Expr):
            return False
        if value.op == "call":
            function = number_kinds.called(self.lower.fndesc.typemap, value)
            return function in (len, enumerate, zip) or self._part_called(value) is not None
        return value.op in LOOKS

    def _check_sums(self, loop: ParallelLoop, kinds: list[Any], results: list[Any]) -> None:
        for name, given, type_ in zip(loop.sums, kinds, results, strict=True):
            if not isinstance(given, types.Number | types.Boolean):
                message = f"the iterations of a parallel loop change {name}, {type_names.of(given)}"
                self.lower.refuse(rules.LOOP_SHARED, message, "write to its items: x[i] += y")
            if types.unliteral(given) != types.unliteral(type_):
                message = f"the sum {name} of a parallel loop begins as {type_names.of(given)} and "
                advice = "begin with a number of that type: 0.0"
                message += f"becomes {type_names.of(type_)}"
                self.lower.refuse(rules.LOOP_CARRIED, message, advice)

    # --- the calls --------------------------------------------------------------------------------

    def written(self, expr: Any) -> ir.Value | None:
        """Write a call that belongs to a parallel loop; None if it is another."""
        callee = self.lower.typeof(expr.func.name)
        if isinstance(callee, types.Function):
            return self._mark(callee.typing_key, expr)
        part = self._part_called(expr)
        return None if part is None else self._run(callee, self.unit.loops[part], expr)

    def _mark(self, function: Any, expr: Any) -> ir.Value | None:
        lower = self.lower
        if function is with_origin:
            value, bit = (lower.loadvar(each.name) for each in expr.args)
            lower._bit_of_result = bit
            return value
        if function is not is_pythons:
            return None
        name = expr.args[0].name
        known = lower.shadow_origin.is_known(name)
        if not known and lower.options.exact:
            message = "a sum of a parallel loop is sometimes NumPy's, sometimes Python's"
            lower.refuse(rules.NUMPY_OR_PYTHON, message, "add float(x) or int(x)")
        bit = lower.shadow_origin.bit(name) if known else BIT(1)
        return lower.builder.and_(bit, lower.loadvar(expr.args[1].name))

    def _run(self, callee: Any, loop: ParallelLoop, expr: Any) -> ir.Value:
        lower, builder, context = self.lower, self.lower.builder, self.lower.context
        if not library.AVAILABLE:
            message = "a parallel loop needs the native library"
            lower.refuse(rules.LOOP_FORM, message, "install it with a C compiler at hand")
        signature = lower.fndesc.calltypes[expr]
        values = lower.fold_call_args(callee, signature, expr.args, expr.vararg, expr.kws)
        part = Part(lower, callee, loop, signature)
        self._check_sums(loop, part.sum_types, part.result_types)
        first, length = self._length(signature, values)
        begin = native_function(self.lower, "cz_loop_begin", BYTES, [INT64, INT64, INT64])
        room, width = (context.get_abi_sizeof(each) for each in (part.shared, part.partial))
        width *= bool(loop.sums)
        memory = builder.call(begin, [length, INT64(room), INT64(width)])
        none = cgutils.is_null(builder, memory)
        lower.raise_if(none, MemoryError, "no memory for a parallel loop")
        part.store_shared(builder, memory, first, values)
        result = builder.gep(memory, [INT64((room + LINE - 1) // LINE * LINE)])
        part.store_beginning(builder, result, values)
        status, error = self._call_library(part, memory)
        sums = part.load_result(builder, result)
        builder.call(native_function(self.lower, "cz_loop_end", ir.VoidType(), [BYTES]), [memory])
        lower.depth.leave()
        propagate(self.lower, status, error)
        self.unit.findings.loops[loop.line] = tuple(loop.sums)
        return sums

    def _call_library(self, part: Part, memory: ir.Value) -> tuple[ir.Value, ir.Value]:
        builder = self.lower.builder
        body, merge = part.body(), part.merge()
        cost = ir.GlobalVariable(builder.module, INT64, f"cz_loop_cost.{part.name}")
        cost.linkage, cost.initializer = "internal", INT64(0)
        error = cgutils.alloca_once(builder, BYTES)
        pointer = INT64.as_pointer()
        kinds = [BYTES, BYTES, BYTES, pointer, INT32, BYTES, BYTES.as_pointer()]
        run = native_function(self.lower, "cz_loop_run", INT32, kinds)
        # Where floats may be added in any order a sum depends on where its part ends.
        whole = INT32(int(self.lower.options.fastmath))
        merger = BYTES(None) if merge is None else builder.bitcast(merge, BYTES)
        drop = builder.bitcast(lost_errors.dropping(self.lower.context, builder.module), BYTES)
        given = [memory, builder.bitcast(body, BYTES), merger, cost, whole, drop, error]
        return builder.call(run, given), builder.load(error)

    def _length(self, signature: Any, values: list[ir.Value]) -> tuple[ir.Value, ir.Value]:
        """Return the first number and how many there are."""
        lower, builder = self.lower, self.lower.builder
        ends = []
        for type_, value in zip(signature.args[:2], values[:2], strict=True):
            if not isinstance(type_, types.Integer):
                message = f"prange is called with {type_names.of(type_)}"
                lower.refuse(rules.LOOP_FORM, message, "convert it: int(x)")
            ends.append(lower.context.cast(builder, value, type_, types.int64))
        length, failed = overflow.subtract(builder, ends[1], ends[0], True)
        lower.bail_if(failed, "the length of a loop")
        empty = builder.icmp_signed("<", length, INT64(0))
        return ends[0], builder.select(empty, INT64(0), length)
