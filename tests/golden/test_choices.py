"""Choices by which the golden machine and the unit come to different ends.

Both are right while translations are stale. They agree until, for the page of some access, the
golden machine still has a translation that the unit has forgotten: docs/access-vectors.md names
the causes. The gateware is held to the model of the unit in ``tests/hw``.
"""

import random
from collections import Counter

import pytest
from paging_support import FOUR_LEVELS, ROOT, chain
from sequence_support import IN_EACH_WORLD, LONG, PAGES, do
from unit_support import Loss, UnitModel

from sim.golden.mmu import GoldenMmu
from sim.golden.state import Features
from sw.bus import Access, Kind


LINEAR = 0x4060_5000
PDE, PTE = chain(FOUR_LEVELS, LINEAR)[2:]

P, RW, US, A, D, G = 1, 2, 4, 0x20, 0x40, 0x100


class Pair:
    """A golden machine and a model of the unit, step by step side by side.

    Attributes
    ----------
    cause : :class:`Loss` or :class:`None`
        Why the unit first had no translation of an accessed page where the golden machine had one.
    """

    def __init__(self, *, entries, entry_size, **features):
        self.golden = GoldenMmu(Features(**features))
        self.unit   = UnitModel(Features(**features), entries=entries)
        self.size   = entry_size
        self.cause: Loss | None = None
        self._found = [look_ups(machine.tlb) for machine in (self.golden, self.unit)]

    def agree(self, step):
        """Do a step on both. Do they end alike, with the same memory?"""
        for found in self._found:
            found.clear()
        if step[0] == "access":  # the golden machine need not look up what it has just used
            self.golden.tlb.find(step[1].linear & self.golden.state.linear_mask)
        ends = [do(machine, step, entry_size=self.size) for machine in (self.golden, self.unit)]
        if step[0] != "access":
            return ends[0] == ends[1]
        self._compare_look_ups()
        return ends[0].agrees(ends[1]) and all(
            self.golden.memory.page(place >> 12) == self.unit.memory.page(place >> 12)
            for place in (*range(ROOT, 0x8000, 0x1000), *PAGES))

    def _compare_look_ups(self):
        """Note the cause of the first difference in what the two have found in their TLBs."""
        golden, unit = self._found
        for page, (lacks, losses) in unit.items():
            has, _ = golden[page]
            if self.cause is None and has != lacks:
                self.cause = losses[has.linear, has.size]


def look_ups(tlb):
    """Hits in a TLB from now on: by page number, the first time, in order.

    Besides what was found there are the losses at that time, if the TLB notes them.
    """
    found, find = {}, tlb.find

    def watched(linear, *pcid):
        translation = find(linear, *pcid)
        found.setdefault(linear >> 12, (translation, dict(getattr(tlb, "losses", ()))))
        return translation

    tlb.find = watched
    return found


def some_step(chance, world):
    """One step of a sequence: mostly an access, or an edit of an entry."""
    match chance.choices(("access", "edit", "invlpg", "control"), (60, 33, 4, 3))[0]:
        case "access":
            linear = chance.choice((LINEAR, LINEAR + 0xffd, LINEAR + 0x1ff8, world.third + 8))
            return "access", Access(linear, chance.choice((1, 8)), chance.choice(list(Kind)),
                                    data=PAGES[0] | P | RW | US)
        case "edit":
            places, bases = chance.choice(world.entries)
            flags = chance.choice((P | RW | US, P | RW | US | A | D, P | US | G, P | US | A, 0))
            return "edit", chance.choice(places), chance.choice(bases) | flags
        case "invlpg":
            return "invlpg", chance.choice((LINEAR, world.third))
    return "control", chance.choice(world.controls)


def cause_of_difference(chance, world, entries):
    """Cause of the first difference in a random sequence; None if there is no difference."""
    pair = Pair(entries=entries, entry_size=world.entry_size, **world.features)
    for step in (*world.start, *(some_step(chance, world) for _ in range(80))):
        if not pair.agree(step):
            assert pair.cause is not None, f"{step}"
            return pair.cause
    return None


@IN_EACH_WORLD
@pytest.mark.parametrize("entries, causes", [
    (2, {Loss.EVICTED, Loss.OVERLAPPED}), (16, {Loss.OVERLAPPED}),
], ids=["small", "large"])
def test_every_difference_has_a_cause(world, entries, causes):
    chance = random.Random(160)
    found  = Counter(cause_of_difference(chance, world, entries) for _ in range(100))
    assert set(found) == {None, *causes}


def page(number):
    """Read the page that is so many behind the first one."""
    return ("access", Access(LINEAR + 0x1000 * number, 1))


@pytest.mark.parametrize("cause, sequence", [
    (Loss.EVICTED, [page(0), page(1), page(-0x200), ("edit", PTE, 0), page(0)]),
    (Loss.OVERLAPPED, [page(0), ("edit", PDE, 0x20_0000 | 0x87), page(1), page(0)]),
], ids=lambda value: getattr(value, "name", ""))
def test_each_cause_makes_a_difference(cause, sequence):
    pair = Pair(entries=2, entry_size=LONG.entry_size)
    *before, last = (*LONG.start, *sequence)
    assert all(pair.agree(step) for step in before)
    assert pair.cause is None
    assert not pair.agree(last)
    assert pair.cause is cause


def test_golden_and_unit_agree_while_nothing_is_evicted_and_no_page_changes_its_size():
    pair  = Pair(entries=3, entry_size=LONG.entry_size)
    stale = [("edit", PTE, 0), ("edit", PTE + 8, PAGES[2] | 5)]
    for step in (*LONG.start, page(0), page(1), page(-0x200), *stale, page(0), page(1)):
        assert pair.agree(step)
    assert pair.cause is None
