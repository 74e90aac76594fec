"""Statistics as the object that --json prints. Its fields are an interface: docs/command-line.md.

The names are those of TaskStats; histograms are given by their mean and percentiles.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..reader import RuntimeInfo
from ..roster import Document
from ..snapshot import TaskStats


def of_stats(stats: TaskStats) -> dict[str, Any]:
    """Return the object for one runtime."""
    return stats.to_dict()


def of_tasks(stats: TaskStats) -> dict[str, Any]:
    """Return the tasks of a runtime by name."""
    return {named.name: named.to_dict() for named in stats.tasks.values()}


def of_roster(document: Document | None) -> list[dict[str, Any]] | None:
    """Return the registered tasks; None where the process publishes none."""
    return None if document is None else [dataclasses.asdict(task) for task in document.tasks]


def of_runtimes(found: list[RuntimeInfo]) -> dict[str, Any]:
    """Return the object for the list of running runtimes."""
    return {"runtimes": [dataclasses.asdict(info) for info in found]}
