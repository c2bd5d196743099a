"""Searches on the workers of a Dask cluster, one of which is lost."""

import os
import signal

import pytest

from sim.explore.pool import cluster
from sim.explore.search import Sampled, search
from sim.explore.state import State

from .explore_support import COW, explored


distributed = pytest.importorskip("distributed")

SCHEDULES = 100


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own
def test_a_search_on_a_cluster_that_loses_a_worker_has_the_same_result():
    killed = []

    def kill_one(played):
        if played > 20 and not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
          as workers, distributed.Client(workers) as client, cluster(workers.scheduler_address)
          as pool):
        result = search(COW, Sampled(2), pool, schedules=SCHEDULES, seed=0, state=State(COW),
                        progress=kill_one)
    assert killed
    assert result == explored(Sampled(2), schedules=SCHEDULES)
