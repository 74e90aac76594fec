"""Context variables of the submitting code reach Python tasks and callbacks."""

from __future__ import annotations

import contextvars

from support.kernels import PATIENCE, add
from support.unruly import until

variable = contextvars.ContextVar("variable", default="unset")


def read(*_):
    return variable.get()


def in_context(value, function):
    def run():
        variable.set(value)
        return function()

    return contextvars.copy_context().run(run)


def test_task_sees_what_the_submitter_had(runtime):
    task = runtime.task(read, compile_to_c=False)
    assert task.submit().result(PATIENCE) == "unset"
    results = [in_context(i, task.submit) for i in range(20)]
    assert [result.result(PATIENCE) for result in results] == list(range(20))


def test_items_of_a_map_see_it(runtime):
    task = runtime.task(read, compile_to_c=False)
    batches = [in_context(i, lambda: task.submit_map(range(3))) for i in range(5)]
    assert [batch.wait(PATIENCE).tolist() for batch in batches] == [[i] * 3 for i in range(5)]


def test_what_a_task_sets_stays_with_it(runtime):
    def change():
        variable.set("changed")
        return variable.get()

    task = runtime.task(change, compile_to_c=False)
    assert in_context("mine", lambda: (task.submit().result(PATIENCE), variable.get())) == (
        "changed",
        "mine",
    )
    assert runtime.task(read, compile_to_c=False).submit().result(PATIENCE) == "unset"


def test_delayed_retried_and_dependent_tasks_see_it_too(runtime):
    tries = []

    def fail_once():
        tries.append(variable.get())
        if len(tries) == 1:
            raise ValueError
        return variable.get()

    task = runtime.task(fail_once, compile_to_c=False, max_retries=1, delay_ms=1, retry_delay_ms=1)
    assert in_context("governed", task.submit).result(PATIENCE) == "governed"
    assert tries == ["governed"] * 2
    reader = runtime.task(read, compile_to_c=False)
    first = runtime.task(lambda: 1, compile_to_c=False, delay_ms=5).submit()
    dependant = in_context("dependant", lambda: reader.submit(first))
    assert dependant.result(PATIENCE) == "dependant"


def test_what_a_task_sets_does_not_stay_with_the_worker(single):
    # Nothing is set here: the submitter's context is empty.
    def change():
        variable.set("changed")

    reader = single.task(read, compile_to_c=False)
    changer = single.task(change, compile_to_c=False)
    submit = contextvars.Context().run
    submit(changer.submit).result(PATIENCE)
    assert submit(reader.submit).result(PATIENCE) == "unset"


def test_what_a_failed_try_set_is_not_seen_by_the_next(runtime):
    seen = []

    def fail():
        seen.append(variable.get())
        variable.set("by a failed try")
        raise ValueError

    task = runtime.task(fail, compile_to_c=False, max_retries=2, retry_delay_ms=1)
    in_context("mine", task.submit).exception(PATIENCE)
    contextvars.Context().run(task.submit).exception(PATIENCE)
    assert seen == ["mine"] * 3 + ["unset"] * 3


def test_callback_sees_what_was_set_where_it_was_added(make):
    seen = []
    result = make(add).submit(1.0)
    in_context("here", lambda: result.add_done_callback(lambda _: seen.append(read())))
    in_context("there", lambda: result.on_success(lambda _: seen.append(read())))
    until(lambda: len(seen) == 2)
    assert seen == ["here", "there"]


def test_helped_task_has_its_own_context(single):
    child = single.task(read, compile_to_c=False)

    def parent():
        variable.set("parent")
        result = child.submit()
        variable.set("later")
        return result.result()

    assert single.task(parent, compile_to_c=False).submit().result(PATIENCE) == "parent"
