"""Integrations: with a runtime of the test's own."""

from __future__ import annotations

from support.fixtures import runtime

__all__ = ["runtime"]
