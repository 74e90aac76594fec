"""TaskRoutes: the routes of the tasks in an app, and the runtime's life around the app's own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.params import Depends as DependsParameter
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from ..errors import QueueFull, RuntimeClosed, TaskTimeout
from ..tasks import default
from ..tasks.runtime import Runtime
from .access import Visible, only_local
from .control import add_control
from .health import add_health
from .live import Live
from .page import add_page
from .queries import add_queries
from .served import Served

_log = logging.getLogger("catzilla_jit")
#: Where an app keeps its TaskRoutes: app.state.catzilla_jit
STATE = "catzilla_jit"


class TaskRoutes:
    """Routes that show the tasks of a runtime, for a FastAPI or a Starlette app.

        tasks = TaskRoutes(dependencies=[Depends(auth)])
        tasks.install(app)

    runtime: by default the default runtime. prefix: where
    the routes are. dependencies: of FastAPI, in front of every route but `healthz`, the page and
    the stream included; without them (None) only requests of this machine are answered, and
    `healthz` everybody's: it tells only whether the runtime takes tasks. control: adds the
    routes that cancel, benchmark and submit. visible: called as visible(request, result), or
    awaited; what it says False of is not there for this request. keep_results, result_ttl_s: how
    many results are kept, and how many seconds after their end (None: no limit), by a runtime that
    was not told so itself.
    live_clients: how many pages may be open. shutdown_timeout_s: how long the end of the app
    waits for tasks, before it stops them.
    """

    def __init__(
        self,
        runtime: Runtime | None = None,
        prefix: str = "/tasks",
        *,
        dependencies: Sequence[DependsParameter] | None = None,
        control: bool = False,
        visible: Visible | None = None,
        keep_results: int = 10_000,
        result_ttl_s: float | None = 3600.0,
        live_clients: int = 16,
        shutdown_timeout_s: float = 30.0,
    ) -> None:
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ValueError(f"TaskRoutes: prefix must be like '/tasks', not {prefix!r}")
        if visible is not None and not callable(visible):
            raise TypeError(f"TaskRoutes: visible must be a function, not {visible!r}")
        for name, value in (("keep_results", keep_results), ("live_clients", live_clients)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"TaskRoutes: {name} must be a positive int, not {value!r}")
        self.prefix = prefix
        self.dependencies = [Depends(only_local)] if dependencies is None else list(dependencies)
        self.keep_results = keep_results
        self.result_ttl_s = result_ttl_s
        self.shutdown_timeout_s = shutdown_timeout_s
        self._given = runtime
        self._find = self._given_or_default
        self.served = Served(
            lambda: self._find(),
            control=control,
            visible=visible,
            keep_results=keep_results,
            result_ttl_s=result_ttl_s,
            live_clients=live_clients,
        )
        self.live = Live(self.served)

    @property
    def runtime(self) -> Runtime:
        """The runtime whose tasks are shown; the app ends it when it ends."""
        return self._find()

    @property
    def has_own_runtime(self) -> bool:
        """Whether they were made for one runtime."""
        return self._given is not None

    def _given_or_default(self) -> Runtime:
        if self._given is not None:
            return self._given
        runtime = default.get_runtime()
        # Of an app that was started and ended before in this process.
        return default.configure() if runtime.closed else runtime

    def use(self, find: Callable[[], Runtime]) -> None:
        """Show the runtime that this function returns, whichever it is by then."""
        self._find = find

    def add_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Submit as `Runtime.add_task` does, and hold the result for who asks by its id."""
        result = self._kept().add_task(func, *args, **kwargs)
        self.served.results.note(result)
        return result

    def note(self, result: Any) -> str:
        """Hold a result, or Submissions, for who asks by its id; return the id."""
        self._kept()
        return self.served.results.note(result)

    def _kept(self) -> Runtime:
        """Return the runtime, which keeps results: as it was told itself, or as told here."""
        runtime = self.runtime
        if not runtime.settings.keep_results:
            runtime.keep(self.keep_results, self.result_ttl_s)
        return runtime

    # --- installation ---------------------------------------------------------------------------

    def install(self, app: Starlette) -> None:
        """Add the routes, the errors' answers and the runtime's life to an app, once.

        Call it behind the app's own routes where some of them have the same paths: the first
        one that fits answers.
        """
        self.attach(app)
        self.add_routes(app)

    def attach(self, app: Starlette) -> None:
        """Add all but the routes."""
        if not isinstance(app, Starlette):
            raise TypeError(f"TaskRoutes: expected a FastAPI or Starlette app, not {app!r}")
        if getattr(app.state, STATE, None) is not None:
            raise RuntimeError("TaskRoutes: this app has them already")
        setattr(app.state, STATE, self)
        for kind, code in ((QueueFull, 503), (RuntimeClosed, 503), (TaskTimeout, 504)):
            if kind not in app.exception_handlers:  # else the app has an answer of its own
                app.add_exception_handler(kind, _answer(code))
        self._compose_lifespan(app)

    def add_routes(self, app: Starlette) -> None:
        """Add the routes."""
        router = APIRouter(tags=["tasks"], dependencies=self.dependencies)
        if self.served.control:
            add_control(router, self.served)
        add_page(router, self.live)
        add_queries(router, self.served)
        open_to_all = APIRouter(tags=["tasks"])
        add_health(open_to_all, self.served)
        into = app if isinstance(app, FastAPI) else FastAPI(openapi_url=None)
        into.include_router(router, prefix=self.prefix)
        into.include_router(open_to_all, prefix=self.prefix)
        if into is app:
            return
        for kind, handler in app.exception_handlers.items():
            into.add_exception_handler(kind, handler)
        routes = [*router.routes, *open_to_all.routes]
        for path in dict.fromkeys(route.path for route in routes if hasattr(route, "path")):
            app.router.routes.append(Route(self.prefix + path, endpoint=into))

    def _compose_lifespan(self, app: Starlette) -> None:
        inner = app.router.lifespan_context

        @contextlib.asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            async with self.running(), inner(app) as state:
                yield state

        app.router.lifespan_context = lifespan

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Compile the tasks and start the runtime; end it behind the block."""
        await asyncio.to_thread(self._kept().warm_up)
        with self.live.until_signal():
            try:
                yield
            finally:
                self.live.end()
                await asyncio.to_thread(self._end, self.runtime)

    def _end(self, runtime: Runtime) -> None:
        try:
            runtime.shutdown(timeout=self.shutdown_timeout_s)
        except TimeoutError as error:
            _log.warning("%s; they are stopped now", error)
            runtime.shutdown(cancel_running=True, timeout=self.shutdown_timeout_s)


def _answer(code: int) -> Callable[[Request, Exception], JSONResponse]:
    headers = {"Retry-After": "1"} if code == 503 else None

    def answer(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, code, headers)

    return answer


def of_app(app: Any) -> TaskRoutes:
    """Return the TaskRoutes of an app; RuntimeError if it has none."""
    found = getattr(app.state, STATE, None)
    if not isinstance(found, TaskRoutes):
        raise RuntimeError("this app has no tasks: TaskRoutes().install(app), or use Catzilla")
    return found
