"""The page and the stream that it shows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ..stats.views import page
from .live import Live


def add_page(router: APIRouter, live: Live) -> None:
    """Add the routes to a router."""

    @router.get("/live", summary="One snapshot a second, as server-sent events")
    async def stream(request: Request) -> Response:
        return live.response(request)

    for path in page.FILES:
        _add_file(router, path)


def _add_file(router: APIRouter, path: str) -> None:
    @router.get(f"/{path}", include_in_schema=False, name=path)
    def file() -> Response:
        content, kind = page.read(path)
        return Response(content, media_type=kind, headers=page.HEADERS)
