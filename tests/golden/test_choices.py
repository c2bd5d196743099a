"""Choices by which the golden machine and the unit come to different ends.

Both are right while translations are stale. They agree until, for the page of some access, the
golden machine still has a translation that the unit has forgotten, or the unit begins a walk at a
table that the golden machine does not keep: docs/access-vectors.md names the causes. The gateware
is held to the model of the unit in ``tests/hw``.
"""

import enum
import random
from collections import Counter

import pytest
from paging_support import FOUR_LEVELS, chain
from sequence_support import IN_EACH_WORLD, LONG, PAGES, do
from unit_support import UnitModel

from hw.config import MmuConfig
from sim.golden.mmu import GoldenMmu
from sim.golden.walk import Translation
from sim.paging.walk import features_of
from sw.bus import Access, Kind


LINEAR = 0x4060_5000
PDE, PTE = chain(FOUR_LEVELS, LINEAR)[2:]

P, RW, US, A, D, PS, G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100

SMALL = {"tlb_entries": 2, "second_entries": 0}
LARGE = {"tlb_entries": 4, "second_entries": 16, "directory_entries": 4, "reference_entries": 2}


class Cause(enum.Enum):
    """Cause of a difference."""

    FORGOTTEN = "the unit has forgotten a translation that no flush and no fault concerned"
    TABLE     = "the unit knows a table, and reads no entry above it"
    ANOTHER   = "both hold a translation, of two sizes of the page that has had both"


class Pair:
    """A golden machine and a model of the unit, step by step side by side.

    Parameters
    ----------
    world : :class:`sequence_support.World`
        The features that they have, and the memory in which they must agree.
    **sizes : :class:`int`
        Sizes of the unit.

    Attributes
    ----------
    cause : :class:`Cause` or :class:`None`
        What the two first did in different ways.
    """

    def __init__(self, world, **sizes):
        config      = MmuConfig(**sizes, **world.features)
        self.unit   = UnitModel(config)
        self.golden = GoldenMmu(features_of(config))
        self.world  = world
        self.cause: Cause | None = None
        self._has:    dict[int, Translation | None] = {}
        self._held:   dict[int, Translation | None] = {}  # by the unit
        self._walked: dict[int, bool] = {}  # pages that the unit walks: from a table it knows?
        self._watch()

    def agree(self, step):
        """Do a step on both. Do they end alike, with the same memory?"""
        for noted in (self._has, self._held, self._walked):
            noted.clear()
        if step[0] == "access":  # the golden machine need not look up what it has just used
            self.golden.tlb.find(step[1].linear & self.golden.state.linear_mask,
                                 self.golden.state.pcid)
        ends = [do(machine, step, entry_size=self.world.entry_size)
                for machine in (self.golden, self.unit)]
        if step[0] != "access":
            return ends[0] == ends[1]
        causes = [*(Cause.FORGOTTEN for page in self._walked if self._has.get(page)),
                  *(Cause.TABLE for known in self._walked.values() if known),
                  *(Cause.ANOTHER for page, held in self._held.items()
                    if held and self._has.get(page, held) not in (held, None))]
        self.cause = self.cause or next(iter(causes), None)
        return ends[0].agrees(ends[1]) and all(
            self.golden.memory.page(place >> 12) == self.unit.memory.page(place >> 12)
            for place in self.world.frames)

    def _watch(self):
        """Note what the two look up from now on: by page number, the first time."""
        find, walk = self.golden.tlb.find, self.unit._walk
        look       = self.unit.tlb.first.find

        def found(linear, *pcid):
            translation = find(linear, *pcid)
            self._has.setdefault(linear >> 12, translation)
            return translation

        def looked(linear):
            piece = look(linear)
            self._held.setdefault(linear >> 12, piece and piece.whole)
            return piece

        def walked(linear, attempt, start):
            self._walked.setdefault(linear >> 12, start is not None)
            if look(linear) is not None:  # both walk for the dirty bit
                self._has[linear >> 12] = None
            return walk(linear, attempt, start)

        self.golden.tlb.find, self.unit._walk, self.unit.tlb.first.find = found, walked, looked


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
    return "control", chance.choice((*world.controls, *world.switches))


def cause_of_difference(chance, world, sizes):
    """Cause of the first difference in a random sequence; None if there is no difference."""
    pair = Pair(world, **sizes)
    for step in (*world.start, *(some_step(chance, world) for _ in range(80))):
        if not pair.agree(step):
            assert pair.cause is not None, f"{step}"
            return pair.cause
    return None


@pytest.mark.slow
@IN_EACH_WORLD
@pytest.mark.parametrize("sizes, frequent", [
    (SMALL, Cause.FORGOTTEN), (LARGE, Cause.TABLE),
], ids=["one level", "two levels"])
def test_every_difference_has_a_cause(world, sizes, frequent):
    chance = random.Random(160)
    found  = Counter(cause_of_difference(chance, world, sizes) for _ in range(100))
    assert {None, frequent} <= set(found)


def page(number):
    """Read the page that is so many behind the first one."""
    return ("access", Access(LINEAR + 0x1000 * number, 1))


@pytest.mark.parametrize("cause, sizes, sequence", [
    (Cause.FORGOTTEN, SMALL, [page(0), page(1), page(-0x200), ("edit", PTE, 0), page(0)]),
    (Cause.TABLE, LARGE, [page(0), ("edit", PDE, 0x20_0000 | PS | P | RW | US), page(1)]),
], ids=lambda value: getattr(value, "name", ""))
def test_each_cause_makes_a_difference(cause, sizes, sequence):
    pair = Pair(LONG, **sizes)
    *before, last = (*LONG.start, *sequence)
    assert all(pair.agree(step) for step in before)
    assert pair.cause is None
    assert not pair.agree(last)
    assert pair.cause is cause


def test_golden_and_unit_agree_while_nothing_is_forgotten_and_no_upper_entry_changes():
    pair  = Pair(LONG, **LARGE)
    stale = [("edit", PTE, 0), ("edit", PTE + 8, PAGES[2] | 5)]
    for step in (*LONG.start, page(0), page(1), page(-0x200), *stale, page(0), page(1)):
        assert pair.agree(step)
