"""Where the machine code of a library lies in memory.

The object file that LLVM made says in which section a function is and how long the section is;
the address of the function then places it. Needed to tell whether an interrupted thread is inside
a task's own code (and may be stopped there). Object files other than 64-bit ELF give no range.
"""

from __future__ import annotations

import struct

SYMBOLS = 2  # sh_type of the symbol table
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")


def code_range(data: bytes, symbol: str, address: int) -> tuple[int, int] | None:
    """Return start and size in bytes of the section that holds `symbol`, which is at `address`."""
    if data[:5] != b"\x7fELF\x02":
        return None
    header = HEADER.unpack_from(data)
    offset, size, count = header[6], header[11], header[12]
    sections = [SECTION.unpack_from(data, offset + size * index) for index in range(count)]
    for section in sections:
        if section[1] == SYMBOLS:
            found = _find(data, section, sections[section[6]], symbol.encode())
            if found is not None:
                value, index = found
                return address - value, sections[index][5]
    return None


def _find(
    data: bytes, table: tuple[int, ...], names: tuple[int, ...], wanted: bytes
) -> tuple[int, int] | None:
    """Return a symbol's offset in its section and the section's index."""
    for start in range(table[4], table[4] + table[5], SYMBOL.size):
        name, _info, _other, section, value, _size = SYMBOL.unpack_from(data, start)
        text = names[4] + name
        if section and data[text : data.index(b"\0", text)] == wanted:
            return value, section
    return None
