"""Versions of a walk: the one that holds in a cycle is the walk as of that cycle."""

from bisect import bisect_right
from dataclasses import replace

import pytest

from sim.paging.versions import versions
from sim.paging.walk import features_of, page_walk
from sim.record.history import MemoryHistory
from sim.scenarios import SCENARIOS


@pytest.fixture(scope="module", params=["article", "shootdown"])
def stage(request):
    """The stage of a scenario that has been played."""
    stages = []
    assert SCENARIOS[request.param].perform(engine="cxxrtl", era="5.x", ended=stages.append).holds
    return stages[0]


@pytest.mark.slow
def test_the_version_that_holds_is_the_walk(stage):
    traces   = stage.traces
    history  = MemoryHistory(traces)
    features = features_of(stage.config)
    stores   = [access.linear for access in traces[0].accesses(user=True, writes=True)]
    for cpu, linear in ((len(traces) - 1, stores[0]), (0, stage.kernel.paging.PAGE_OFFSET)):
        found = list(versions(traces, history, linear, cpu=cpu, features=features))
        since = [version.cycle for version in found]
        assert since[0] == 0 and since == sorted(set(since)) and len(since) > 5
        near = {cycle + step for cycle in since for step in (-1, 0, 1)} & {*range(stage.cycle)}
        for cycle in sorted({*range(0, stage.cycle, 97), *near}):
            walk = page_walk(traces, history, linear, cycle=cycle, cpu=cpu, features=features)
            holds = found[bisect_right(since, cycle) - 1]
            assert replace(holds, cycle=cycle, state=walk.state) == walk
            assert replace(holds.state, cr2=0) == replace(walk.state, cr2=0)
