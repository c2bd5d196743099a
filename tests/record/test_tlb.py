"""Contents of a TLB, rebuilt from its changes: those that the unit's choices make."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain
from sequence_support import BITS_32, CONTEXTS, KEYED, LINEAR, LONG, do, steps
from tlb_contents_support import held, in_model
from unit_support import UnitModel

from hw.config import MmuConfig
from hw.layout import Flush
from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.record.tlb import TlbChange, TlbContents, TlbEntry, TlbRecord
from sw.bus import Access, GeneralProtection, Register
from tests.hw.mmu_support import SMALL


async def carry_out(bus, memory, step, *, entry_size):
    """Do one step on the unit."""
    match step:
        case "edit", place, entry:
            memory.write(place, entry_size, entry)
        case "control", (register, value):
            with suppress(GeneralProtection):
                await bus.write_control(register, value)
        case "invlpg", linear:
            await bus.invlpg(linear)
        case "invpcid", (kind, descriptor):
            with suppress(GeneralProtection):
                await bus.invpcid(kind, descriptor)
        case "access", access:
            # A processor stores as many bytes as there are.
            await bus.access(replace(access, data=access.data & (1 << 8 * access.size) - 1))


def compare_after_each_step(world, config, sequence):
    """Compare what is rebuilt of the unit with what the model holds; return the unit's changes."""
    engine = CxxrtlEngine(config)
    model  = UnitModel(config)
    expected, cycles = [], []

    async def main():
        for step in [*world.start, *sequence]:
            before = model.events["swept"]
            do(model, step, entry_size=world.entry_size)
            await carry_out(engine.bus, engine.memory, step, entry_size=world.entry_size)
            # A unit that has used up its stamps begins to sweep some cycles later.
            if model.events["swept"] == before:
                expected.append(in_model(model))
                # The pieces of a PCID that is left are forgotten a cycle after the change.
                cycles.append(engine.cycle + 1)

    engine.run(main)
    for cycle, both_levels in zip(cycles, expected, strict=True):
        assert held(engine.trace.tlb_at(cycle)) == both_levels
    return {change.change for change in engine.trace.all_tlb_changes}


#: A small unit that has PCIDs and keys. Each unit takes a while to compile.
SMALL_UNIT = MmuConfig(**SMALL, **CONTEXTS.features, **KEYED.features)


@pytest.mark.slow
@pytest.mark.parametrize("world, config", [
    (LONG, MmuConfig()), (LONG, SMALL_UNIT), (BITS_32, SMALL_UNIT), (BITS_32, PRESETS["tiny"]),
    (CONTEXTS, SMALL_UNIT), (KEYED, SMALL_UNIT),
], ids=["4-level", "4-level-small", "32-bit", "one-level", "PCIDs", "keys"])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_contents_are_those_that_the_units_choices_make(world, config, data):
    sequence = data.draw(st.lists(steps(world), min_size=5, max_size=30))
    compare_after_each_step(world, config, sequence)


#: Large pages: one beside a small one in a set with the same number, and one of a PCID that is
#: left, whose row a table takes.
LARGE, TABLE, PRESENT = 0x20_0000 | 1 << 7, 0x4000, 0b111
TABLES = [
    ("edit", 0x3010, LARGE | PRESENT), ("access", Access(CONTEXTS.third, 1)),
    ("access", Access(LINEAR, 1)), ("edit", 0x3018, LARGE | PRESENT),
    ("control", (Register.CR3, ROOT | 1)), ("access", Access(LINEAR, 1)),
    ("edit", 0x3018, TABLE | PRESENT),
    ("control", (Register.CR3, ROOT | 2)), ("access", Access(LINEAR, 1)),
]

#: All PCIDs that stamps are kept of, and more.
MANY_PCIDS = [step for pcid in range(1, 12)
              for step in (("control", (Register.CR3, ROOT | pcid)), ("access", Access(LINEAR, 1)))]

#: More invalidations than there are stamps, and an access now and then.
MANY_INVALIDATIONS = ([("access", Access(LINEAR, 1))] + [("invlpg", LINEAR - 0x1000)] * 70) * 16


@pytest.mark.slow
@pytest.mark.parametrize("sequence, change", [
    (TABLES, TlbChange.DISPLACED), (MANY_PCIDS, TlbChange.EXPIRED),
    (MANY_INVALIDATIONS, TlbChange.SWEPT),
], ids=["tables", "PCIDs", "stamps"])
def test_they_are_when_the_second_level_has_no_more_room(sequence, change):
    assert change in compare_after_each_step(CONTEXTS, SMALL_UNIT, sequence)


@pytest.mark.slow
def test_a_global_translation_of_the_upper_half_goes_with_pge():
    engine = CxxrtlEngine()
    high, pge, present, global_page = 0xFFFF_8000_0000_0000, 1 << 7, 1, 1 << 8
    write_chain(engine.memory.write, FOUR_LEVELS, high, 0x1234_5000 | global_page | present)
    seen = []

    async def main():
        for register, value in ((Register.CR3, ROOT), (Register.CR4, CR4_LONG | pge),
                                (Register.EFER, EFER_LONG), (Register.CR0, CR0_32)):
            await engine.bus.write_control(register, value)
        await engine.bus.access(Access(high, 8))
        for register, value in (
                (Register.CR3, ROOT), (Register.CR4, CR4_LONG)):
            seen.append(engine.cycle)
            await engine.bus.write_control(register, value)
        seen.append(engine.cycle)

    engine.run(main)
    flags = {"large": False, "writable": False, "user": False, "execute_disable": False,
             "dirty": False, "global": True, "key": 0}
    both = [(high, 0x1234_5000, 0x1000, pcid, *flags.values()) for pcid in (0, None)]
    assert [held(engine.trace.tlb_at(cycle)) for cycle in seen] == [both, both, []]


def entry(linear, size=0x1000, *, global_page=False, filled=0, pcid=0, large=False, row=None):
    return TlbEntry(linear=linear, physical=0x80_0000, size=size, writable=True, user=True,
                    execute_disable=False, dirty=False, global_page=global_page, filled=filled,
                    pcid=pcid, large=large, row=row)


def filled(linear, evicted=None, **others):
    return TlbRecord(10, TlbChange.FILLED, linear, entry(linear, **others), evicted)


def kept(row, linear, size=0x1000, **others):
    return TlbRecord(10, TlbChange.KEPT, linear, entry(linear, size, row=row, **others))


def change(kind, linear=0, **others):
    return TlbRecord(10, TlbChange[kind], linear, **others)


#: Translations of both levels, of several PCIDs.
BEFORE = (
    filled(0x1000, pcid=1), filled(0x2000, pcid=1, large=True), filled(0x9000, global_page=True),
    kept(3, 0x1000, pcid=1), kept(4, 0x1000, pcid=2), kept(0x8000, 0x20_0000, 0x20_0000, pcid=1),
    kept(5, 0x9000, global_page=True, pcid=2),
)


@pytest.mark.parametrize("record, gone", [
    (filled(0x3000, pcid=1),                              []),
    (filled(0x1000, pcid=1),                              [0]),
    (filled(0x3000, pcid=1, evicted=0x9000),              [2]),
    (kept(9, 0x3000, pcid=1),                             []),
    (kept(3, 0x4_1000, pcid=1),                           [3]),
    (kept(9, 0x1000, pcid=3),                             []),
    (kept(9, 0x1000, pcid=3, global_page=True),           [3, 4]),
    (kept(0x8000, 0x40_0000, 0x20_0000, pcid=2),          [5]),
    (change("DISPLACED", row=0x8000),                     [5]),
    (change("DISPLACED", row=0x8001),                     []),
    (change("DROPPED", 0x1000, pcid=1),                   [0, 1, 3]),
    (change("DROPPED", 0x9000, pcid=1),                   [1, 2, 6]),
    (change("INVALIDATED", 0x9000, pcid=1),               [1, 2, 6]),
    (change("INVALIDATED", 0x2F_F000, pcid=1),            [1, 5]),
    (change("INVALIDATED", 0x9000, pcid=1, global_page=False), [1]),
    (change("INVALIDATED", 0x1000, pcid=2, global_page=False), [4]),
    (change("SWITCHED"),                                  [0, 1]),
    (change("EXPIRED", pcid=2),                           [4]),
    (change("SWEPT"),                                     [3, 4, 5, 6]),
    (change("FLUSHED", pcid=2, flush=Flush.OF_PCID),      [4]),
    (change("FLUSHED", pcid=1, flush=Flush.OF_PCID_AND_GLOBAL), [0, 1, 2, 3, 5, 6]),
    (change("FLUSHED", flush=Flush.LOCAL),                [0, 1, 3, 4, 5]),
    (change("FLUSHED", flush=Flush.ALL),                  [0, 1, 2, 3, 4, 5, 6]),
])
def test_a_change_makes_those_go_that_it_concerns(record, gone):
    contents = TlbContents(BEFORE)
    before   = contents.entries
    assert before == tuple(each.entry for each in BEFORE)
    assert set(contents.apply(record)) == {before[number] for number in gone}
    left = {each for number, each in enumerate(before) if number not in gone}
    assert set(contents.entries) == left | {record.entry} - {None}
    assert len(contents.entries) == len(set(contents.entries))


def test_a_page_that_comes_again_takes_the_place_of_its_last_translation():
    contents = TlbContents([kept(3, 0x1000, filled=1), kept(3, 0x1000, filled=2)])
    assert [each.filled for each in contents.entries] == [2]
    assert contents.apply(change("DROPPED", 0x1000)) == (entry(0x1000, row=3, filled=2),)
