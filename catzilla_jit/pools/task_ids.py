"""Ids of submissions, made when they are read: `name-` and 32 hexadecimal digits.

The digits are a keyed permutation of what no other submission of the process has: the number of
its pool and its number there. So two ids never are the same, nobody who has seen some can tell
another, and whether an id is one of this process can be asked without a list of them. The key is
random, of the process: a fork's child has another.

The permutation is a Feistel network of four rounds over two halves of 64 bits, with keyed BLAKE2b
as its round function: a strong pseudo-random permutation after Luby and Rackoff (SIAM Journal on
Computing 17, 1988). Half of what is permuted is constant, by which an id is told from a guess.
"""

from __future__ import annotations

import os

from ..posix import at_fork

_ROUNDS = 4
_HALF = 8  # bytes
_MARK = b"\0" * _HALF
_MOST_PER_POOL = 1 << 40
#: In place of a pool's number, for maps: they are numbered through all pools.
MAPS = 0

_key = os.urandom(32)


def _after_fork_in_child() -> None:
    global _key
    _key = os.urandom(32)


at_fork(after_in_child=_after_fork_in_child)


def _mixed(turn: int, half: bytes, other: bytes) -> bytes:
    from .keyed_hash import blake2b  # with the first id that is read

    digest = blake2b(half, digest_size=_HALF, key=_key, salt=bytes([turn])).digest()
    return bytes(a ^ b for a, b in zip(digest, other, strict=True))


def task_id(name: str, maker: int, number: int) -> str:
    """Return the id of a submission: its task's name, the number of its pool and its own there."""
    left = (maker * _MOST_PER_POOL + number).to_bytes(_HALF, "big")
    right = _MARK
    for turn in range(_ROUNDS):
        left, right = right, _mixed(turn, right, left)
    return f"{name}-{(left + right).hex()}"


def is_own(candidate: str) -> bool:
    """Return whether this process has made the id, ever."""
    try:
        block = bytes.fromhex(candidate.rpartition("-")[2])
    except ValueError:
        return False
    if len(block) != 2 * _HALF:
        return False
    left, right = block[:_HALF], block[_HALF:]
    for turn in reversed(range(_ROUNDS)):
        left, right = _mixed(turn, left, right), left
    return right == _MARK
