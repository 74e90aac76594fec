"""The public face: names are imported by their first use."""

from __future__ import annotations

import importlib

import pytest

import catzilla_jit


def test_a_library_that_lacks_a_symbol_is_not_taken_for_a_missing_name(monkeypatch):
    def incomplete(*_):
        raise AttributeError("undefined symbol: cz_pool_create")

    monkeypatch.setitem(catzilla_jit._HOMES, "something", "somewhere")
    monkeypatch.setattr(importlib, "import_module", incomplete)
    with pytest.raises(ImportError, match="install it again: undefined symbol"):
        from catzilla_jit import something  # noqa: F401


def test_what_there_is_not_is_an_import_error_that_names_it():
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from catzilla_jit import nothing  # noqa: F401
