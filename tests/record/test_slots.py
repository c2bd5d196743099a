"""Slots for the translations of TLBs, from the packed values of a waveform's signals."""

import pytest
from amaranth.lib import data

from hw.bus import Events, TlbUpdate
from sim.record.signals import FIELDS
from sim.record.slots import TlbSlots
from sim.record.waves import Shown


def signals(*scopes):
    """Signals of units: their strobes, and what those of the TLB concern."""
    return [Shown(f"{scope}{group}", name, data.Layout.cast(layout)[name].width)
            for scope in scopes for group, layout in (("events", Events), ("tlb", TlbUpdate))
            for name in FIELDS[group](0)]


def packed(*units):
    """The values of one cycle: for each unit its strobes, and what they concern."""
    bits = offset = 0
    for events, update in units:
        for group, layout, values in ("events", Events, events), ("tlb", TlbUpdate, update):
            bits   |= FIELDS[group].pack(values) << offset
            offset += data.Layout.cast(layout).size
    return bits


def fill(page, frame, **more):
    return {"filled": 1}, {"page": page, "frame": frame, **more}


QUIET = {}, {}


def test_a_translation_has_the_first_free_slot_until_it_goes():
    slots = TlbSlots(signals(""), 3)
    assert slots.step(0, packed(fill(1, 8))) == [(0, "0x1000 > 0x8000 r-x kernel")]
    assert slots.step(1, packed(fill(2, 9))) == [(1, "0x2000 > 0x9000 r-x kernel")]
    assert slots.step(2, packed(QUIET)) == []
    assert slots.step(3, packed(({"dropped": 1}, {"page": 1}))) == [(0, "-")]
    assert slots.step(4, packed(fill(3, 10))) == [(0, "0x3000 > 0xa000 r-x kernel")]
    assert slots.texts == ["0x3000 > 0xa000 r-x kernel", "0x2000 > 0x9000 r-x kernel", "-"]
    assert slots.step(5, packed(({"flushed": 1}, {}))) == [(0, "-"), (1, "-")]


def test_one_that_replaces_another_takes_its_slot():
    slots = TlbSlots(signals(""), 2)
    for page in 1, 2:
        slots.step(page, packed(fill(page, page)))
    events, update = fill(3, 3, evicted_page=1)
    assert slots.step(3, packed((events | {"evicted": 1}, update))) == [
        (0, "0x3000 > 0x3000 r-x kernel")]


def test_tlbs_that_change_in_one_cycle_change_both():
    slots = TlbSlots(signals("cpu0.", "cpu1."), 2)
    assert [shown.full_name for shown in slots.shown] == [
        f"machine.cpu{cpu}.tlb.entry_{slot}" for cpu in (0, 1) for slot in (0, 1)]
    assert slots.step(0, packed(fill(1, 8), fill(2, 9))) == [
        (0, "0x1000 > 0x8000 r-x kernel"), (2, "0x2000 > 0x9000 r-x kernel")]
    assert slots.step(1, packed(QUIET, ({"invalidated": 1}, {"page": 2}))) == [(2, "-")]


@pytest.mark.parametrize("more, text", [
    ({"rights": 0b011, "dirty": 1}, "0x200000 > 0x600000 rwx user D"),
    ({"rights": 0b100, "large": 1, "global_page": 1}, "0x200000 > 0x600000 r-- kernel G piece"),
])
def test_a_slot_says_what_its_translation_allows(more, text):
    assert TlbSlots(signals(""), 1).step(0, packed(fill(0x200, 0x600, **more))) == [(0, text)]


def test_without_changes_among_the_signals_there_are_no_slots():
    for slots in TlbSlots([Shown("events", "hit", 1)], 2), TlbSlots(signals(""), 0):
        assert slots.shown == [] and slots.step(0, 1) == []
