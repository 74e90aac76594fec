"""What does a map over a Dask cluster of this machine cost, against the local map?

About 5 s of work: one million elements of `(float, int) -> float`. The cluster has as many workers
of one thread as this process has cores, whose runtimes are warm; the local map has as many native
workers.
"""

from __future__ import annotations

import warnings
from typing import Any

import measure
import numpy as np

from catzilla_jit import configure, task


@task
def steps(x: float, count: int) -> float:
    for _ in range(count):
        x = x * 0.999 + 1.0
    return x


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=3)
    report = measure.Report("bench_dask", options)
    try:
        from catzilla_jit.integrations import dask
    except ImportError as error:
        report.skip("cluster / local", str(error))
        report.finish()
        return
    distributed: Any = dask.distributed
    cores = measure.cores()
    configure(workers=cores)
    values = np.linspace(0.0, 1.0, options.size(1_000_000, 1_000))
    count = options.size(3_000, 10)
    warnings.simplefilter("ignore")  # Dask's own, of ports
    with (
        distributed.LocalCluster(
            n_workers=cores, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.register_plugin(dask.WarmUp(steps))
        subjects = {
            "cluster": lambda: 1 / measure.seconds(lambda: dask.map(steps, client, values, count)),
            "local": lambda: 1 / measure.seconds(lambda: steps.map(values, count)),
        }
        measure.in_turn(1, subjects)
        figures = measure.in_turn(options.rounds, subjects)
    report.ratio("cluster / local", figures, "cluster", "local", "maps/s", 0.9)
    report.finish()


if __name__ == "__main__":
    main()
