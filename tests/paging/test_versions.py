"""Versions of a walk: the one that holds in a cycle is the walk as of that cycle."""

from bisect import bisect_right
from dataclasses import replace

import pytest

from sim.golden.state import PagingMode
from sim.paging.versions import Versions
from sim.paging.walk import features_of, page_walk
from sim.record.history import MemoryHistory
from sim.scenarios import SCENARIOS


@pytest.fixture(scope="module", ids="-".join, params=[
    ("article", "4level"), ("article", "pae"), ("article", "5level"), ("shootdown", "4level"),
])
def stage(request):
    """The stage of a scenario that has been played."""
    stages = []
    name, mode = request.param
    assert SCENARIOS[name].perform(engine="cxxrtl", era="5.x", mode=mode, ended=stages.append).holds
    return stages[0]


@pytest.mark.slow
def test_the_version_that_holds_is_the_walk(stage):
    traces   = stage.traces
    history  = MemoryHistory(traces)
    features = features_of(stage.config)
    stores   = [access.linear for access in traces[0].accesses(user=True, writes=True)]
    for cpu, linear in ((len(traces) - 1, stores[0]), (0, stage.kernel.paging.PAGE_OFFSET)):
        found = list(Versions(traces, history, features).of(linear, cpu=cpu))
        since = [version.cycle for version in found]
        assert since[0] == 0 and since == sorted(set(since)) and len(since) > 5
        near = {cycle + step for cycle in since for step in (-1, 0, 1)} & {*range(stage.cycle)}
        for cycle in sorted({*range(0, stage.cycle, 97), *near}):
            walk = page_walk(traces, history, linear, cycle=cycle, cpu=cpu, features=features)
            holds = found[bisect_right(since, cycle) - 1]
            assert replace(holds, cycle=cycle, state=walk.state) == walk
            assert replace(holds.state, cr2=0) == replace(walk.state, cr2=0)


@pytest.mark.slow
def test_the_tables_of_another_cr3_are_walked_while_it_is_not_loaded(stage):
    traces   = stage.traces
    history  = MemoryHistory(traces)
    features = features_of(stage.config)
    versions = Versions(traces, history, features)
    linear   = traces[0].accesses(user=True, writes=True)[0].linear
    loaded   = set()
    for cr3 in sorted({state.cr3 for state in traces[0].states} - {0}):
        since = versions.first(cr3)
        assert since == next(state.cycle for state in traces[0].states if state.cr3 == cr3)
        found = list(versions.of(linear, cpu=0, cr3=cr3, since=since))
        for version in found:
            walk = page_walk(traces, history, linear, cycle=version.cycle, cpu=0, features=features)
            assert version.state.cr3 == cr3
            assert version.loaded is (walk.state.cr3 == cr3)
            if version.loaded:
                assert version == walk
            else:
                root = version.pdpte if version.state.mode is PagingMode.PAE else cr3
                assert all(step.address & -0x1000 == root & -0x1000 for step in version.steps[:1])
                assert version.steps or version.state.mode is PagingMode.PAE
                assert version.cached is None
            loaded.add(version.loaded)
    assert loaded == {True, False}
    with pytest.raises(LookupError):
        versions.first(0x123000)


@pytest.mark.slow
def test_versions_of_some_cycles_are_those_of_all_that_begin_in_them(stage):
    versions = Versions(stage.traces, MemoryHistory(stage.traces), features_of(stage.config))
    linear   = stage.traces[0].accesses(user=True, writes=True)[0].linear
    since    = [version.cycle for version in versions.of(linear, cpu=0)]
    middle   = len(since) // 2
    part     = versions.of(linear, cpu=0, since=since[2], until=since[middle])
    assert [version.cycle for version in part] == since[2:middle] != []
