"""TaskStats.to_dict and its parts, as JSON takes them."""

from __future__ import annotations

import dataclasses
import json

from catzilla_jit import Runtime, TaskPriority, TaskStatus


def test_every_field_is_in_the_dictionary_and_json_takes_it() -> None:
    with Runtime(workers=1) as runtime:
        runtime.task(float, name="convert", compile_to_c=False).submit(1).result()
        stats = runtime.stats()
        told = stats.to_dict()
        assert json.loads(json.dumps(told)) == told
    assert list(told) == [field.name for field in dataclasses.fields(stats)]
    assert told["tasks"]["convert"]["completed"] == 1
    assert told["tasks"]["convert"]["lanes"]["python"]["processed"] == 1
    assert [level["name"] for level in told["levels"]] == ["critical", "high", "normal", "low"]
    assert {worker["state"] for worker in told["workers"]} <= {"idle", "running"}


def test_statuses_and_priorities_are_strings_in_json() -> None:
    assert json.dumps([TaskStatus.RUNNING, TaskPriority.HIGH]) == '["running", "high"]'
    assert f"{TaskStatus.RUNNING} {TaskPriority.HIGH}" == "running high"
    assert TaskPriority.HIGH == "high"
