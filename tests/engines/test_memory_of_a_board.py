"""A board has less memory than a simulated machine: with as much, cycles are the same."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from board_support import DirectLine, engine_on
from trace_support import assert_same

from hw.boards import BOARDS
from hw.presets import PRESETS
from sim.machine import ENGINES, Machine
from sim.scenario.scenario import load
from sim.scenario.stage import Stage


pytestmark = pytest.mark.slow


README = Path(__file__).parents[2] / "README.md"

BOARD = BOARDS["icebreaker"]

#: Words of 8 bytes in a page table.
TABLE = 4096 // 8

#: Where the linear map begins, in 32-bit paging.
LINEAR_MAP = 0xc000_0000


@pytest.fixture
def refused(tmp_path):
    """The scenario that README.md shows: it makes one claim."""
    [text] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "refused.py"
    path.write_text(text, encoding="utf-8")
    return load(path)


def played(scenario, ram):
    """The trace of the scenario on a simulated machine with the board's unit."""
    async def play(machine):
        await scenario.play(Stage(machine))

    machine = Machine(mode="32bit", engine="cxxrtl", config=PRESETS[BOARD.preset], ram=ram)
    machine.run(play)
    return machine.engine.trace


def reads_of_linear_map(trace):
    """Entries that each walk of the linear map has read that filled the TLB after ``startup``."""
    started = max(window.until for window in trace.window("startup"))
    filled  = {change.cycle for change in trace.all_tlb_changes
               if change.entry is not None and change.linear >= LINEAR_MAP}
    reads, found = 0, []
    for event in trace.all_events:
        if event.name == "walk_begun":
            reads = 0
        reads += event.name == "entry_read"
        if event.name == "filled" and event.cycle in filled and event.cycle > started:
            found.append(reads)
    return found


def test_the_scenario_in_the_readme_holds(refused):
    run = refused.perform(engine="cxxrtl", era="5.x")
    assert run.holds and len(run.claims) == 1
    assert run.title == "A store to one's own read-only page."


def test_on_a_board_and_with_as_much_memory_cycles_are_the_same(
        refused, icebreaker, monkeypatch):
    engines = []

    def on_board(config, **rest):
        engines.append(engine_on(DirectLine(icebreaker), config, **rest))
        return engines[-1]

    monkeypatch.setitem(ENGINES, "serial", on_board)
    run   = refused.perform(engine="serial", era="5.x")
    other = replace(refused, machine={"ram": BOARD.ram_kib << 10}).perform(
        engine="cxxrtl", era="5.x", config=PRESETS[BOARD.preset])
    assert run.holds and run.ram == other.ram == BOARD.ram_kib << 10
    assert run.cycles == other.cycles
    assert run.acts == other.acts
    assert_same(engines[0].trace, played(refused, BOARD.ram_kib << 10))


def test_what_more_memory_saves_is_one_page_table(refused):
    def accesses(trace, *functions):
        return len([access for access in trace.all_accesses
                    if all(name in access.mark.stack for name in functions)])

    small, large = (played(refused, ram) for ram in (BOARD.ram_kib << 10, 16 << 20))
    # The linear map is in large pages, if there are as many bytes: then no table is written.
    assert accesses(small, "startup") - accesses(large, "startup") == TABLE
    spent = {ram: sum(window.until - window.since for window in trace.window("startup"))
             for ram, trace in (("small", small), ("large", large))}
    assert TABLE < spent["small"] - spent["large"]
    # Besides, a walk of the linear map has a level more. But INVLPG drops all pieces of larger
    # pages: two pages of the kernel's are looked up again, one of them twice.
    assert reads_of_linear_map(small) == [2] * 4
    assert reads_of_linear_map(large) == [1] * 7
    others = small.cycles - large.cycles - (spent["small"] - spent["large"])
    assert 0 < abs(others) < 100
