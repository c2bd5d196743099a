"""Pages of long runs: what is looked at grows as the run does, and not faster."""

import pytest

import sim.paging.versions
import sim.record.tlb
from sim.page.stale import stale_intervals
from sim.paging.versions import Versions
from sim.paging.walk import features_of
from sim.record.history import MemoryHistory
from tests.paging.play_support import played


#: Pages that are written in turn: more than the TLB has entries.
PAGES = 128


def work(monkeypatch, rounds):
    """Lifetimes in the TLB, walks, and changes of the TLB that are applied, for ``rounds``."""
    counts = {"walks": 0, "changes": 0}

    def counted(patch, owner, name, what):
        original = getattr(owner, name)

        def counting(*args, **others):
            counts[what] += 1
            return original(*args, **others)

        patch.setattr(owner, name, counting)

    async def look(stage, found):
        user = await stage.user("dragon")
        base = await user.mmap(PAGES * 4096)
        for turn in range(rounds * PAGES):
            await user.store(base + 4096 * (turn % PAGES), turn, 4)
        found["stage"] = stage

    stage    = played(look)["stage"]
    versions = Versions(stage.traces, MemoryHistory(stage.traces), features_of(stage.config))
    with monkeypatch.context() as patch:
        counted(patch, sim.paging.versions, "page_walk", "walks")
        counted(patch, sim.record.tlb.TlbContents, "apply", "changes")
        lifetimes = len(stale_intervals(stage.traces, versions))
    return lifetimes, counts["walks"], counts["changes"]


@pytest.mark.slow
def test_twice_the_run_is_twice_the_work(monkeypatch):
    first, second, fourth = (work(monkeypatch, rounds) for rounds in (2, 4, 8))
    for before, between, after in zip(first, second, fourth, strict=True):
        assert between > before
        assert after - between == 2 * (between - before)
