"""Cycles that an access takes, with memory that responds in the next cycle."""

import pytest

from hw.config import MmuConfig
from sim.engines.pysim import PysimEngine
from sim.memory import PhysicalMemory
from sw.bus import Access, Kind, Register


ROOT, FLAGS = 0x1000, 0x67  # present, writable, user, accessed, dirty

#: Levels of a walk by mode, and the control writes that turn the mode on.
MODES = {
    "4-level": (4, ((Register.CR4, 0x20), (Register.CR3, ROOT), (Register.EFER, 0x100),
                    (Register.CR0, 0x8000_0001))),
    "32-bit":  (2, ((Register.CR3, ROOT), (Register.CR0, 0x8000_0001))),
}

IN_EACH_MODE = pytest.mark.parametrize("mode", MODES)


def traced(mode, *steps, clear=0):
    """Do accesses, or store strings (address, bytes), on pages that are mapped; return the trace.

    ``clear`` are the flags that every entry on the way lacks.
    """
    levels, registers = MODES[mode]
    memory = PhysicalMemory()
    size   = 8 if levels == 4 else 4
    for level in range(levels):
        table = ROOT + 0x1000 * level
        for index in range(8 if level == levels - 1 else 1):
            memory.write(table + size * index, size, table + 0x1000 * (index + 1) | FLAGS & ~clear)

    engine = PysimEngine(MmuConfig(), memory=memory)

    async def main():
        for register, value in registers:
            await engine.bus.write_control(register, value)
        for step in steps:
            if isinstance(step, tuple):
                await engine.bus.store_string(*step, user=False)
            else:
                await engine.bus.access(step)

    engine.run(main)
    return engine.trace


def cycles(trace):
    """Cycles from request to response, access by access."""
    return [access.completed - access.accepted for access in trace.all_accesses]


@IN_EACH_MODE
@pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE, Kind.FETCH])
def test_a_hit_is_answered_in_two_cycles(mode, kind):
    assert cycles(traced(mode, Access(0, 8), Access(8, 8, kind)))[1] == 2


@IN_EACH_MODE
def test_hits_follow_each_other_every_cycle(mode):
    trace = traced(mode, Access(0, 8), (0, bytes(128)))
    accepted = [access.accepted for access in trace.all_accesses[1:]]
    assert accepted == list(range(accepted[0], accepted[0] + 16))
    assert cycles(trace)[1:] == [2] * 16


@IN_EACH_MODE
def test_a_miss_adds_three_cycles_and_one_a_level(mode):
    assert cycles(traced(mode, Access(0, 8))) == [2 + 3 + MODES[mode][0]]


@IN_EACH_MODE
def test_a_walk_reads_each_level_once(mode):
    trace = traced(mode, Access(0, 8), Access(0x1000, 8))
    assert len(trace.events("entry_read")) == 2 * MODES[mode][0]
    assert len([t for t in trace.transfers(walk=True) if not t.write]) == 2 * MODES[mode][0]


@IN_EACH_MODE
def test_each_entry_that_is_updated_adds_four_cycles(mode):
    levels = MODES[mode][0]
    assert cycles(traced(mode, Access(0, 8), clear=0x20)) == [2 + 3 + 5 * levels]


@IN_EACH_MODE
def test_a_page_crossing_hit_takes_one_cycle_more_a_page_and_a_word(mode):
    warm = [Access(0, 8), Access(0x1000, 8)]
    assert cycles(traced(mode, *warm, Access(0xffc, 8)))[2] == 4
