"""Contents of a TLB, rebuilt from its changes: those that the unit's choices make."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain
from sequence_support import BITS_32, KEYED, LONG, do, steps
from unit_support import UnitModel

from hw.layout import Flush
from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.record.tlb import TlbChange, TlbContents, TlbEntry, TlbHistory, TlbRecord
from sw.bus import Access, GeneralProtection, Register


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
        case "access", access:
            # A processor stores as many bytes as there are.
            await bus.access(replace(access, data=access.data & (1 << 8 * access.size) - 1))


def held(entries):
    """Translations that were rebuilt, as far as they must be those of the model."""
    return sorted((entry.linear, entry.physical, entry.large, entry.dirty, entry.global_page,
                   entry.key) for entry in entries)


def in_model(piece):
    """The same of a translation in the model's first level."""
    return (piece.linear, piece.physical, piece.large, piece.whole.dirty, piece.whole.global_page,
            piece.whole.rights.key or 0)


def contents_after_each_step(world, preset, sequence):
    """Pairs: what the model holds, and what is rebuilt of the unit, after each step."""
    config = replace(PRESETS[preset], **world.features)
    engine = CxxrtlEngine(config)
    model  = UnitModel(config)
    expected, cycles = [], []

    async def main():
        for step in [*world.start, *sequence]:
            do(model, step, entry_size=world.entry_size)
            await carry_out(engine.bus, engine.memory, step, entry_size=world.entry_size)
            expected.append(sorted(map(in_model, model.tlb.first.pieces)))
            cycles.append(engine.cycle)

    engine.run(main)
    return [(held(engine.trace.tlb_at(cycle).entries), pieces)
            for cycle, pieces in zip(cycles, expected, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("world, preset", [
    (LONG, "default"), (BITS_32, "default"), (BITS_32, "tiny"), (KEYED, "default"),
], ids=["4-level", "32-bit", "two-entries", "keys"])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_contents_are_those_that_the_units_choices_make(world, preset, data):
    sequence = data.draw(st.lists(steps(world), min_size=5, max_size=30))
    for rebuilt, expected in contents_after_each_step(world, preset, sequence):
        assert rebuilt == expected


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
    kept = [(high, 0x1234_5000, False, False, True, 0)]
    assert [held(engine.trace.tlb_at(cycle).entries) for cycle in seen] == [kept, kept, []]


def entry(linear, size=0x1000, *, global_page=False, filled=0, pcid=0):
    return TlbEntry(linear=linear, physical=0x80_0000, size=size, writable=True, user=True,
                    execute_disable=False, dirty=False, global_page=global_page, filled=filled,
                    pcid=pcid)


def filled(linear, size=0x1000, **others):
    return TlbRecord(10, TlbChange.FILLED, linear, entry(linear & -size, size), **others)


BEFORE = (filled(0x1000), filled(0x40_0000, 0x20_0000),
          TlbRecord(3, TlbChange.FILLED, 0x9000, entry(0x9000, global_page=True)))


def of(pcid, linear, **others):
    return entry(linear, pcid=pcid, **others)


CACHED = (of(1, 0x1000), of(2, 0x1000), of(2, 0x2000), of(2, 0x9000, global_page=True))


@pytest.mark.parametrize("change, gone", [
    (TlbRecord(10, TlbChange.FLUSHED, pcid=2, flush=Flush.OF_PCID),            [1, 2]),
    (TlbRecord(10, TlbChange.FLUSHED, pcid=1, flush=Flush.OF_PCID_AND_GLOBAL), [0, 3]),
    (TlbRecord(10, TlbChange.FLUSHED, flush=Flush.LOCAL),                      [0, 1, 2]),
    (TlbRecord(10, TlbChange.FLUSHED, flush=Flush.ALL),                        [0, 1, 2, 3]),
    (TlbRecord(10, TlbChange.DROPPED, 0x1000, pcid=1),                         [0]),
    (TlbRecord(10, TlbChange.DROPPED, 0x9000, pcid=1),                         [3]),
    (TlbRecord(10, TlbChange.INVALIDATED, 0x9000, pcid=1),                     [3]),
    (TlbRecord(10, TlbChange.INVALIDATED, 0x9000, pcid=2, global_page=False),  []),
    (TlbRecord(10, TlbChange.INVALIDATED, 0x1000, pcid=2, global_page=False),  [1]),
    (TlbRecord(10, TlbChange.SWITCHED),                                        [0, 1, 2]),
    (TlbRecord(10, TlbChange.FILLED, 0x9000, of(3, 0x9000), pcid=3),           [3]),
    (TlbRecord(10, TlbChange.FILLED, 0x1000, of(3, 0x1000, global_page=True)), [0, 1]),
])
def test_a_change_concerns_a_pcid_and_global_translations(change, gone):
    contents = TlbContents()
    contents.entries = CACHED
    assert contents.apply(change) == tuple(CACHED[number] for number in gone)


@pytest.mark.parametrize("change, gone", [
    (filled(0x2000),                                                 []),
    (filled(0x1000),                                                 [0x1000]),
    (filled(0x2000, evicted=0x41_2000),                              [0x40_0000]),
    (filled(0x45_6000),                                              [0x40_0000]),
    (filled(0x1000, 0x20_0000),                                      [0x1000, 0x9000]),
    (TlbRecord(10, TlbChange.DROPPED, 0x1000),                       [0x1000]),
    (TlbRecord(10, TlbChange.INVALIDATED, 0x5F_F000),                [0x40_0000]),
    (TlbRecord(10, TlbChange.INVALIDATED, 0x60_0000),                []),
    (TlbRecord(10, TlbChange.FLUSHED, flush=Flush.LOCAL),            [0x1000, 0x40_0000]),
    (TlbRecord(10, TlbChange.FLUSHED, flush=Flush.ALL),              [0x1000, 0x40_0000, 0x9000]),
])
def test_a_change_makes_those_go_that_it_concerns(change, gone):
    contents = TlbContents(BEFORE)
    before   = contents.entries
    assert [entry.linear for entry in contents.apply(change)] == gone
    left = [entry for entry in before if entry.linear not in gone]
    assert list(contents.entries) == left + [change.entry] * (change.entry is not None)


def test_stepping_through_a_run_shows_what_the_changes_so_far_make():
    changes = [TlbRecord(2, TlbChange.FILLED, 0x1000, entry(0x1000, filled=2)),
               TlbRecord(4, TlbChange.FILLED, 0x2000, entry(0x2000, filled=4)),
               TlbRecord(4, TlbChange.DROPPED, 0x1000)]
    history = TlbHistory(changes)

    def held_at(*cycles):
        return [[entry.linear for entry in history.at(cycle).entries] for cycle in cycles]

    assert held_at(2, 4, 3, 0) == [[], [0x1000], [0x1000], []]
    changes.append(TlbRecord(6, TlbChange.FLUSHED, flush=Flush.LOCAL))
    assert held_at(7, 6, 5, 4) == [[], [0x2000], [0x2000], [0x1000]]


def test_the_next_change_of_an_address_is_the_next_that_concerns_it():
    changes = [TlbRecord(2, TlbChange.FILLED, 0x1000, entry(0x1000, filled=2)),
               TlbRecord(4, TlbChange.FILLED, 0x40_0000, entry(0x40_0000, 0x20_0000, filled=4)),
               TlbRecord(6, TlbChange.DROPPED, 0x1000)]
    history = TlbHistory(changes)

    def turns(linear):
        after, found = -1, []
        while (cycle := history.next_change(linear, after=after)) is not None:
            found.append(after := cycle)
        return found

    assert [turns(linear) for linear in (0x1FFF, 0x45_6789, 0x2000)] == [[3, 7], [5], []]
    changes.append(TlbRecord(8, TlbChange.FILLED, 0x40_1000, entry(0x40_1000, filled=8)))
    assert [turns(linear) for linear in (0x40_1234, 0x40_2000)] == [[5, 9], [5, 9]]


def test_what_somebody_does_to_contents_is_not_in_the_history():
    history = TlbHistory(BEFORE)
    history.at(50).apply(TlbRecord(60, TlbChange.FLUSHED, flush=Flush.ALL))
    assert history.at(50).entries == TlbContents(BEFORE).entries != ()


def test_a_translation_is_found_by_any_address_of_its_page():
    contents = TlbContents(BEFORE)
    assert contents.find(0x5F_FFFF).translate(0x5F_FFFF) == 0x80_0000 | 0x1F_FFFF
    assert contents.find(0x60_0000) is None
