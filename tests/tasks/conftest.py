"""Workflows: for compiled and for Python tasks."""

from __future__ import annotations

from support.fixtures import gate, kind, make, make_on, runtime, single

__all__ = ["gate", "kind", "make", "make_on", "runtime", "single"]
