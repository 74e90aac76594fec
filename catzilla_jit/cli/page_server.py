"""Serves the page in a browser, of a runtime that another process has; it changes nothing.

Only on 127.0.0.1, and only to programs of the user who has started it: the statistics are that
user's, and other users of the machine can connect to the same port. Requests that name
another host are refused, so no web site can read the page by a name that leads here.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..stats.views import page

HOST = "127.0.0.1"
MOST_CLIENTS = 16
_PATIENCE_SECONDS = 10  # of a connection that says nothing


class PageServer(http.server.ThreadingHTTPServer):
    """The server; `publish` hands it what the open pages are sent."""

    daemon_threads = True

    def __init__(self, port: int, points: Callable[[], list[Any]]) -> None:
        super().__init__((HOST, port), _Handler)
        self.points = points
        self.streams = threading.BoundedSemaphore(MOST_CLIENTS)
        self.ended = False
        self._changed = threading.Condition()
        # guarded by it
        self._number = 0
        self._latest = b""

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/dashboard"

    def publish(self, document: dict[str, Any]) -> None:
        """Send this to every page that is open."""
        data = _event("snapshot", document)
        with self._changed:
            self._number += 1
            self._latest = data
            self._changed.notify_all()

    def end(self) -> None:
        """Tell every page that the process has ended."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def next_after(self, number: int) -> tuple[int, bytes]:
        """Wait for what follows this number; empty where nothing has come for a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self.ended, 5)
            return self._number, self._latest if self._number > number else b""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that broke."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/") or "dashboard"
        if not self._is_meant():
            self._send(403, b"this page is for this machine and its user\n", "text/plain")
        elif path == "live":
            self._stream()
        elif path in page.FILES:
            self._send(200, *page.read(path))
        else:
            self._send(404, b"there is no such page\n", "text/plain")

    def _is_meant(self) -> bool:
        host = (self.headers.get("Host") or "").rpartition(":")
        here = host[0] in (HOST, "localhost") and host[2] == str(self.server.server_port)
        return here and is_own_client(self.client_address[1], self.server.server_port)

    def _send(self, code: int, content: bytes, kind: str) -> None:
        self.send_response(code)
        for name, value in {**page.HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        if not self.server.streams.acquire(blocking=False):
            self._send(503, b"as many pages are open as may be\n", "text/plain")
            return
        self.close_connection = True
        try:
            self.send_response(200)
            for name, value in {**page.HEADERS, "Content-Type": "text/event-stream"}.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(OSError):  # the page was closed
                self._events()
        finally:
            self.server.streams.release()

    def _events(self) -> None:
        self.wfile.write(b"retry: 1000\n\n" + _event("history", self.server.points()))
        number = -1
        while not self.server.ended:
            number, data = self.server.next_after(number)
            self.wfile.write(data or b": nothing new\n\n")
        self.wfile.write(_event("ended", {"time": time.time()}))


def _event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()


def is_own_client(client_port: int, server_port: int) -> bool:
    """Tell whether the program at the other end of a connection on 127.0.0.1 is this user's.

    By the kernel's table; True as well where the other end is root's, or there is no table.
    """
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return True
    for line in lines:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        if ports == [client_port, server_port] and fields[1].startswith("0100007F"):
            return int(fields[7]) in (0, os.geteuid())
    return False
