"""Maps over a real Dask cluster on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catzilla_jit.errors import TaskCancelled
from support.travelling import calls, price, slow, unsafe

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("catzilla_jit.integrations.dask")

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own, of ports and of deprecations


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.register_plugin(dask.WarmUp(price))
        yield client


def test_map_gives_what_the_local_one_gives_and_workers_are_counted(client: Any) -> None:
    spots = np.linspace(50.0, 150.0, 6).reshape(2, 3)
    before = dask.stats(client).total_tasks_processed
    found = dask.map(price, client, spots, strike=95.0)
    assert found.tolist() == price.map(spots, 95.0).tolist()
    assert dask.stats(client).total_tasks_processed >= before + 6
    assert dask.stats(client).compiled_tasks > 0


def test_ten_million_elements(client: Any) -> None:
    spots = np.arange(10_000_000, dtype=np.float64)
    found = dask.map(price, client, spots, 5.0)
    assert found.dtype == np.float64
    assert np.array_equal(found, np.maximum(spots - 5.0, 0.0) + 1.0)


def test_error_names_the_element_of_the_whole_map(client: Any) -> None:
    values = np.arange(400)
    with pytest.raises(ValueError, match="321 is bad") as caught:
        dask.map(unsafe, client, values, 321, seconds_per_chunk=1e-4)
    assert caught.value.__notes__ == ["task unsafe, element 321 of the map"]
    running = dask.submit_map(unsafe, client, values, 321, errors="collect")
    assert running.wait()[:3].tolist() == [0, 1, 2]
    assert list(running.errors) == [321]
    assert running.progress == 1.0


def test_cancelled_map_stops_in_the_workers(client: Any) -> None:
    running = dask.submit_map(slow, client, np.full(1000, 0.05))
    until = time.monotonic() + 60
    while running.progress == 0 and time.monotonic() < until:
        time.sleep(0.01)
    assert running.cancel()
    with pytest.raises(TaskCancelled):
        running.wait(30)
    until = time.monotonic() + 30
    while any(client.run(calls).values()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(client.run(calls).values())


def test_tasks_are_futures_blocks_and_delayed_as_functions_are(client: Any) -> None:
    import dask as plain
    import dask.array as lazy

    assert client.submit(price, 5.0, 3.0).result() == 3.0
    assert client.submit(price.map, np.array([5.0, 1.0]), 3.0).result().tolist() == [3.0, 1.0]
    blocks = lazy.from_array(np.arange(10.0), chunks=4)
    assert dask.map(price, client, blocks, 5.0).compute().sum() == 20.0
    assert plain.delayed(price)(5.0, 3.0).compute(scheduler=client) == 3.0


def test_bad_arguments_are_refused_at_the_call(client: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a distributed\.Client"):
        dask.map(price, None, [1.0], 2.0)
    with pytest.raises(ValueError, match="errors must be"):
        dask.map(price, client, [1.0], 2.0, errors="ignore")
    with pytest.raises(TypeError, match="missing a required argument: 'strike'"):
        dask.map(price, client, [1.0])


LEAVING = """
import sys
import distributed
import numpy as np
from catzilla_jit.integrations import dask
from support.travelling import slow

client = distributed.Client(sys.argv[1], set_as_default=False)
running = dask.submit_map(slow, client, np.full(4000, 0.05), seconds_per_chunk=100.0)
running.wait()
"""


def test_map_of_a_client_that_is_killed_stops_in_the_workers(client: Any) -> None:
    address = client.scheduler.address
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", LEAVING, address], env={**os.environ, "PYTHONPATH": path}
    ) as leaving:
        try:
            until = time.monotonic() + 60
            while not _in_chunks(client) and time.monotonic() < until:
                time.sleep(0.05)
            assert _in_chunks(client)
        finally:
            leaving.kill()
    # Each worker has 100 s of work.
    until = time.monotonic() + 30
    while any(client.run(calls).values()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(client.run(calls).values())
    assert dask.map(price, client, [5.0], 3.0).tolist() == [3.0]


def _in_chunks(client: Any) -> bool:
    """Return whether a worker runs a chunk of a map, which begins behind the probe."""
    keys = [str(key) for keys in client.run(_keys).values() for key in keys]
    return any(key.startswith("run_chunk") for key in keys) and any(client.run(calls).values())


def _keys(dask_worker: Any) -> list[Any]:
    return [task.key for task in dask_worker.state.executing]


def test_worker_that_is_killed_loses_nothing(client: Any) -> None:  # the last: it takes a worker
    waits = np.full(200, 0.02)
    running = dask.submit_map(slow, client, waits, seconds_per_chunk=0.1)
    until = time.monotonic() + 60
    while running.progress < 0.1 and time.monotonic() < until:
        time.sleep(0.01)
    victim = next(iter(client.run(os.getpid).values()))
    os.kill(victim, signal.SIGKILL)
    assert running.wait(120).tolist() == waits.tolist()
