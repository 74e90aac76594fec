"""What a finalizer may ask, when everything goes at once."""

from __future__ import annotations

import gc

import numpy as np

from catzilla_jit import Runtime, TaskStatus
from support.kernels import PATIENCE, add, root


def test_finalizer_may_ask_a_batch_of_its_own_cycle(make_on, runtime):
    other = make_on(runtime, root)
    told = []

    class Owner:
        def __init__(self, batch):
            self.batch, self.itself = batch, self

        def __del__(self):
            # What was freed too early is given to these.
            others = [other.submit_map(np.array([-1.0, -1.0])) for _ in range(20)]
            assert all(each.exception(PATIENCE) is not None for each in others)
            told.append((self.batch.status(), self.batch.progress, self.batch.completed_range))

    with Runtime(workers=1) as forgotten:
        batch = make_on(forgotten, add).submit_map(np.arange(3.0))
        batch.wait(PATIENCE)
        Owner(batch)
    del forgotten, batch
    gc.collect()
    assert told == [(TaskStatus.COMPLETED, 1.0, (0, 3))]
