"""Progress bars: nothing where nobody looks, HTML in a kernel, and never more often than needed."""

from __future__ import annotations

import html
import sys
import types

import numpy as np
import pytest
from rich.text import Text

from catzilla_jit import Runtime, gather
from catzilla_jit.display import progress


class Display(types.ModuleType):
    """Stands for IPython.display, and notes what it is told to show."""

    def __init__(self) -> None:
        super().__init__("IPython.display")
        self.shown: list[str] = []

    def display(self, data, display_id, raw):
        assert data["text/plain"] in html.unescape(data["text/html"])
        self.shown.append(data["text/html"])
        return self

    def update(self, data, raw):
        self.display(data, True, raw)


@pytest.fixture
def kernel(monkeypatch):
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = Display()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return ipython.display


def test_a_kernel_shows_html_that_ends_with_the_last_state(kernel, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.0)
    with progress.bar("<b>", 4, iter((1, 3, 3)).__next__) as tick:
        tick()
        tick()
    for count, text in zip((0, 1, 3, 3), kernel.shown, strict=True):
        assert f"{count} of 4" in text
    assert 'value="0.2500"' in kernel.shown[1]
    assert all("&lt;b&gt;" in text for text in kernel.shown)


def test_between_two_pictures_nothing_is_counted(kernel, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 3600.0)
    counts = []
    with progress.bar("x", 1000, lambda: counts.append(0) or 999) as tick:
        for _ in range(1000):
            tick()
    assert counts == [0]
    assert len(kernel.shown) == 2
    assert "999 of 1,000" in kernel.shown[-1]


def test_a_bar_that_is_left_by_an_exception_stays_as_it_is(kernel):
    with pytest.raises(KeyError), progress.bar("x", 4, int):
        raise KeyError
    assert len(kernel.shown) == 1


def test_outside_of_terminals_and_kernels_nothing_is_left_behind(capfd):
    with progress.bar("x", 4, int) as tick:
        tick()
    assert capfd.readouterr() == ("", "")


def test_nothing_to_do_is_a_full_bar(kernel):
    with progress.bar("x", 0, int):
        pass
    assert 'value="1.0000"' in kernel.shown[-1]


def test_on_a_terminal_of_80_columns_the_last_line_tells_everything(monkeypatch, capfd):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal then
    monkeypatch.setenv("TERM", "xterm")
    with progress.bar("[/a] task with more of a name than fits", 123_456_789, lambda: 123_456_789):
        pass
    out, err = capfd.readouterr()
    assert out == ""
    last = Text.from_ansi(err.replace("\r", "\n")).plain.rstrip().splitlines()[-1]
    assert last.startswith("[/a] task with more of …")
    assert "123,456,789 of 123,456,789 100 %" in last
    assert len(last) <= 80


def test_a_gather_counts_the_items_of_its_batches(kernel):
    with Runtime(workers=1) as runtime:

        @runtime.task
        def half(x: float) -> float:
            return x / 2

        gather(half.submit(1.0), half.submit_map(np.arange(10.0)), progress=True)
    assert "11 of 11" in kernel.shown[-1]
