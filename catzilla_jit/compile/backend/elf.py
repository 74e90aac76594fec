"""What an object file tells: where its code lies in memory, and which symbols it lacks.

The file says in which section a function is and how long the section is; the address of the
function then places it. Needed to tell whether an interrupted thread is inside a task's own code
(and may be stopped there). Object files other than 64-bit ELF tell nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

SYMBOLS = 2  # sh_type of the symbol table
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")

#: What an object file names: the name, the section's index (0: it is elsewhere), the offset in it.
Symbol = tuple[str, int, int]


def code_range(data: bytes, symbol: str, address: int) -> tuple[int, int] | None:
    """Return start and size in bytes of the section that holds `symbol`, which is at `address`."""
    sections = _sections(data)
    for name, section, offset in _symbols(data, sections):
        if section and name == symbol:
            return address - offset, sections[section][5]
    return None


def undefined(data: bytes) -> set[str] | None:
    """Return the symbols that the code needs from elsewhere; None where that cannot be read."""
    sections = _sections(data)
    if not sections:
        return None
    return {name for name, section, _ in _symbols(data, sections) if name and not section}


def defined(data: bytes) -> set[str]:
    """Return the symbols that the file defines."""
    return {name for name, section, _ in _symbols(data, _sections(data)) if section}


def _sections(data: bytes) -> list[tuple[int, ...]]:
    if data[:5] != b"\x7fELF\x02":
        return []
    header = HEADER.unpack_from(data)
    offset, size, count = header[6], header[11], header[12]
    return [SECTION.unpack_from(data, offset + size * index) for index in range(count)]


def _symbols(data: bytes, sections: list[tuple[int, ...]]) -> Iterator[Symbol]:
    for table in sections:
        if table[1] == SYMBOLS:
            names = sections[table[6]][4]
            for start in range(table[4], table[4] + table[5], SYMBOL.size):
                name, _info, _other, section, value, _size = SYMBOL.unpack_from(data, start)
                text = names + name
                yield data[text : data.index(b"\0", text)].decode(), section, value
