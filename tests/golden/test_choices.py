"""Where the golden machine and the unit end differently: for which of their choices.

Both are right while translations are stale. They agree until, for the page of some access, the
golden machine still has a translation that the unit has forgotten: docs/access-vectors.md names
the causes. The gateware is held to the model of the unit in ``tests/hw``.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import FOUR_LEVELS, ROOT, chain
from sequence_support import IN_EACH_WORLD, LONG, PAGES, do, steps
from unit_support import Loss, UnitModel

from sim.golden.mmu import GoldenMmu
from sw.bus import Access


class Pair:
    """A golden machine and a model of the unit, step by step side by side.

    Attributes
    ----------
    cause : :class:`Loss` or :class:`None`
        Why the unit first had no translation of an accessed page where the golden machine had one.
    """

    def __init__(self, *, entries, entry_size):
        self.golden = GoldenMmu()
        self.unit   = UnitModel(entries=entries)
        self.size   = entry_size
        self.cause: Loss | None = None

    def agree(self, step):
        """Do a step on both. Do they end alike, with the same memory?"""
        if step[0] == "access":
            self.look_up(step[1])
        ends = [do(machine, step, entry_size=self.size) for machine in (self.golden, self.unit)]
        if step[0] != "access":
            return ends[0] == ends[1]
        return ends[0].agrees(ends[1]) and all(
            self.golden.memory.page(place >> 12) == self.unit.memory.page(place >> 12)
            for place in (*range(ROOT, 0x8000, 0x1000), *PAGES))

    def look_up(self, access):
        """Note the cause if the two do not have the same translations of the pages accessed."""
        mask = self.golden.state.linear_mask
        for linear in (access.linear & mask, access.linear + access.size - 1 & mask):
            has, lacks = self.golden.tlb.find(linear), self.unit.tlb.find(linear)
            if self.cause is None and has != lacks:
                self.cause = self.unit.tlb.losses[has.linear, has.size]


@IN_EACH_WORLD
@pytest.mark.parametrize("entries", [2, 16])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_no_difference_is_without_a_cause(world, entries, data):
    pair = Pair(entries=entries, entry_size=world.entry_size)
    sequence = data.draw(st.lists(steps(world), min_size=20, max_size=60), label="steps")
    for step in (*world.start, *sequence):
        if not pair.agree(step):
            assert pair.cause is not None, f"{step}"
            return


LINEAR = 0x4060_5000
PDE, PTE = chain(FOUR_LEVELS, LINEAR)[2:]


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
