"""Which runtime a command is about: PID, PID:RUNTIME, or the only one that runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from .exit_codes import USAGE, Failure

if TYPE_CHECKING:
    from ..stats.reader import RuntimeInfo
    from ..stats.snapshot import TaskStats


class Place(NamedTuple):
    """A process, and the number of a runtime in it (None: the first)."""

    pid: int
    runtime: int | None


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the argument PID to a command."""
    parser.add_argument(
        "place", nargs="?", metavar="PID", type=_place,
        help="process to read; PID:2 for its second runtime (default: the only one that runs)",
    )  # fmt: skip


def _place(text: str) -> Place:
    pid, colon, runtime = text.partition(":")
    if not pid.isdecimal() or (colon and not runtime.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no process id")
    return Place(int(pid), int(runtime) if colon else None)


def read(place: Place) -> TaskStats:
    """Return the statistics of a runtime; Failure with the reason if that cannot be."""
    from ..errors import NoRuntime
    from ..stats import reader

    try:
        return reader.read(place.pid, place.runtime)
    except NoRuntime as error:
        raise Failure(str(error)) from None


def listed() -> list[RuntimeInfo]:
    """Return the runtimes that this user can see; Failure if there is none."""
    from ..stats import reader

    found = reader.running()
    if not found:
        raise Failure(
            "no runtime of this user is running (one starts with the first submission; "
            "CATZILLA_JIT_STATS=0 and enable_profiling=False hide it)"
        )
    return found


def only_one(found: list[RuntimeInfo]) -> Place:
    """Return the place of the only runtime; Failure that names them if there are more."""
    if len(found) > 1:
        names = ", ".join(f"{info.pid}:{info.runtime}" for info in found[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        raise Failure(f"{len(found)} runtimes are running, name one: {names}{more}", USAGE)
    return Place(found[0].pid, found[0].runtime)
