"""The Celery app of bench_spec.py; its worker imports this, with the broker in SPEC_REDIS."""

from __future__ import annotations

import importlib
import os
from typing import Any

import spec_subjects

_socket = os.environ["SPEC_REDIS"].removeprefix("unix://")
_url = f"redis+socket://{_socket}"
app: Any = importlib.import_module("celery").Celery("spec", broker=_url, backend=_url)
simple = app.task(name="simple")(spec_subjects.simple)
heavy = app.task(name="heavy")(spec_subjects.heavy)
