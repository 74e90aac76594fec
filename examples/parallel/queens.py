"""Queens that do not attack each other: how many ways there are to place them.

The columns of the first queens are divided by halves; below that a worker searches alone.
"""

from __future__ import annotations

from catzilla_jit import fork, join, task

N = 10
KNOWN = {6: 4, 8: 92, 10: 724, 12: 14200}


def search(n: int, row: int, columns: int, left: int, right: int) -> int:
    """Count the ways to place queens from this row on; the last three are sets of bits."""
    if row == n:
        return 1
    count = 0
    for column in range(n):
        bit = 1 << column
        if (columns | left | right) & bit == 0:
            count += search(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return count


@task(compile_to_c="require")
def queens(n: int, begin: int, end: int) -> int:
    """Count those whose first two queens stand at such places, numbered from 0 to n * n."""
    if end - begin > 1:
        middle = (begin + end) // 2
        half = fork(queens, n, begin, middle)
        rest = queens(n, middle, end)
        return join(half) + rest
    first, second = 1 << begin // n, 1 << begin % n
    if second & (first | first << 1 | first >> 1):
        return 0
    left, right = (first << 1 | second) << 1, (first >> 1 | second) >> 1
    return search(n, 2, first | second, left, right)


def main() -> None:
    found = queens.submit(N, 0, N * N).result()
    assert found == KNOWN[N]
    print(f"{found} ways to place {N} queens")


if __name__ == "__main__":
    main()
