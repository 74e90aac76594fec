"""Libraries that are given an Executor, or that make one where they made a ThreadPoolExecutor."""

from __future__ import annotations

import concurrent.futures
import io
from collections.abc import Iterator

import pytest

from catzilla_jit import Executor
from support.travelling import price


@pytest.fixture
def executor() -> Iterator[Executor]:
    with Executor(2) as executor:
        yield executor


def test_thread_map_of_tqdm_makes_one_and_its_bar_counts_each_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    concurrent_bars = pytest.importorskip("tqdm.contrib.concurrent")
    made = []

    class Noted(Executor):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[arg-type]
            made.append(self)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", Noted)
    bar = io.StringIO()
    found = concurrent_bars.thread_map(price, range(9), [3.0] * 9, max_workers=2, file=bar)
    assert found == [1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert "9/9" in bar.getvalue()
    assert [each._runtime.stats().total_tasks_processed for each in made] == [9]


@pytest.mark.filterwarnings("ignore")  # Dask's own, of deprecations
def test_pool_of_dask_runs_the_tasks_of_a_graph(executor: Executor) -> None:
    dask = pytest.importorskip("dask")
    with dask.config.set(pool=executor):
        prices = [dask.delayed(price)(spot, 3.0) for spot in (5.0, 1.0)]
        assert dask.delayed(sum)(prices).compute() == 4.0
    assert executor._runtime.stats().total_tasks_processed >= 2
