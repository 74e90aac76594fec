"""NumPy's C functions for random numbers, as symbols that compiled code names.

The distributions are exported by the extension module of `numpy.random.Generator` (NumPy documents
their use from C); what steps PCG64 is found through the interface of a bit generator. They take a
`bitgen_t *` and need no GIL. Before they are used for the first time in a process the layout of
`bitgen_t` and of the state of PCG64 is compared with what a generator of NumPy's has, and the
functions with its methods. Numba is not imported here.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import ctypes
import functools
import importlib
from typing import Any

import llvmlite.binding as llvm
import numpy

RANDOM = "cz_numpy_random:"
#: What steps PCG64, in the order in which `bitgen_t` has them behind the state.
STEPS = ("next_uint64", "next_uint32", "next_double", "next_uint64")
#: The functions of no more than numbers, with how many, and the methods they are compared with.
DOUBLES = {
    "random_standard_uniform": ("random", 0), "random_standard_normal": ("standard_normal", 0),
    "random_normal": ("normal", 2), "random_exponential": ("exponential", 1),
    "random_gamma": ("gamma", 2), "random_lognormal": ("lognormal", 2),
    "random_laplace": ("laplace", 2), "random_beta": ("beta", 2),
    "random_chisquare": ("chisquare", 1), "random_rayleigh": ("rayleigh", 1),
    "random_standard_exponential": ("standard_exponential", 0),
    "random_standard_gamma": ("standard_gamma", 1), "random_standard_t": ("standard_t", 1),
    "random_standard_cauchy": ("standard_cauchy", 0), "random_weibull": ("weibull", 1),
    "random_pareto": ("pareto", 1), "random_power": ("power", 1), "random_gumbel": ("gumbel", 2),
    "random_logistic": ("logistic", 2), "random_vonmises": ("vonmises", 2),
    "random_wald": ("wald", 2), "random_f": ("f", 2), "random_triangular": ("triangular", 3),
}  # fmt: skip
OTHERS = (
    "random_uniform", "random_poisson", "random_bounded_uint64_fill", "random_interval",
    "random_geometric", "random_binomial",
)  # fmt: skip
#: Bytes that `binomial_t` has, and more: what the function keeps of its last arguments.
BINOMIAL = 256
WORDS = ctypes.c_uint64


def symbol(name: str) -> str | None:
    """Return the symbol of a function, registered with LLVM; None where this NumPy has none."""
    found = _addresses().get(name)
    if found is None:
        return None
    llvm.add_symbol(RANDOM + name, found)
    return RANDOM + name


def provide(name: str) -> bool:
    """Register the function that a symbol of saved code means; False where there is none."""
    return symbol(name.removeprefix(RANDOM)) is not None


def is_random(name: str) -> bool:
    return name.startswith(RANDOM)


@functools.cache
def _addresses() -> dict[str, int]:
    """Return the addresses of all functions; none where one of them is not as expected."""
    try:
        library = ctypes.CDLL(importlib.import_module("numpy.random._generator").__file__)
        functions = {name: getattr(library, name) for name in (*DOUBLES, *OTHERS)}
    except (ImportError, OSError, AttributeError):
        return {}
    if type(numpy.random.default_rng(1).bit_generator) is not numpy.random.PCG64:
        return {}
    interface: Any = numpy.random.PCG64(1).ctypes
    found = {
        name: ctypes.cast(function, ctypes.c_void_p).value or 0
        for name, function in functions.items()
    }
    for name in set(STEPS):
        found[name] = ctypes.cast(getattr(interface, name), ctypes.c_void_p).value or 0
    return found if _is_laid_out(found) and _agrees(functions) else {}


def _is_laid_out(found: dict[str, int]) -> bool:
    """Compare `bitgen_t`, and the state of PCG64, with those of a generator."""
    made = numpy.random.PCG64(12345)
    interface: Any = made.ctypes
    table = (WORDS * 5).from_address(interface.bit_generator.value)
    if list(table) != [interface.state_address, *(found[name] for name in STEPS)]:
        return False
    made.random_raw(3)
    numpy.random.Generator(made).integers(0, 5)  # keeps half of a number
    told: Any = made.state
    state = (WORDS * 2).from_address(interface.state_address)
    numbers = (WORDS * 4).from_address(state[0])
    whole = [numbers[0] + (numbers[1] << 64), numbers[2] + (numbers[3] << 64)]
    rest = [state[1] & 0xFFFFFFFF, state[1] >> 32]
    return whole == [told["state"]["state"], told["state"]["inc"]] and rest == [
        told["has_uint32"], told["uinteger"],
    ]  # fmt: skip


def _agrees(functions: dict[str, Any]) -> bool:
    """Compare what the functions draw with what the methods of a generator do."""
    for name, (method, count) in DOUBLES.items():
        ours, theirs = (numpy.random.Generator(numpy.random.PCG64(7)) for _ in range(2))
        interface: Any = ours.bit_generator.ctypes
        function = functions[name]
        function.restype = ctypes.c_double
        function.argtypes = [ctypes.c_void_p, *[ctypes.c_double] * count]
        given = (0.7, 1.3, 2.5)[:count]
        for _ in range(50):
            if function(interface.bit_generator, *given) != getattr(theirs, method)(*given):
                return False
    return _whole_numbers_agree(functions)


def _whole_numbers_agree(functions: dict[str, Any]) -> bool:
    ours, theirs = (numpy.random.Generator(numpy.random.PCG64(7)) for _ in range(2))
    bits: Any = ours.bit_generator.ctypes.bit_generator
    uniform, poisson, fill, interval, geometric, binomial = (functions[name] for name in OTHERS)
    uniform.restype, uniform.argtypes = ctypes.c_double, [ctypes.c_void_p, *[ctypes.c_double] * 2]
    poisson.restype, poisson.argtypes = ctypes.c_int64, [ctypes.c_void_p, ctypes.c_double]
    fill.restype = None
    fill.argtypes = [
        ctypes.c_void_p,
        WORDS,
        WORDS,
        ctypes.c_ssize_t,
        ctypes.c_bool,
        ctypes.c_void_p,
    ]
    interval.restype, interval.argtypes = WORDS, [ctypes.c_void_p, WORDS]
    geometric.restype, geometric.argtypes = ctypes.c_int64, [ctypes.c_void_p, ctypes.c_double]
    binomial.restype = ctypes.c_int64
    binomial.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_int64, ctypes.c_void_p]
    drawn = [
        (
            uniform(bits, 1.0, 2.5), poisson(bits, 3.5), poisson(bits, 40.0),
            geometric(bits, 0.2), geometric(bits, 0.7),
            binomial(bits, 0.3, 9, ctypes.create_string_buffer(BINOMIAL)),
            binomial(bits, 0.6, 900, ctypes.create_string_buffer(BINOMIAL)),
        )
        for _ in range(20)
    ]  # fmt: skip
    told = [
        (
            theirs.uniform(1.0, 3.5), theirs.poisson(3.5), theirs.poisson(40.0),
            theirs.geometric(0.2), theirs.geometric(0.7),
            theirs.binomial(9, 0.3), theirs.binomial(900, 0.6),
        )
        for _ in range(20)
    ]  # fmt: skip
    for low, high in ((0, 10), (-5, 2**40), (3, 4)):
        whole = numpy.empty(15, numpy.int64)
        fill(bits, low & (2**64 - 1), high - 1 - low, 15, False, whole.ctypes.data)
        if whole.tolist() != theirs.integers(low, high, 15).tolist():
            return False
    places = list(range(20))
    for i in range(19, 0, -1):
        j = interval(bits, i)
        places[i], places[j] = places[j], places[i]
    return drawn == told and places == theirs.permutation(20).tolist()
