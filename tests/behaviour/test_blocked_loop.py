"""A wait in a coroutine, which blocks its event loop, is warned of once."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime
from catzilla_jit.pools import blocked_loop


@pytest.fixture(autouse=True)
def not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_loop, "_told", False)


@pytest.fixture
def event() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def waits(result: Any) -> list[warnings.WarningMessage]:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            result.wait(timeout=0.01)
        with pytest.raises(TimeoutError):
            result.result(timeout=0.01)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main())
    return [warning for warning in caught if warning.category is RuntimeWarning]


def test_wait_in_a_coroutine_warns_once(runtime: Runtime, event: threading.Event) -> None:
    (warning,) = waits(runtime.task(event.wait, name="slow").submit())
    assert "task slow" in str(warning.message)
    assert "await result" in str(warning.message)
    assert warning.filename == __file__


def test_wait_for_a_map_in_a_coroutine_warns(runtime: Runtime, event: threading.Event) -> None:
    def item(x: int) -> None:
        event.wait()

    batch = runtime.task(item, compile_to_c=False).submit_map([1])
    (warning,) = waits(batch)
    assert warning.filename == __file__


def test_wait_outside_of_loops_does_not_warn(runtime: Runtime, make: Callable[..., Any]) -> None:
    def double(x: float) -> float:
        return 2.0 * x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make(double).submit(2.0).result() == 4.0


def test_await_does_not_warn(runtime: Runtime, event: threading.Event) -> None:
    result = runtime.task(event.wait, name="slow").submit()

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, event.set)
        await result

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
