"""The compiled code of library functions, on disk: Numba's and ours, which tasks call.

A task on text calls some fifty functions of Numba's, one on arrays some of ours, and to compile
these takes longer than the task itself. They are the same for every task, so what one process has
compiled the others load: LLVM code, which is linked into the task and optimised with it.

Kept is the code of a function whose key tells all that it depends on (`library_key.py`), if it is
whole and the same in every process: it holds no address, and the compilation has told nothing of
its task that only the compiler could tell again (`frontend/recording.py`). The symbols of our own
functions hold the task's tag, which is exchanged.
"""

# Numba and llvmlite are annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,call-arg"

from __future__ import annotations

import dataclasses
import pickle
import sys
import zlib
from typing import Any

import llvmlite.binding as llvm
from numba import _dynfunc
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.environment import Environment, lookup_environment

from catzilla_jit.compile.backend.kernel import Native
from catzilla_jit.compile.backend.loader import are_known
from catzilla_jit.compile.backend.numba_symbols import interned
from catzilla_jit.compile.cache import disk
from catzilla_jit.compile.cache.library_key import is_library_function, key_of
from catzilla_jit.compile.cache.numba_state import is_free
from catzilla_jit.compile.cache.saved_task import unpickled
from catzilla_jit.compile.cache.toolchain import is_set_in_code
from catzilla_jit.compile.frontend.recording import Recorded
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.target.context import TaskContext
from catzilla_jit.compile.target.deferred_library import kept_library
from catzilla_jit.compile.target.helper import Helper
from catzilla_jit.compile.target.variable_names import ENVIRONMENT

#: The names of the files end with this.
SUFFIX = ".l"
#: Environments that code points at live as long as the process, as the code does.
_kept: list[Any] = []


@dataclasses.dataclass(frozen=True, slots=True)
class Saved:
    """A library function on disk."""

    tag: str  # that its symbols hold; none in Numba's
    code: str | bytes  # in LLVM's language where there is a tag, else as bitcode
    native: Native
    signature: Any
    environments: dict[str, list[Any]]  # their constants, by symbol
    needs: tuple[str, ...]  # the symbols that it refers to
    recorded: Recorded | None  # of ours

    def with_tag(self, tag: str) -> Saved:
        """Return it for a task of another tag."""
        if not self.tag or self.tag == tag:
            return self

        def exchanged(text: str) -> str:
            return text.replace(self.tag, tag)

        assert isinstance(self.code, str)
        assert self.recorded is not None
        native = dataclasses.replace(
            self.native,
            mangled_name=exchanged(self.native.mangled_name),
            env_name=exchanged(self.native.env_name),
        )
        objects = {exchanged(name): held for name, held in self.recorded.objects.items()}
        return dataclasses.replace(
            self,
            tag=tag,
            code=exchanged(self.code),
            native=native,
            environments={exchanged(name): held for name, held in self.environments.items()},
            recorded=dataclasses.replace(self.recorded, objects=objects),
        )


class LibraryCode:
    """What is kept of the library functions that one task calls; under the compiler lock."""

    def __init__(self) -> None:
        self._new: dict[str, bytes] = {}
        self._is_open = True

    def adopt(self, dispatcher: Any) -> None:
        """Have a dispatcher of a library function look here before it compiles."""
        is_new = type(dispatcher._cache) is NullCache and not isinstance(dispatcher, Helper)
        if is_new and is_library_function(dispatcher.py_func):
            dispatcher._cache = _Shelf(dispatcher)
        if type(dispatcher._cache) is _Shelf:
            dispatcher._cache.keeper = self

    def adopt_helper(self, unit: CompilationUnit, helper: Helper) -> None:
        """The same for a helper of a unit."""
        helper._cache = shelf = _Shelf(helper, unit)
        shelf.keeper = self

    def read(self, key: str) -> Saved | None:
        if not self._is_open:
            return None
        data = disk.read(key + SUFFIX)
        try:
            found = None if data is None else unpickled(zlib.decompress(data), imports=False)
        except Exception:  # damaged data can raise anything, and so do types without their module
            return None
        return found if isinstance(found, Saved) else None

    def keep(self, key: str, saved: Saved) -> None:
        if not self._is_open:
            return
        try:
            data = pickle.dumps(saved)
            unpickled(data, imports=False)  # not every type of Numba's comes back
        except Exception:  # constants and types of every kind
            return
        self._new[key + SUFFIX] = zlib.compress(data, 1)

    def close(self) -> None:
        """Write what is new; nothing is read or kept from here on."""
        self._is_open = False
        if self._new:
            disk.write_all(self._new)


class _Shelf(NullCache):
    """Where a dispatcher of Numba's looks for what it has compiled; of a unit if it is a helper."""

    keeper: LibraryCode

    def __init__(self, dispatcher: Any, unit: CompilationUnit | None = None) -> None:
        self._dispatcher = dispatcher
        self._unit = unit

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        key = self._key(sig)
        found = None if key is None else self.keeper.read(key)
        if found is None or (self._unit is None) != (found.recorded is None):
            return None
        return _loaded(
            found.with_tag(TaskContext.tag), self._dispatcher, self._unit, target_context
        )

    def save_overload(self, sig: Any, cres: Any) -> None:
        key = self._key(sig)
        saved = None if key is None else _saved(cres, self._unit)
        if key is not None and saved is not None:
            self.keeper.keep(key, saved)

    def _key(self, sig: Any) -> str | None:
        if is_set_in_code():
            return None
        if self._unit is None:
            return key_of(self._dispatcher, sig, "", self._dispatcher.py_func)
        return key_of(self._dispatcher, sig, self._unit.rules, self._dispatcher.source)


def _saved(cres: Any, unit: CompilationUnit | None) -> Saved | None:
    """Return what is to be kept of a function that was compiled; None where it cannot be."""
    library, found = cres.library, cres.fndesc
    recorded = None if unit is None else unit.recordings.recorded()
    plain = not (found.noalias or found.inline or cres.reload_init or cres.lifted)
    if not plain or cres.objectmode or not is_free(library):
        return None
    if unit is not None and (recorded is None or not recorded.is_whole):
        return None
    module = library._final_module
    named = {each.name: each for each in (*module.functions, *module.global_variables)}
    tag = TaskContext.tag if unit is not None else ""
    if not tag and any(TaskContext.tag in name for name in named):
        return None
    environments = {}
    for name in named:
        if name.startswith(ENVIRONMENT):
            environment = lookup_environment(name)
            if environment is None:
                return None
            environments[name] = list(environment.consts)
    declared = [name for name, each in named.items() if each.is_declaration]
    return Saved(
        tag,
        str(module) if tag else module.as_bitcode(),
        Native.of(found),
        cres.signature,
        environments,
        tuple(
            name for name in declared if not name.startswith("llvm.") and not (tag and tag in name)
        ),
        recorded,
    )


def _loaded(
    saved: Saved, dispatcher: Any, unit: CompilationUnit | None, context: Any
) -> CompileResult | None:
    """Return the function as if it had been compiled; None if this process lacks what it needs."""
    if not are_known(saved.needs):
        return None
    parse = llvm.parse_assembly if isinstance(saved.code, str) else llvm.parse_bitcode
    name = dispatcher.py_func.__qualname__
    library = kept_library(context.codegen(), name, parse(saved.code))
    made = {name: _environment(name, held) for name, held in saved.environments.items()}
    own = made.get(saved.native.env_name) or _environment(saved.native.env_name, [])
    _kept.extend([own, *made.values()])
    if unit is None:
        for symbol, environment in made.items():
            context.codegen().set_env(symbol, environment)
    else:
        assert saved.recorded is not None
        unit.recordings.replay(saved.recorded, made)
    entry = _dynfunc.make_function(sys.modules[__name__], name, "", 0, own, (library,))
    return CompileResult(
        typing_context=dispatcher.typingctx,
        target_context=context,
        entry_point=entry,
        typing_error=None,
        type_annotation="",
        signature=saved.signature,
        library=library,
        objectmode=False,
        lifted=(),
        fndesc=saved.native,
        call_helper=None,
        environment=own,
        metadata=None,
        reload_init=[],
        referenced_envs=[],
    )


def _environment(name: str, constants: list[Any]) -> Any:
    """Return the environment of a name, made if there is none."""
    found = lookup_environment(name)
    if found is None:
        found = Environment({"__name__": __name__})
        found.consts.extend(interned(constants))
        found.env_name = name
        Environment._memo[name] = found
    return found
