"""`catzilla-jit trace`: what each worker of a running process runs, as a timeline in a file."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from ...display.terminal import printable
from ...display.units import read_seconds
from .. import exit_codes, runtime_argument

if TYPE_CHECKING:
    from ...stats.recording import Recording
    from ...stats.views.timeline import Counted

NAME = "trace"
SUMMARY = "record what each worker runs for some seconds, as a timeline"
EPILOG = """\
examples:
  catzilla-jit trace 4711 -o trace.json
  catzilla-jit trace 4711 -o trace.json --seconds 0.5

FILE is in Chrome's trace event format: open it at https://ui.perfetto.dev or
in chrome://tracing. A row per worker shows tasks and chunks of maps, others
show compilations and how long each call waited in its queue. The process
runs on meanwhile, some nanoseconds slower per task. Ctrl-C ends the recording
before its time and writes what there is; 250,000 events do as well. -o -
writes to stdout.

Exit code: 3 if there is no such runtime, or FILE cannot be written.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    runtime_argument.add_place(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="file to write, - for stdout"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=5.0, help="how long to record (default: 5)"
    )


def _seconds(text: str) -> float:
    value = read_seconds(text, 0.01)
    if value is None:
        raise argparse.ArgumentTypeError("must be from 0.01 to 3600")
    return value


def execute(arguments: argparse.Namespace) -> int:
    from ...errors import NoRuntime
    from ...stats import reader

    place = arguments.place or runtime_argument.only_one(runtime_argument.listed())
    try:
        reader.choose(place.pid, place.runtime)  # before the file is emptied
        with _opened(arguments.output) as file:
            _trace(place, arguments.seconds, file, arguments.output)
    except NoRuntime as error:
        raise exit_codes.Failure(str(error)) from None
    return exit_codes.OK


@contextlib.contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdout
        return
    try:
        with open(path, "w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        reason = error.strerror or str(error)
        raise exit_codes.Failure(f"cannot write {printable(path)}: {reason}") from None


def _trace(place: runtime_argument.Place, seconds: float, file: IO[str], path: str) -> None:
    from ...stats.recording import record
    from ...stats.views.timeline import Timeline

    def begins() -> None:
        if sys.stderr.isatty():
            print(f"recording {seconds:g} s of process {place.pid} ...", file=sys.stderr)

    recording = record(place.pid, place.runtime, seconds, begins)
    timeline = Timeline(recording)
    timeline.write(file)
    file.flush()
    # Not into the JSON.
    report = sys.stderr if path == "-" else sys.stdout
    print(*_told(recording, timeline.counted, path), sep="\n", file=report)


def _told(recording: Recording, counted: Counted, path: str) -> Iterator[str]:
    """Yield the lines that say what was recorded."""
    seconds = (recording.ended - recording.began) / recording.segment.ticks_per_second
    yield f"{seconds:.2f} s of {counted.workers} workers:"
    yield f"  {counted.runs:,} task runs"
    yield f"  {counted.chunks:,} chunks of maps, with {counted.items:,} items"
    yield f"  {counted.compilations:,} compilations"
    if recording.cut_short:
        yield f"it ended before its time: {recording.cut_short}"
    if recording.lost:
        total = len(recording.events) + recording.lost
        yield f"{recording.lost:,} of {total:,} events were overwritten before they were copied"
    if recording.unsound:
        yield f"{recording.unsound:,} events were unsound and are left out"
    if path != "-":
        yield f"{printable(path)} is written: open it at https://ui.perfetto.dev"
