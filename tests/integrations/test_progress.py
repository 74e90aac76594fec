"""Progress bars: nothing where nobody looks, HTML in a kernel, and never more often than needed."""

from __future__ import annotations

import sys
import types

import pytest

from catzilla_jit.integrations import progress


class Display(types.ModuleType):
    """Stands for IPython.display, and notes what it is told to show."""

    def __init__(self) -> None:
        super().__init__("IPython.display")
        self.shown: list[str] = []

    def HTML(self, text):
        return text

    def display(self, text, display_id):
        self.shown.append(text)
        return self

    def update(self, text):
        self.shown.append(text)


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
    with progress.bar("<b>", 4) as show:
        show(1)
        show(3)
    for count, text in zip((0, 1, 3, 3), kernel.shown, strict=True):
        assert f"{count} of 4" in text
    assert 'value="0.2500"' in kernel.shown[1]
    assert all("&lt;b&gt;" in text for text in kernel.shown)


def test_updates_are_limited_in_time(kernel, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 3600.0)
    with progress.bar("x", 1000) as show:
        for done in range(1000):
            show(done)
    assert len(kernel.shown) == 2
    assert "999 of 1,000" in kernel.shown[-1]


def test_a_bar_that_is_left_by_an_exception_stays_as_it_is(kernel):
    with pytest.raises(KeyError), progress.bar("x", 4):
        raise KeyError
    assert len(kernel.shown) == 1


def test_outside_of_terminals_and_kernels_nothing_is_left_behind(capsys):
    with progress.bar("x", 4) as show:
        show(2)
    assert capsys.readouterr().out.strip() == ""


def test_nothing_to_do_is_a_full_bar(kernel):
    with progress.bar("x", 0):
        pass
    assert 'value="1.0000"' in kernel.shown[-1]
