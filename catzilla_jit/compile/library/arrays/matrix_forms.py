"""`numpy.linalg` with constants, and what is composed of its functions."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import making
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.reduction_forms import MULTIPLY
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import cores, decompositions
from catzilla_jit.compile.library.ufuncs import reductions as loops

NEW = numpy.lib.NumpyVersion(numpy.__version__) >= "2.0.0"
#: The most of a power of a matrix that is written out.
MOST_POWER = 64


def _eigh(_given: Any, *, UPLO: Any = "L") -> Any:
    ends = {"L": "lo", "l": "lo", "U": "up", "u": "up"}
    if not NEW or UPLO not in ends:
        return None
    return decompositions.square("eigh", f"linalg.eigh_{ends[UPLO]}", (1, 2))


def _is_real(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.ndim == 2 and type_.aligned
    return known and type_.dtype in (types.float64, types.int64)


#: NumPy gives the real parts, with the gaps between them, where no value has an imaginary one.
_FINITE = ["for x in a.flat:", "    if not math.isfinite(x):", "        bail_out()"]
_REAL = ["for x in w:", "    if x.imag != 0.0:", "        bail_out()"]


def _eig(_given: Any) -> Any:
    """Return what computes eigenvalues that are real numbers; NumPy answers where some are not."""
    if not NEW:
        return None
    loop = decompositions.square("eig", "linalg.eig", (1, 2))
    lines = [*_FINITE, "w, v = eig(a)", *_REAL, "return Result(w.real, v.real)"]

    def ours(matrix: Any) -> Function | None:
        if not _is_real(matrix):
            return None
        return written("eigen", "a", lines, eig=loop, math=math,
                       Result=decompositions.result_class("eig"))  # fmt: skip

    return choice_of("eig", ours)


def _eigvals(_given: Any) -> Any:
    if not NEW:
        return None
    lines = [*_FINITE, "w = values(a)", *_REAL, "return w.real"]

    def ours(matrix: Any) -> Function | None:
        if not _is_real(matrix):
            return None
        return written("eigenvalues", "a", lines, values=decompositions.eigenvalues, math=math)

    return choice_of("eigvals", ours)


def _qr(_given: Any, *, mode: Any = "reduced") -> Any:
    if not NEW or mode not in ("reduced", "r"):
        return None
    lines = ["b = a.astype(numpy.float64)", "rest = raw(b)", "r = triu(b[: len(rest), :], 0)"]
    lines.append("return r" if mode == "r" else "return Result(factor(b, rest), r)")

    def ours(matrix: Any) -> Function | None:
        if not _is_real(matrix) or matrix.layout != "C":
            return None
        return written(
            "factors", "a", lines, raw=decompositions.raw_factors, triu=making.triu, numpy=numpy,
            factor=decompositions.reduced_factor, Result=decompositions.result_class("qr"),
        )  # fmt: skip

    return choice_of("qr", ours, certain=True)


def _svd(_given: Any, *, full_matrices: Any = True, compute_uv: Any = True) -> Any:
    if not NEW or type(full_matrices) is not bool or type(compute_uv) is not bool:
        return None
    return decompositions.singular(full_matrices) if compute_uv else decompositions.singular_values


def _slogdet(_given: Any) -> Any:
    return decompositions.square("slogdet", "linalg.slogdet", (0, 0)) if NEW else None


def _lstsq(_given: Any, *, rcond: Any = None) -> Any:
    if not NEW or not (rcond is None or type(rcond) is float) or (rcond or 0.0) < 0.0:
        return None
    limit = -1.0 if rcond is None else rcond

    def ours(matrix: Any, right: Any) -> Function | None:
        known = all(
            isinstance(each, types.Array) and each.dtype in (types.float64, types.int64)
            for each in (matrix, right)
        )
        if not known or matrix.ndim != 2 or right.ndim not in (1, 2):
            return None
        return written("solved", "a, b", [f"return least_squares(a, b, {limit!r})"],
                       least_squares=decompositions.least_squares)  # fmt: skip

    return choice_of("lstsq", ours, certain=True)


def _is_matrix(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.ndim == 2 and type_.aligned
    return known and type_.dtype == types.float64


def _pinv(_given: Any) -> Any:
    if not NEW:
        return None
    lines = [
        "u, s, vt = svd(a)",
        "limit = 1e-15 * most(s)",
        "for i in range(len(s)):",
        "    s[i] = 1.0 / s[i] if s[i] > limit else 0.0",
        "return matmul(vt.T, multiply(u, s).T)",
    ]

    def ours(matrix: Any) -> Function | None:
        if not _is_matrix(matrix):
            return None
        return written(
            "inverse", "a", lines, svd=decompositions.singular(False), multiply=MULTIPLY,
            most=loops.reduction("max", loops.ALL, False), matmul=cores.matmul,
        )  # fmt: skip

    return choice_of("pinv", ours, certain=True)


def _matrix_power(_given: Any, *, n: Any = None) -> Any:
    """Multiply in the order of NumPy: by squares, but for the third power."""
    if type(n) is not int or not -MOST_POWER <= n <= MOST_POWER or n in (0, 1):
        return None
    lines = ["if a.shape[0] != a.shape[1]:", "    bail_out()"]
    if n < 0:
        lines.append("a = inverse(a)")
    n = abs(n)
    if n == 3:
        lines.append("return matmul(matmul(a, a), a)")
    else:
        found = ""
        name = "a"
        while n > 0:
            n, bit = divmod(n, 2)
            if bit:
                lines.append(f"found = matmul(found, {name})" if found else f"found = {name}")
                found = "found"
            if n:
                lines.append(f"b = matmul({name}, {name})")
                name = "b"
        lines.append("return found")

    def ours(matrix: Any) -> Function | None:
        if not _is_matrix(matrix):
            return None
        return written("power", "a", lines, matmul=cores.matmul,
                       inverse=cores.FUNCTIONS[numpy.linalg.inv, 1])  # fmt: skip

    return choice_of("matrix_power", ours, certain=True)


def _of_singular_values(name: str, lines: list[str]) -> Any:
    """Return what makes the chooser of a number that the singular values of a matrix tell."""

    def make(_given: Any) -> Any:
        def ours(matrix: Any) -> Function | None:
            if not NEW or not _is_matrix(matrix):
                return None
            return written(name, "a", ["s = values(a)", *lines], EPSILON=EPSILON,
                           values=decompositions.singular_values)  # fmt: skip

        return choice_of(name, ours)

    return make


EPSILON = float(numpy.finfo(float).eps)
#: Of the first and the last of them, which are sorted; NumPy ignores what a division says.
CONDITION = [
    "if s[0] != s[0] or s[-1] != s[-1] or s[-1] == 0.0:", "    bail_out()", "return s[0] / s[-1]",
]  # fmt: skip
RANK = [
    "limit = max(max(s), 0.0) * (max(a.shape[0], a.shape[1]) * EPSILON)", "rank = 0",
    "for each in s:", "    if each > limit:", "        rank += 1", "return rank",
]  # fmt: skip
FUNCTIONS: dict[Any, Form] = {
    numpy.linalg.cond: Form(("x",), ("x",), _of_singular_values("cond", CONDITION)),
    numpy.linalg.matrix_rank: Form(("A",), ("A",), _of_singular_values("matrix_rank", RANK)),
    numpy.linalg.eigh: Form(("a", "UPLO"), ("a",), _eigh),
    numpy.linalg.eig: Form(("a",), ("a",), _eig),
    numpy.linalg.eigvals: Form(("a",), ("a",), _eigvals),
    numpy.linalg.qr: Form(("a", "mode"), ("a",), _qr),
    numpy.linalg.svd: Form(("a", "full_matrices", "compute_uv"), ("a",), _svd),
    numpy.linalg.slogdet: Form(("a",), ("a",), _slogdet),
    numpy.linalg.lstsq: Form(("a", "b", "rcond"), ("a", "b"), _lstsq),
    numpy.linalg.pinv: Form(("a",), ("a",), _pinv),
    numpy.linalg.matrix_power: Form(("a", "n"), ("a",), _matrix_power),
}
METHODS: dict[str, Form] = {}
