"""Functions of bytes as people write them, for the comparison with Python.

The parameter's name says what it is called with: `b` and `c` bytes, `n`, `m` and `k` integers, `s`
a text, `q` a list, `d` and `e` dicts, `o` bytes or None, `t` a tuple.
"""

from __future__ import annotations

import types
from typing import Any, Optional

SEPARATOR = b","
ENDS = (b"\0", b"ab")
formats = types.ModuleType("formats")
formats.PNG, formats.GIF = b"\x89PNG", (b"GIF87a", b"GIF89a")  # type: ignore[attr-defined]


def is_blank(item: int, blanks: bytes = b" \t\n") -> bool:
    return item in blanks


# fmt: off
def size(b: bytes) -> Any: return len(b), bool(b), not b, 1 if b else 2
def item(b: bytes, n: int) -> Any: return b[n]
def ends_of(b: bytes) -> Any: return b[0], b[-1]
def part(b: bytes, n: int, m: int) -> Any: return b[n:m], b[n:], b[:n], b[:], b[n:][:m], b[1:3]
def stepped(b: bytes, n: int, m: int, k: int) -> Any: return b[n:m:k], b[::k], b[n::k], b[:m:k]
def itself(b: bytes) -> Any: return b
def several(b: bytes, c: bytes) -> Any: return b, (c, b[1:]), [b, c[:1]], [(b, 1)], [[c]]
def by_item(b: bytes) -> Any: return [x for x in b]  # noqa: C416
def numbered(b: bytes) -> Any: return [i * x for i, x in enumerate(b)]
def turned(b: bytes) -> Any: return [x for x in reversed(b)]  # noqa: C416
def beside(b: bytes, c: bytes) -> Any: return [x - y for x, y in zip(b, c)]  # noqa: B905
def by_place(b: bytes) -> Any: return [b[i] ^ b[i - 1] for i in range(len(b))]
def reduced(b: bytes) -> Any: return sum(b), any(b), all(b), sorted(b), list(b), len(set(b))
def extremes(b: bytes) -> Any: return max(b), min(b)
def two(b: bytes) -> Any:
    x, y = b
    return x - y
def product(b: bytes) -> Any:
    result = 1
    for x in b:
        result = result * 251 + x
    return result
def compared(b: bytes, c: bytes) -> Any: return b == c, b != c, b < c, b <= c, b > c, b >= c
def chained(b: bytes, c: bytes) -> Any: return b"" < b < c
def with_constant(b: bytes) -> Any: return b == b"ab", b in (b"", b"a"), b < SEPARATOR, b""
def holds(b: bytes, c: bytes, n: int) -> Any: return c in b, c not in b, b"" in b, n in b, 97 in b
def found(b: bytes, c: bytes) -> Any: return b.find(c), b.rfind(c), b.count(c)
def found_item(b: bytes, n: int) -> Any: return b.find(n), b.rfind(n), b.count(n)
def found_from(b: bytes, c: bytes, n: int) -> Any: return b.find(c, n), b.rfind(c, n), b.count(c, n)
def found_between(b: bytes, c: bytes, n: int, m: int) -> Any:
    return b.find(c, n, m), b.rfind(c, n, m), b.count(c, n, m)
def item_between(b: bytes, n: int, m: int) -> Any:
    return b.find(97, n, m), b.rfind(97, n, m), b.count(97, n, m)
def place(b: bytes, c: bytes) -> Any: return b.index(c), b.rindex(c)
def place_of_item(b: bytes, n: int) -> Any: return b.index(97, n), b.rindex(97)
def begun(b: bytes, c: bytes) -> Any: return b.startswith(c), b.endswith(c), b.endswith(ENDS)
def joined(b: bytes, c: bytes) -> Any: return b + c, b"<" + b + SEPARATOR
def added(b: bytes, c: bytes) -> Any:
    b += c
    return b
def repeated(b: bytes, n: int) -> Any: return b * n, n * b
def made(b: bytes) -> Any: return bytes([x & 1 for x in b]), bytes((1, 9)), bytes(range(2))
def of_numbers(n: int, m: int) -> Any: return bytes([n, m])
def by_generator(b: bytes, n: int) -> Any: return bytes(x + n for x in b)
def zeros(n: int) -> Any: return bytes(n)
def the_same(b: bytes) -> Any: return bytes(b)
def numbers(b: bytes) -> Any: return [ord(b[i : i + 1]) for i in range(len(b))]
def number(b: bytes) -> Any: return ord(b)
def little(b: bytes) -> Any: return int.from_bytes(b, "little")
def big(b: bytes) -> Any: return int.from_bytes(b, byteorder="big"), int.from_bytes(b[:3], "big")
def signed(b: bytes) -> Any: return int.from_bytes(b, "little", signed=True)
def signed_big(b: bytes) -> Any: return int.from_bytes(b, byteorder="big", signed=True)
def to_bytes(n: int, m: int) -> Any: return n.to_bytes(m, "little"), n.to_bytes(m, "big")
def to_named(n: int, m: int) -> Any: return n.to_bytes(byteorder="big", length=m, signed=False)
def to_signed(n: int, m: int) -> Any: return n.to_bytes(m, "little", signed=True)
def to_signed_big(n: int, m: int) -> Any: return n.to_bytes(m, "big", signed=True)
def counted(b: bytes) -> Any:
    counts = {b"": 0}
    for part in b.split(b","):
        counts[part] = counts.get(part, 0) + 1
    return sorted(counts.items())
def apart(b: bytes, q: list[bytes]) -> Any: return len({b, b[:1], b""}), len(set(q)), b in set(q)
def by_key(e: dict[bytes, int], b: bytes) -> Any: return e.get(b, -1), b in e, e[b], sorted(e)
def hashed(b: bytes) -> Any: return hash(b), hash((b, 1))
def raised_dict(b: bytes) -> Any:
    if len(b) > 2:
        raise ValueError({1: b})
    return b
def of_module(b: bytes, n: int) -> Any:
    return b.startswith(formats.PNG), formats.PNG[n], formats.PNG, b in formats.GIF
def in_hex(b: bytes) -> Any: return b.hex()
def decoded(b: bytes) -> Any: return b.decode()
def decoded_latin(b: bytes) -> Any: return b.decode("latin-1"), b[:2].decode("utf-8")
def encoded(s: str) -> Any: return s.encode(), s[1:].encode("utf-8"), "é".encode() + b"\0"
def round_trip(s: str) -> Any: return s.encode().decode() == s, len(s.encode())
def kinds(b: bytes) -> Any: return b.isdigit(), b.isalpha(), b.isalnum(), b.isspace()
def cased(b: bytes) -> Any: return b.upper(), b.lower()
def stripped(b: bytes) -> Any: return b.strip(), b.lstrip(), b.rstrip()
def stripped_of(b: bytes, c: bytes) -> Any: return b.strip(c), b.lstrip(c), b.rstrip(c)
def without(b: bytes, c: bytes) -> Any: return b.removeprefix(c), b.removesuffix(c)
def split(b: bytes, c: bytes) -> Any: return b.split(c), b.split(), b.split(b","), b.split(None)
def split_lines(b: bytes) -> Any: return b.splitlines()
def divided(b: bytes, c: bytes) -> Any: return b.partition(c), b.rpartition(c)
def put_together(b: bytes, q: list[bytes]) -> Any: return b.join(q), b", ".join([x[1:] for x in q])
def by_join(q: list[bytes]) -> Any: return b"-".join(x.strip() for x in q)
def replaced(b: bytes, c: bytes) -> Any: return b.replace(c, b"12"), b.replace(b"ab", c)
def maybe(o: Optional[bytes] = None) -> Any: return -1 if o is None else o[0] if o else -2  # noqa: UP045
def optional(o: Optional[bytes]) -> Any: return o  # noqa: UP045
def or_else(b: bytes) -> Any: return b or b"none"
def in_tuple(t: tuple[bytes, int]) -> Any: return t[0][t[1] :], t
def in_list(q: list[bytes]) -> Any: return q[0], q[-1][1:], [x + b"." for x in q], sorted(q), q[:]
def in_rows(q: list[bytes], b: bytes) -> Any: return b in q, q.count(b), max([len(x) for x in q])
def in_dict(d: dict[str, bytes]) -> Any: return [(k, v[::-1]) for k, v in d.items()], d.get("a")
def as_dict(b: bytes) -> Any: return {"all": b, "rest": b[1:], "first": b[0], "parts": [b[:1]]}
def fields(b: bytes) -> Any:
    parts = []
    start = 0
    while True:
        end = b.find(SEPARATOR, start)
        if end < 0:
            return [*parts, b[start:]]
        parts.append(b[start:end])
        start = end + 1
def blanks(b: bytes) -> Any: return sum([1 for x in b if is_blank(x)]), is_blank(0, b"\0")
def inner(b: bytes) -> Any:
    def first(c: bytes) -> bytes: return c[:1] + b"-"
    return first(b), [first(x) for x in (b, b"z")]
def on_place(b: bytes, n: int) -> Any: return b[n] if 0 <= n < len(b) else None
# fmt: on

FUNCTIONS = [
    size, item, ends_of, part, stepped, itself, several, by_item, numbered, turned, beside,
    by_place, reduced, extremes, two, product, compared, chained, with_constant, holds, found,
    found_item, found_from, found_between, item_between, place, place_of_item, begun, joined,
    added, repeated, made, of_numbers, by_generator, zeros, the_same, numbers, number, little,
    big, signed, signed_big, to_bytes, to_named, to_signed, to_signed_big, of_module, counted,
    raised_dict, apart, by_key, hashed, in_hex, decoded, decoded_latin, encoded, round_trip,
    kinds, cased, stripped, stripped_of, without, split, split_lines, divided, put_together,
    by_join, replaced, maybe, optional, or_else, in_tuple, in_list, in_rows, in_dict, as_dict,
    fields, blanks, inner, on_place,
]  # fmt: skip
