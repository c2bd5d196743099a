"""Pages of long runs: what is looked at grows as the run does, and not faster."""

import json

import pytest

import sim.page.html
import sim.paging.versions
import sim.record.tlb
from sim.cli.main import main
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


@pytest.mark.slow
def test_a_run_that_is_too_long_for_a_page_is_told_so_in_a_line(monkeypatch, tmp_path, capsys):
    page = tmp_path / "page.html"
    monkeypatch.setattr(sim.page.html, "MOST", 5_000)
    assert main(["run", "--engine", "cxxrtl", "--json", "--report", str(page)]) == 2
    said = capsys.readouterr()
    [line] = [line for line in said.err.splitlines() if "--report" in line]
    [run]  = json.loads(said.out)["runs"]
    assert line.endswith(
        f"--report {page}: a page shows 5,000 cycles at most, and the run has "
        f"{run['cycles']:,}; end it earlier with --limit, or look at it with --perfetto")
    assert run["holds"] and not any(tmp_path.iterdir())
