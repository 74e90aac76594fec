"""What notebooks show: well-formed HTML without scripts, every text of the user's escaped."""

from __future__ import annotations

import html.parser

import numpy as np

from catzilla_jit import Runtime
from support import stats_sample

NASTY = "<script>alert(1)</script>&\"'"


class Checker(html.parser.HTMLParser):
    """Notes the tags that are open, and refuses what would run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "iframe", "object", "img"), tag
        assert not any(name.startswith("on") for name, _ in attributes)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def text_of(value: object) -> str:
    """Return the text of an object's HTML, after a look at its tags."""
    checker = Checker()
    checker.feed(value._repr_html_())
    checker.close()
    assert checker.open == []
    return " ".join(checker.words)


def test_stats():
    calls = stats_sample.calls(completed=1234, execution=stats_sample.histogram((2e-6, 1234)))
    stats = stats_sample.runtime(
        tasks=[stats_sample.named(NASTY, python=calls)],
        workers=(stats_sample.worker(0, task=NASTY, state="running"),),
    )
    text = text_of(stats)
    assert text.count(NASTY) == 2
    assert "1,234" in text
    assert "2.00 us" in text


def test_stats_have_a_short_repr():
    text = repr(stats_sample.runtime(failed_tasks=3))
    assert len(text) < 200
    assert "3 failed" in text


def test_runtime_with_and_without_statistics():
    with Runtime(workers=1) as runtime:
        assert text_of(runtime) == "Runtime not started, 1 workers"
        runtime.add_task(len, "abc", compile_to_c=False).result()
        assert "Runtime started" in text_of(runtime)
    assert "Runtime closed" in text_of(runtime)
    assert "no statistics" in text_of(Runtime(workers=1, enable_profiling=False))


def test_task_before_and_after_compilation():
    with Runtime(workers=1) as runtime:

        @runtime.task(name=NASTY, priority="high")
        def area(width: float, height: float) -> float:
            return width * height

        assert "not compiled yet" in text_of(area)
        text = text_of(area.warm_up())
        assert NASTY in text
        assert "high" in text
        assert "machine code" in text
        assert "-> float" in text
        assert "area" not in text
        assert NASTY in text_of(area.explain())


def test_explanation_of_a_refusal_is_what_people_read():
    with Runtime(workers=1) as runtime:

        @runtime.task
        async def send(user: int) -> None: ...

        assert text_of(send.explain()) == str(send.explain())
        assert "coroutine" in text_of(send)


def test_result_shows_value_or_exception():
    with Runtime(workers=1) as runtime:

        @runtime.task(compile_to_c=False, name=NASTY)
        def echo(value: object) -> object:
            if isinstance(value, Exception):
                raise value
            return value

        done, failed = echo.submit(NASTY), echo.submit(ValueError(NASTY))
        done.result()
        failed.exception()
        assert "completed" in text_of(done)
        assert "script" in text_of(done)
        assert "ValueError" in text_of(failed)


def test_batch_shows_a_bar():
    with Runtime(workers=1) as runtime:

        @runtime.task
        def double(x: float) -> float:
            return 2.0 * x

        batch = double.submit_map(np.arange(10.0))
        batch.wait()
        assert "100 %" in text_of(batch)
        assert "map of double, 10 items" in text_of(batch)
        assert "ran for" in text_of(batch)


def test_batch_counts_its_errors():
    with Runtime(workers=1) as runtime:

        @runtime.task(name=NASTY)
        def inverse(x: float) -> float:
            return 1.0 / x

        batch = inverse.submit_map([1.0, 0.0, 0.0], errors="collect")
        batch.wait()
        assert "errors 2" in text_of(batch)
        assert NASTY in text_of(batch)


def test_an_exception_is_shown_with_its_whole_message():
    with Runtime(workers=1) as runtime:

        @runtime.task
        def load(path: str) -> str:
            with open(path) as file:
                return file.read()

        result = load.submit("/no/such/file")
        result.exception()
        assert "FileNotFoundError(2, 'No such file or directory')" in text_of(result)


def test_numbers_stand_on_the_right_and_names_on_the_left():
    html = stats_sample.runtime(workers=(stats_sample.worker(0),))._repr_html_()
    assert '<td style="text-align: left">native-0</td>' in html
    assert '<td style="text-align: right">0 %</td>' in html


def test_parts_of_the_statistics_have_a_short_repr():
    run = stats_sample.histogram(*((i * 1e-6, 1) for i in range(1, 1000)))
    named = stats_sample.named("x", compiled=stats_sample.calls(completed=999, execution=run))
    assert "999 calls" in repr(named)
    assert len(repr(named)) < 1000
