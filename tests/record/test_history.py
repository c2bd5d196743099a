"""Physical memory as it was in any cycle of a run."""

import struct

import pytest

from sim.record.history import MemoryHistory
from sim.scenario import Stage
from sim.scenarios import SCENARIOS

from .trace_records import trace, transfer


def test_a_store_counts_from_the_next_cycle_on_and_in_its_lanes():
    history = MemoryHistory([trace(
        transfer(10, 0x1000, write=True, data=0x1122_3344_5566_7788),
        transfer(20, 0x1000, write=True, sel=0b110, data=0xAABB_CC00),
        transfer(30, 0x1000, data=0x99),
    )])
    assert history.read(0x1000, 8, cycle=10) == 0
    assert history.read(0x1000, 8, cycle=11) == 0x1122_3344_5566_7788
    assert history.read(0x1000, 8, cycle=21) == history.read(0x1000, 8, cycle=99) \
        == 0x1122_3344_55BB_CC88
    assert history.read(0x1004, 4, cycle=21) == 0x1122_3344
    assert history.read(0x2000, 8, cycle=99) == 0


def test_the_last_store_is_that_to_one_of_the_bytes():
    history = MemoryHistory([
        trace(transfer(10, 0x1000, write=True, sel=0x0F),
              transfer(20, 0x1000, write=True, sel=0xF0)),
        trace(transfer(15, 0x1000, write=True, sel=0x01)),
    ])

    def last(address, cycle):
        store = history.last_store(address, 4, cycle=cycle)
        return store and (store.cpu, store.transfer.accepted)

    assert [last(0x1000, cycle) for cycle in (10, 11, 16, 99)] == [None, (0, 10), (1, 15), (1, 15)]
    assert last(0x1004, 99) == (0, 20) and last(0x1008, 99) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["article", "shootdown"])
def test_in_the_end_it_is_the_machines_memory(monkeypatch, name):
    made = []

    def stage(machine, **options):
        made.append(machine)
        return Stage(machine, **options)

    monkeypatch.setattr("sim.scenario.scenario.Stage", stage)
    assert SCENARIOS[name].perform(engine="cxxrtl", era="5.x", mode="4level").holds
    [machine] = made
    history   = MemoryHistory(machine.engine.traces)
    cycle     = machine.engine.trace.cycles
    for page in range(0, machine.kernel.ram_bytes, 0x1000):
        words = [history.read(address, 8, cycle=cycle) for address in range(page, page + 0x1000, 8)]
        assert struct.pack("<512Q", *words) == machine.memory.read_bytes(page, 0x1000)
