"""`catzilla-jit dashboard`: a page in a browser that shows a runtime, read from outside."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from typing import Any

from .. import exit_codes, runtime_argument
from ..runtime_argument import Place

NAME = "dashboard"
SUMMARY = "serve a page that shows one runtime, live, to browsers of this user"
EPILOG = """\
examples:
  catzilla-jit dashboard
  catzilla-jit dashboard 4711 --port 8080

The address is printed once the page can be opened. Only programs of this user
on this machine are answered, and nothing can be changed from the page. It ends
with the process that it shows, or with Ctrl-C.

Exit code: 3 if there is no such runtime, or the port is taken.
"""
_SECONDS = 1.0
_ROSTER_EVERY = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    runtime_argument.add_place(parser)
    parser.add_argument(
        "--port", type=_port, default=0, metavar="PORT",
        help="port on 127.0.0.1 (default: 0, one that is free)",
    )  # fmt: skip


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("PORT must be from 0 to 65535")
    return int(text)


def execute(arguments: argparse.Namespace) -> int:
    from ...stats.thread_usage import ThreadUsage
    from ...stats.views.live_document import LiveView
    from ..page_server import PageServer

    place: Place = arguments.place or runtime_argument.only_one(runtime_argument.listed())
    stats = runtime_argument.read(place)
    view = LiveView(ThreadUsage(place.pid))
    try:
        server = PageServer(arguments.port, lambda: list(view.points))
    except OSError as error:
        raise exit_codes.Failure(f"port {arguments.port}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        print(server.url, flush=True)
        _watch(server, view, Place(place.pid, stats.runtime))
    except KeyboardInterrupt:
        pass
    except exit_codes.Failure as ended:
        print(f"catzilla-jit: {ended}", file=sys.stderr)
        server.end()
        time.sleep(0.2)  # the pages are told by other threads, which end with this one
    finally:
        server.shutdown()
        server.server_close()
    return exit_codes.OK


def _watch(server: Any, view: Any, place: Place) -> None:
    """Publish what the runtime does once a second; Failure when it is there no more."""
    from ...stats import reader

    title = reader.command(place.pid)
    roster = None
    count = 0
    while True:
        stats = runtime_argument.read(place)
        if count % _ROSTER_EVERY == 0:
            roster = reader.registered(place.pid, stats.runtime)
        document = view.document(stats, roster)
        server.publish({**document, "title": title, "control": False})
        count += 1
        time.sleep(_SECONDS)
