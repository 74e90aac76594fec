"""`x: int = None` means `x: int | None`: one compiled form takes both."""

from __future__ import annotations

import pytest

from catzilla_jit import Runtime


def greeting(name: str, text: str = None) -> str:  # type: ignore[assignment]  # noqa: RUF013
    if text is None:
        return "hello " + name
    return text + name


def scaled(n: int = None, *, factor: float = None) -> float:  # type: ignore[assignment]  # noqa: RUF013
    if n is None:
        n = 3
    if factor is None:
        return n * 2.0
    return n * factor


@pytest.mark.parametrize(
    ("function", "calls"),
    [
        (greeting, [(("Ann",), {}), (("Ann", "dear "), {}), (("Ann",), {"text": None})]),
        (scaled, [((), {}), ((5,), {}), ((5,), {"factor": 1.5}), ((2**62,), {"factor": None})]),
    ],
    ids=["text", "numbers"],
)
def test_default_none_is_compiled_with_its_hint(runtime: Runtime, function, calls) -> None:
    task = runtime.task(function)
    for args, kwargs in calls:
        assert task.submit(*args, **kwargs).result() == function(*args, **kwargs)
    assert "None" in task.explain().signature
    assert list(runtime.stats().tasks[task.name].lanes) == ["compiled"]
