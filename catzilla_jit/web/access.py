"""Who may ask what: callers of this machine, forged requests, and submissions of other people."""

from __future__ import annotations

import inspect
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import HTTPException, Request

Visible = Callable[[Request, Any], "bool | Awaitable[bool]"]

#: What a request that changes something must carry: other sites cannot send it from a browser
#: without being asked first, and an app allows that or not (CORS).
CONTROL_HEADER = "x-catzilla-jit"
_LOCAL_NAMES = ("testclient",)  # starlette.testclient, which opens no connection


def is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine."""
    if request.client is None:  # a socket in the file system
        return True
    host = request.client.host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_NAMES


def names_other_host(request: Request) -> bool:
    """Tell whether a request names a host that may be another site's name for this machine.

    A site can let its own name lead to 127.0.0.1, and a browser here then takes this app for a
    part of that site. Such a name has a dot.
    """
    host = request.url.hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." in host.rstrip(".") and not host.endswith(".localhost")


def only_local(request: Request) -> None:
    """Refuse requests of other machines: nobody has said who may see the tasks."""
    if not is_local(request) or names_other_host(request):
        raise HTTPException(
            403,
            "the tasks of this app are shown to its own machine alone, until its owner says who "
            "may see them: TaskRoutes(dependencies=[Depends(...)])",
        )


def only_meant(request: Request) -> None:
    """Refuse requests that another site may have made a browser send."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send Content-Type: application/json")
    if not request.headers.get(CONTROL_HEADER):
        raise HTTPException(403, "send the header X-Catzilla-Jit: 1 to change something")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "requests from other sites are refused")


async def may_see(visible: Visible | None, request: Request, result: Any) -> bool:
    """Ask the owner's function, which may be a coroutine function, about a submission."""
    if visible is None:
        return True
    answer = visible(request, result)
    return bool(await answer if inspect.isawaitable(answer) else answer)
