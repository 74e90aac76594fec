"""Which variables hold one list or dict, what is put in, and whether all of its uses are known.

A list of compiled code holds plain numbers. One that NumPy's numbers are put into, and nothing
else, can be given back with NumPy's numbers in it, if no other name puts something in that is not
seen here. So variables that may stand for one list, or for a list and one that holds it, are one
group; so are a dict, what a loop over its items goes through, and the pairs that this gives. A
group is open where it is used in a way that is not known.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.array_lists import OF_NUMPY
from catzilla_jit.compile.analysis.container_types import (
    holds_list,
    is_known_dict,
    is_known_list,
    passes_on,
)
from catzilla_jit.compile.target.helper import LIBRARY, own_name

#: Methods by what their last argument is: an item, a list or another iterable, or nothing.
PUTTING, PUTTING_ALL = {"append", "insert"}, {"extend"}
PLAIN = {"pop", "copy", "reverse", "clear", "sort", "sort_in_order"}
OF_DICTS = {"get", "setdefault", "pop", "items", "values", "keys", "copy", "__setitem__"}
#: Functions that make a list of the items of an iterable.
LISTING = (list, sorted)
#: Functions that keep nothing of a list, or nothing but its items, or give an iterator over them.
COUNTING = {len, bool}
READING = {max, min, enumerate, zip, iter, reversed}
#: The same of our own functions.
READERS = {"sum_of", "largest_of", "smallest_of", "reversed_of"}
GOING_OVER = {"getiter", "iternext", "pair_first", "pair_second"}
JOINING = {operator.add, operator.iadd, operator.mul, operator.imul}
ASKING = number_kinds.COMPARISON | {
    operator.contains, operator.not_, operator.is_, operator.is_not,
}  # fmt: skip


def _is_dict_of(function: Any) -> bool:
    """Tell whether a function is the one of ours that copies a dict (`library/dict_copies.py`)."""
    named = getattr(function, "__module__", None) == f"{LIBRARY}dict_copies"
    return named and function.__name__ == "dict_of"


class NumberContainers:
    """The lists and dicts of numbers of one function; made anew by each walk over its IR."""

    def __init__(
        self, blocks: Iterable[Any], typemap: dict[str, Any], changed: Mapping[Any, set[int]]
    ) -> None:
        """changed: the places of the arguments that helpers may change, by the helper."""
        self._typemap = typemap
        self._changed = changed
        self._lists = {name for name, type_ in typemap.items() if is_known_list(type_)}
        self._dicts = {name for name, type_ in typemap.items() if is_known_dict(type_)}
        passing = {name for name, type_ in typemap.items() if passes_on(type_)}
        self._names = self._lists | self._dicts | passing
        self._parents: dict[str, str] = {}
        self._methods: dict[str, tuple[str, str]] = {}  # a method: its name, and of what
        self._tuples: list[tuple[str, str]] = []  # a list or tuple, and the tuple that holds it
        self._places: list[tuple[str, int, str]] = []  # a tuple, and what stands at a place in it
        self._seen: set[str] = set()  # used in a way that is not known
        #: Containers that are new: who made what is in them, is told by what is put in.
        self.new: set[str] = set()
        #: A variable of the group, and what is put in: a variable, and whether its items are.
        self.puts: list[tuple[str, str, bool]] = []
        #: A dict, and the variables for a key and a value of it.
        self.pairs: list[tuple[str, str, str]] = []
        self._lost = False  # a method is called, and it is not known of what
        blocks = list(blocks) if self._lists or self._dicts else []
        self._find_methods([each for block in blocks for each in block.find_insts(ir.Assign)])
        for block in blocks:
            for statement in block.body:
                self._look(statement)
        while self._joined_places():
            pass
        self._open = self._opened()

    def group(self, name: str) -> str:
        """Return a name for all variables of a group; the variable itself for others."""
        while name in self._parents:
            name = self._parents[name]
        return name

    def __contains__(self, name: str) -> bool:
        return name in self._lists or name in self._dicts

    def is_open(self, name: str) -> bool:
        """Tell whether something may be put into a container without being seen here."""
        return self._lost or self.group(name) in self._open

    def taking(self, method: str) -> str:
        """Return the container that a variable for a method is of; "" if it is of none."""
        return self._methods[method][1] if method in self._methods else ""

    def _find_methods(self, assignments: list[Any]) -> None:
        """Find the variables for methods of containers, also where a block hands one on."""
        before = -1
        while before != len(self._methods):
            before = len(self._methods)
            for each in assignments:
                self._find_method(each.target.name, each.value)

    def _find_method(self, target: str, value: Any) -> None:
        if target in self._methods:
            return
        if isinstance(value, ir.Expr) and value.op == "getattr":
            whole = value.value.name
            of_list = whole in self._lists and value.attr in PUTTING | PUTTING_ALL | PLAIN
            if of_list or (whole in self._dicts and value.attr in OF_DICTS):
                self._methods[target] = (value.attr, whole)
        elif (known := self._methods.get(number_kinds.source_of(value) or "")) is not None:
            self._methods[target] = known

    def _opened(self) -> set[str]:
        seen = {self.group(self.taking(name) or name) for name in self._seen}
        before = 0
        while before != len(seen):
            before = len(seen)
            seen |= {self.group(part) for part, whole in self._tuples if self.group(whole) in seen}
        return seen

    def _joined_places(self) -> bool:
        """Put together what stands at one place of one tuple; tell whether that was new."""
        found: dict[tuple[str, int], str] = {}
        before = len(self._parents)
        for whole, index, part in self._places:
            self._same(found.setdefault((self.group(whole), index), part), part)
        return len(self._parents) != before

    def _same(self, first: str, *others: str) -> None:
        for other in others:
            roots = self.group(first), self.group(other)
            if roots[0] != roots[1]:
                self._parents[roots[1]] = roots[0]

    def _holds_list(self, name: str) -> bool:
        return holds_list(self._typemap.get(name))

    def _watched(self, name: str) -> bool:
        return name in self._names or name in self._methods or self._holds_list(name)

    def _look(self, statement: Any) -> None:
        if isinstance(statement, ir.Del | ir.Return | ir.DelItem):
            return
        names = {each.name for each in statement.list_vars() if self._watched(each.name)}
        if not names:
            return
        if isinstance(statement, ir.Assign):
            known = self._assigned(statement.target.name, statement.value)
        elif isinstance(statement, ir.SetItem | ir.StaticSetItem):
            target, value = statement.target.name, statement.value.name
            index = getattr(statement, "index_var", None) or statement.index
            if target not in self._dicts:
                known = self._put(target, value)
            else:
                keyed = isinstance(index, ir.Var)
                known = self._put_pair(target, index.name, value) if keyed else set()
        else:
            known = set()
        self._seen |= names - known

    def _put(self, target: str, value: str, items: bool = False) -> set[str]:
        """Note that a value, or what an iterable gives, is put into a list; return what is told."""
        if target not in self._lists:
            return set()
        if value in self._lists:
            self._same(target, value)
        else:
            if not items and self._holds_list(value):  # a tuple with a list in it
                self._same(target, value)
            self.puts.append((target, value, items))
            type_ = self._typemap[value]
            given = number_kinds.items(type_) if items else (types.unliteral(type_),)
            if given != (self._typemap[target].dtype,):
                self._seen.add(target)  # another number comes out than went in
        return {target, value}

    def _put_pair(self, target: str, key: str, value: str) -> set[str]:
        """Note that a dict is given a key and a value."""
        self.pairs.append((target, key, value))
        type_ = self._typemap[target]
        given = types.unliteral(self._typemap[key]), types.unliteral(self._typemap[value])
        if given != (type_.key_type, type_.value_type):
            self._seen.add(target)
        if value in self._lists:
            self._part(target, 1, value)
        return {target, value}

    def _assigned(self, target: str, value: Any) -> set[str]:
        """Return the variables that an assignment tells all about."""
        if isinstance(value, ir.Const | ir.Global | ir.FreeVar | ir.Arg):
            return {target}
        source = number_kinds.source_of(value)
        if source is not None:
            return self._copied(target, [source])
        if not isinstance(value, ir.Expr):
            return set()
        if value.op == "phi":
            return self._copied(target, [each.name for each in value.incoming_values])
        if value.op == "build_list":
            self.new.add(target)
            return {target}.union(*(self._put(target, each.name) for each in value.items))
        if value.op == "build_map" and target in self._dicts:
            self.new.add(target)
            told = [self._put_pair(target, key.name, each.name) for key, each in value.items]
            return {target}.union(*told)
        if value.op == "build_tuple":
            parts = {
                index: each.name
                for index, each in enumerate(value.items)
                if each.name in self._names or self._holds_list(each.name)
            }
            for index, part in parts.items():
                self._part(target, index, part)
            return {target, *parts.values()}
        if value.op == "call":
            return self._called(target, value)
        if value.op in ("binop", "inplace_binop", "unary"):
            return self._operated(target, value)
        return self._read(target, value)

    def _copied(self, target: str, sources: list[str]) -> set[str]:
        if target in self._names or self._holds_list(target):
            self._same(target, *(name for name in sources if self._watched(name)))
            return {target, *sources}
        known = {self._methods.get(name) for name in (target, *sources)}
        return {target, *sources} if len(known) == 1 and known != {None} else {target}

    def _part(self, whole: str, index: int, part: str) -> None:
        self._tuples.append((part, whole))
        self._places.append((whole, index, part))

    def _read(self, target: str, expr: Any) -> set[str]:
        """Look at what is taken out of a list; a list in it is of its group."""
        whole = expr.value.name if "value" in expr._kws else ""
        if self._holds_list(whole):
            return self._read_of_tuple(target, whole, expr)
        if whole not in self._names:
            return set()
        if expr.op == "getattr":
            return {target, whole} if target in self._methods else set()
        if expr.op in ("getitem", "static_getitem", "typed_getitem"):
            self._taken_out(target, whole)
            return {target, whole}
        if expr.op in GOING_OVER or (expr.op == "exhaust_iter" and self._is_flat(whole)):
            if target in self._names or self._holds_list(target):
                self._same(target, whole)
            return {target, whole}
        return set()

    def _taken_out(self, target: str, whole: str) -> None:
        """Note that a variable is for an item of a list, or a value of a dict."""
        if target in self._names or self._holds_list(target):
            if whole in self._dicts:
                self._part(whole, 1, target)
            else:
                self._same(target, whole)

    def _read_of_tuple(self, target: str, whole: str, expr: Any) -> set[str]:
        if expr.op == "exhaust_iter":
            return self._copied(target, [whole])
        if expr.op == "static_getitem" and isinstance(expr.index, int):
            index = expr.index % len(self._typemap[whole].types)
            if target in self._names or self._holds_list(target):
                self._part(whole, index, target)
            return {target, whole}
        return set()

    def _is_flat(self, name: str) -> bool:
        """Tell whether what a loop gives holds no list, so is no further name of one."""
        if name in self._dicts:
            return True  # of a dict it gives keys
        type_ = getattr(self._typemap[name], "dtype", None)
        return name in self._lists and not isinstance(type_, types.List) and not holds_list(type_)

    def _operated(self, target: str, expr: Any) -> set[str]:
        names = {each.name for each in expr.list_vars()}
        if expr.fn in ASKING:
            return names
        lists = [name for name in (target, *sorted(names)) if name in self._names]
        if expr.op == "unary" or expr.fn not in JOINING or target not in self._names:
            return set()
        self.new.add(target)
        self._same(lists[0], *lists[1:])
        for name in names - set(lists):
            if number_kinds.kind(self._typemap[name]) is None:
                self.puts.append((target, name, True))
        return {target, *names}

    def _called(self, target: str, call: Any) -> set[str]:
        names = {each.name for each in call.args}
        if call.kws or call.vararg:
            return set()
        if call.func.name in self._methods:
            return self._method(target, *self._methods[call.func.name], call)
        callee = self._typemap[call.func.name]
        if isinstance(callee, types.BoundFunction):
            self._lost |= is_known_list(callee.this) or is_known_dict(callee.this)
            return set()
        if isinstance(callee, types.Dispatcher):
            # A list that a function returns is its own, or one that it was given.
            own = own_name(callee)
            if own == "asked" and call.args[0].name in self._dicts:
                whole, key, default = (each.name for each in call.args)
                self._put_pair(whole, key, default)
                self._taken_out(target, whole)
                return {target, *names}
            if own == "columns" and target in self._names:
                self.new.add(target)
                self._same(target, *(names & self._names))
                return {target, *names}
            if own == "sorted_of" and target in self._names and len(call.args) == 1:
                self.new.add(target)
                return {target}.union(*(self._put(target, name, items=True) for name in names))
            if own.startswith(OF_NUMPY) or own in READERS:
                flat = all(map(self._is_flat, names & self._names))
                return {*names, *({target} if flat else ())}
            return {target, *names} if self._only_looks(target, callee, call) else set()
        function = number_kinds.called(self._typemap, call)
        if _is_dict_of(function) and names <= self._dicts and target in self._dicts:
            self.new.add(target)
            self._same(target, *names)
            return {target, *names}
        if function in LISTING and target in self._names and len(call.args) <= 1:
            self.new.add(target)
            return {target}.union(*(self._put(target, name, items=True) for name in names))
        if function in COUNTING and names <= self._lists | self._dicts:
            return {target, *names}
        if function in READING and all(map(self._is_flat, names & self._names)):
            return {target, *names}
        return set()

    def _only_looks(self, target: str, callee: Any, call: Any) -> bool:
        """Tell whether a call of a function changes, keeps and gives back no container."""
        places = {at for at, each in enumerate(call.args) if each.name in self._names}
        if not places:
            return True
        changed = self._changed.get(callee.dispatcher.py_func, places)
        kept = target in self._names or self._holds_list(target) or own_name(callee) != ""
        flat = all(self._is_flat(call.args[at].name) for at in places)
        return flat and not kept and not changed & places

    def _method(self, target: str, method: str, whole: str, call: Any) -> set[str]:
        func = call.func.name
        if whole in self._dicts:
            return self._method_of_dict(target, method, whole, call)
        if method in PUTTING | PUTTING_ALL:
            value = call.args[-1].name
            return {func, target, *self._put(whole, value, items=method in PUTTING_ALL)}
        if target in self._names:  # a list that was in it, or a copy
            self._same(whole, target)
        return {func, target}

    def _method_of_dict(self, target: str, method: str, whole: str, call: Any) -> set[str]:
        names = [each.name for each in call.args]
        if method in ("setdefault", "__setitem__") and len(names) == 2:
            self._put_pair(whole, *names)
        elif method == "get" and len(names) == 2 and names[1] in self._lists:
            self._part(whole, 1, names[1])
        if method in ("items", "copy"):
            self._same(whole, target)
        elif method in ("get", "setdefault", "pop", "values"):
            self._taken_out(target, whole)
        return {call.func.name, target, *names}
