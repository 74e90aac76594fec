"""The roster: what is published about registered tasks, and what a reader believes of it."""

from __future__ import annotations

import json
import os

import pytest

from catzilla_jit import Runtime
from catzilla_jit.stats import reader, roster
from catzilla_jit.stats.roster import COMPILED, PYTHON, WAITING, Entry
from catzilla_jit.stats.segment import Damaged, number_of


def halve(x: float) -> float:
    return x / 2.0


def first(values):
    return values[0]


def reads(path: str) -> str:
    with open(path) as file:
        return file.read()


def listed(runtime: Runtime) -> dict[str, Entry]:
    """What another process would read of this runtime."""
    number = number_of(runtime._backend.stats_segment())
    document = reader.registered(os.getpid(), number)
    assert document is not None
    return {entry.name: entry for entry in document.tasks}


@pytest.fixture
def runtime():
    with Runtime(workers=1) as made:
        made.start()
        yield made


def test_a_task_registered_with_a_started_runtime_is_listed_before_its_first_call(runtime):
    runtime.task(halve)
    assert listed(runtime)["halve"].state == WAITING


def test_the_end_of_a_compilation_is_listed(runtime):
    runtime.task(halve).warm_up()
    entry = listed(runtime)["halve"]
    assert (entry.state, entry.reason) == (COMPILED, "")
    assert entry.signature.startswith("(x: ")


def test_a_refusal_is_listed_with_its_reason_and_line(runtime):
    runtime.task(reads).prepare()
    entry = listed(runtime)["reads"]
    assert (entry.state, entry.signature) == (PYTHON, None)
    assert "`with`" in entry.reason
    assert entry.line == reads.__code__.co_firstlineno + 1
    assert entry.file == __file__


def test_a_task_whose_arguments_decide_waits_and_is_then_compiled(runtime):
    task = runtime.task(first)
    task.prepare()
    entry = listed(runtime)["first"]
    assert entry.state == WAITING
    assert "first submission" in entry.reason
    assert task.submit([4, 5]).result() == 4
    assert listed(runtime)["first"].state == COMPILED


def test_a_task_that_must_not_be_compiled_is_listed_as_python(runtime):
    runtime.task(halve, compile_to_c=False)
    assert listed(runtime)["halve"] == Entry("halve", PYTHON, reason="compile_to_c=False")


def test_a_runtime_that_compiles_nothing_lists_its_tasks_as_python():
    with Runtime(workers=1, enable_c_compilation=False) as runtime:
        runtime.start()
        runtime.task(halve)
        assert listed(runtime)["halve"].state == PYTHON


def test_options_add_no_line_and_publish_nothing(runtime):
    task = runtime.task(halve)
    before = runtime._roster._sequence
    task.options(priority="high")
    assert runtime._roster._sequence == before
    runtime.refresh_roster()
    assert list(listed(runtime)) == ["halve"]


def test_a_task_of_another_runtime_publishes_nothing(runtime):
    before = runtime._roster._sequence
    Runtime(workers=1).task(halve)
    assert runtime._roster._sequence == before


def test_a_newer_document_takes_the_place_of_the_older(runtime):
    runtime.task(halve)
    count = len(list(reader._links(os.getpid(), f"/memfd:{roster.NAME}")))
    runtime.refresh_roster()
    assert len(list(reader._links(os.getpid(), f"/memfd:{roster.NAME}"))) == count


def test_without_statistics_there_is_no_roster():
    with Runtime(workers=1, enable_profiling=False) as runtime:
        runtime.start()
        assert runtime._roster is None


def test_a_document_is_bounded_and_counts_what_had_no_room():
    entries = [Entry(f"task{i}", PYTHON, reason="x" * 10_000) for i in range(2000)]
    data = roster.encode(1, 1, entries)
    document = roster.parse(data)
    assert len(data) <= roster.MOST_BYTES
    assert 0 < len(document.tasks) < 2000
    assert len(document.tasks) + document.more == 2000


def test_names_cannot_steer_a_terminal():
    document = roster.parse(roster.encode(1, 1, [Entry("a\x1b[31m\n", PYTHON, reason="\x07")]))
    assert document.tasks[0].name.isprintable()
    assert document.tasks[0].reason.isprintable()


def altered(**changes: object) -> bytes:
    found = json.loads(roster.encode(1, 1, [Entry("a", PYTHON)]))
    task = {**found["tasks"][0], **{k: v for k, v in changes.items() if k in found["tasks"][0]}}
    rest = {k: v for k, v in changes.items() if k not in task}
    return json.dumps({**found, "tasks": [task], **rest}).encode()


def test_an_unaltered_document_is_sound():
    assert roster.parse(altered()).tasks == (Entry("a", PYTHON),)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 200_000,
        b"9" * 200_000,
        b"null",
        b" " * (roster.MOST_BYTES + 1),
        altered(version=2),
        altered(pid=-1),
        altered(pid=True),
        altered(runtime="1"),
        altered(tasks={}),
        altered(tasks=[1]),
        altered(name=None),
        altered(name="x" * 1000),
        altered(state="flying"),
        altered(state=[]),
        altered(line="1"),
        altered(reason={"a": 1}),
        altered(file=3),
    ],
    ids=lambda data: data[:20].decode("latin-1") + str(len(data)),
)
def test_what_is_no_sound_document_is_refused(data):
    with pytest.raises(Damaged):
        roster.parse(data)
