"""The header, the built library and the ctypes prototypes describe one interface."""

from __future__ import annotations

import ctypes
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from catzilla_jit.pools import record
from catzilla_jit.pools.native import library

HEADER = pathlib.Path(__file__).parents[2] / "native" / "include" / "catzilla_jit.h"

pytestmark = pytest.mark.skipif(
    not HEADER.exists() or not library.LIBRARY.exists(),
    reason="needs the source tree and the built library",
)

SCALARS: dict[str, Any] = {
    "void": None,
    "int": ctypes.c_int,
    "size_t": ctypes.c_size_t,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "const char *": ctypes.c_char_p,
    "const struct cz_span *": ctypes.POINTER(record.Span),
    "const struct cz_items *": ctypes.POINTER(library.ItemsRan),
    "const struct cz_pool_options *": ctypes.POINTER(library.PoolOptions),
    "cz_entry": ctypes.c_void_p,
    "cz_chunk": ctypes.c_void_p,
}


def header() -> str:
    """Return the header without its comments."""
    return re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)


def ctype(declaration: str) -> Any:
    """Translate a C type; what a pointer points to matters only for numbers and pointers."""
    declaration = declaration.strip()
    if declaration in SCALARS:
        return SCALARS[declaration]
    assert declaration.endswith("*"), f"a type that this test does not know: {declaration}"
    target = declaration[:-1].strip()
    if target.endswith("*"):
        return ctypes.POINTER(ctypes.c_void_p)
    if target in SCALARS and target != "void":
        return ctypes.POINTER(SCALARS[target])
    return ctypes.c_void_p


def parameter(text: str) -> Any:
    """Translate a parameter: its type and, after a blank or a star, its name."""
    found = re.fullmatch(r"(.*?[ *])\w+", text.strip(), flags=re.DOTALL)
    assert found, f"a parameter that this test does not know: {text}"
    return ctype(re.sub(r"\s+", " ", found[1]))


def declared() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Return the prototypes of the header, translated."""
    prototypes = {}
    for result, name, arguments in re.findall(
        r"^CZ_API\s+([\w\s]+?[\s*]+)(cz_\w+)\(([^)]*)\);", header(), flags=re.MULTILINE
    ):
        parameters = () if arguments.strip() == "void" else tuple(arguments.split(","))
        prototypes[name] = ctype(result), tuple(parameter(p) for p in parameters)
    return prototypes


def members(struct: str) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of every member of a struct of the header."""
    body = re.search(rf"struct {struct} {{(.*?)}};", header(), flags=re.DOTALL)
    assert body
    for line in filter(None, (line.strip() for line in body[1].split(";"))):
        function = re.fullmatch(r".*\(\*(\w+)\)\(.*\)", line, flags=re.DOTALL)
        if function:
            yield function[1], ctypes.c_void_p
        else:
            found = re.fullmatch(r"(.*?[ *])(\w+)", line, flags=re.DOTALL)
            assert found, line
            yield found[2], ctype(found[1])


def constant(name: str) -> int:
    """Return the value that the header gives to a member of its enums or to a macro."""
    found = re.search(rf"\b{name}(?: =|,)? (-?\d+)", header())
    assert found, name
    return int(found[1])


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_library_exports_what_the_header_declares() -> None:
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", library.LIBRARY], capture_output=True, text=True, check=True
    ).stdout
    exported = {line.split()[-1] for line in listing.splitlines()}
    assert exported - {"_init", "_fini"} == set(declared())


def test_ctypes_prototypes_are_those_of_the_header() -> None:
    prototypes = declared()
    for name, prototype in library.PROTOTYPES.items():
        assert prototype == prototypes[name], name


@pytest.mark.parametrize(
    ("struct", "mirror"),
    [
        ("cz_pool_options", library.PoolOptions),
        ("cz_span", record.Span),
        ("cz_items", library.ItemsRan),
    ],
)
def test_structures_are_those_of_the_header(struct: str, mirror: Any) -> None:
    assert list(mirror._fields_) == list(members(struct))


CONSTANTS = """
    ABI_VERSION ENOMEM EFULL ECLOSED ETIMEDOUT EINTR LANE_NATIVE LANE_PYTHON
    PENDING RUNNING COMPLETED FAILED CANCELLED
"""


@pytest.mark.parametrize("name", CONSTANTS.split())
def test_constants_are_those_of_the_header(name: str) -> None:
    holder = library if hasattr(library, name) else record
    assert getattr(holder, name) == constant(f"CZ_{name}")
