"""Python objects that compiled code uses: found when the code is loaded, not when it runs.

Numba writes an object as a pickle in the code. The call that unpickles it imports a module of
Numba's and whatever the pickle names, in the thread that happens to run the code, and a failure is
a null pointer that is used all the same. On a worker, while another thread imports Numba, that
was the end of the process. Here the code has a variable for each object; who loads the code
sets it, with the GIL held, or does not load it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import hashlib
import pickle
from typing import Any

from llvmlite import ir
from numba.core.pythonapi import PythonAPI

from catzilla_jit.compile.target.variable_names import OBJECT


class TaskPythonAPI(PythonAPI):
    """Numba's writer of calls to Python, without calls that unpickle."""

    def serialize_object(self, value: Any) -> Any:
        """Return a pickle as a constant, and note whose it is."""
        made = super().serialize_object(value)
        if not hasattr(self.module, "cz_pickled"):
            self.module.cz_pickled = {}
        self.module.cz_pickled[made.name] = value
        return made

    def unserialize(self, pointer: Any) -> ir.Value:
        """Return a new reference to the object that was pickled."""
        value = self.object(self.module.cz_pickled[pointer.name])
        self.incref(value)
        return value

    def object(self, value: Any) -> ir.Value:
        """Return a borrowed reference to an object of the compiler's; it is never null."""
        name = self.context.name_object(value)
        variable = self.module.globals.get(name)
        if variable is None:
            variable = ir.GlobalVariable(self.module, self.pyobj, name)
            variable.linkage = "common"  # one, in all modules of a program
            variable.initializer = ir.Constant(self.pyobj, None)
        return self.builder.load(variable)


def name_of(value: Any, tag: str) -> str:
    """Return the name of the variable for an object; `tag` tells the programs apart."""
    try:
        shape = pickle.dumps(value)
    except Exception:  # what cannot be pickled is not saved
        shape = f"{type(value)} {id(value)}".encode()
    return f"{OBJECT}{tag}.{hashlib.sha256(shape).hexdigest()[:32]}"
