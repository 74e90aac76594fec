"""A handler's bare `request` parameter is the request, as in the Catzilla framework.

FastAPI takes a parameter without annotation for a query parameter, so the route is given a copy
of the function whose `request` is annotated. The function itself stays as its author wrote it.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute

_NAME = "request"


def with_request(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Return the endpoint, or a copy of it that asks for the request by its annotation."""
    if not isinstance(endpoint, types.FunctionType) or _NAME in endpoint.__annotations__:
        return endpoint
    parameter = inspect.signature(endpoint).parameters.get(_NAME)
    if parameter is None or parameter.default is not inspect.Parameter.empty:
        return endpoint
    copy = types.FunctionType(
        endpoint.__code__,
        endpoint.__globals__,
        endpoint.__name__,
        endpoint.__defaults__,
        endpoint.__closure__,
    )
    copy.__kwdefaults__ = endpoint.__kwdefaults__
    copy.__dict__.update(endpoint.__dict__)
    copy.__doc__, copy.__module__ = endpoint.__doc__, endpoint.__module__
    copy.__qualname__ = endpoint.__qualname__
    copy.__annotations__ = {**endpoint.__annotations__, _NAME: Request}
    return copy


class RouteWithRequest(APIRoute):
    """The routes of a Catzilla app."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, with_request(endpoint), **options)
