"""Outcomes that are allowed when memory does not answer: docs/decisions/029-bus-errors.md."""

from dataclasses import replace

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain

from sim.golden.mmu import Outcome
from sim.golden.stale import StaleModel
from sim.golden.state import Features
from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault, Register


LINEAR, FRAME = 0x40_0000, 0x9000
P, RW, US, A, D = 1, 2, 4, 0x20, 0x40

READ, WRITE = Access(LINEAR, 1), Access(LINEAR, 1, Kind.WRITE, data=1)

FAILED = Outcome(fault=BusError("an access"))


class Machine(StaleModel):
    """4-level paging with one page, and words whose reads, or whose writes, fail."""

    @classmethod
    def with_page(cls, leaf=FRAME | P | RW | US, **others):
        """Map the page, and another one behind it, and turn paging on."""
        machine = cls.of(Features(**others))
        for linear in (LINEAR + 0x1000, LINEAR):
            machine.entries = write_chain(
                machine.memory.write, FOUR_LEVELS, linear, leaf + (linear - LINEAR))
        for register, value in ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG),
                                (Register.CR3, ROOT), (Register.CR0, CR0_32)):
            machine.write_control(register, value)
        return machine

    def fail(self, *, reads=(), writes=()):
        """Have the reads of some words fail from now on, and the writes of some."""
        self.memory.answers = lambda physical, write: (
            physical & -8 not in {place & -8 for place in (writes if write else reads)})

    def allows(self, access, outcome, **values):
        """Tell whether an outcome is allowed, with words of memory as ``values`` then has them."""
        after = {place + n: value >> 8 * n & 0xff
                 for place, value in values.get("after", ()) for n in range(8)}
        return self.judge(access, outcome,
                          lambda place: after.get(place, self.memory.read(place, 1)))

    def flagged(self, *numbers, flags=A):
        """Words of entries, with their accessed flags."""
        return [(self.entries[n], self.memory.read(self.entries[n], 8) | flags) for n in numbers]


@pytest.mark.parametrize("level", range(4))
def test_a_table_that_cannot_be_read_is_a_bus_error_and_nothing_else(level):
    machine = Machine.with_page()
    machine.fail(reads=[machine.entries[level]])
    above = machine.flagged(*range(level))
    assert not machine.allows(READ, Outcome(0, FRAME))
    assert machine.allows(READ, FAILED, after=above)
    assert not machine.cached and machine.state.cr2 == 0
    assert not machine.allows(READ, Outcome(fault=PageFault(LINEAR, 0)))


@pytest.mark.parametrize("level", range(4))
def test_an_accessed_flag_that_cannot_be_stored_is_one_and_the_flag_stays_clear(level):
    machine = Machine.with_page()
    machine.fail(writes=[machine.entries[level]])
    assert not machine.allows(READ, Outcome(0, FRAME), after=machine.flagged(*range(4)))
    machine = Machine.with_page()
    machine.fail(writes=[machine.entries[level]])
    assert not machine.allows(READ, FAILED, after=machine.flagged(level))
    machine = Machine.with_page()
    machine.fail(writes=[machine.entries[level]])
    assert machine.allows(READ, FAILED, after=machine.flagged(*range(level)))
    assert not machine.cached


def test_no_flag_is_stored_that_is_set_already():
    machine = Machine.with_page()
    assert machine.allows(READ, Outcome(0, FRAME), after=machine.flagged(*range(4)))
    machine.fail(writes=machine.entries)
    machine.cached.clear()
    assert machine.allows(READ, Outcome(0, FRAME))
    assert machine.allows(WRITE, FAILED)  # the dirty flag is clear
    assert machine.allows(READ, Outcome(0, FRAME))


def test_a_cached_translation_needs_no_table():
    machine = Machine.with_page()
    assert machine.allows(READ, Outcome(0, FRAME), after=machine.flagged(*range(4)))
    machine.fail(reads=machine.entries, writes=machine.entries)
    assert machine.allows(READ, Outcome(0, FRAME))
    assert machine.allows(READ, FAILED)  # it may have been evicted
    machine.invlpg(LINEAR)
    machine.known.clear()
    assert not machine.allows(READ, Outcome(0, FRAME))


@pytest.mark.parametrize("kind, reads, writes", [
    (Kind.READ, True, False), (Kind.FETCH, True, False), (Kind.WRITE, False, True),
    (Kind.EXCHANGE, True, True), (Kind.COMPARE_EXCHANGE, True, True)])
def test_data_that_does_not_answer_is_one(kind, reads, writes):
    access = Access(LINEAR, 8, kind, data=1)
    for fails, failing in ((reads, {"reads": [FRAME]}), (writes, {"writes": [FRAME]})):
        machine = Machine.with_page(FRAME | P | RW | US | A | D)
        machine.fail(**failing)
        flags = machine.flagged(0, 1, 2)
        assert machine.allows(access, FAILED, after=flags) is fails
        assert {each.linear for each in machine.cached} == ({LINEAR} if fails else set())


@pytest.mark.parametrize("stored", [[], [(FRAME, 1 << 32)], [(FRAME + 8, 1)]])
def test_of_two_words_one_may_be_stored_but_not_the_one_that_fails(stored):
    machine = Machine.with_page(FRAME | P | RW | US | A | D)
    machine.fail(writes=[FRAME + 8])
    flags  = machine.flagged(0, 1, 2)
    access = Access(LINEAR + 4, 8, Kind.WRITE, data=1 << 32 | 1)
    assert machine.allows(access, FAILED, after=[*flags, *stored]) is (stored != [(FRAME + 8, 1)])


def test_a_locked_access_whose_read_fails_stores_nothing():
    machine = Machine.with_page(FRAME | P | RW | US | A | D)
    machine.fail(reads=[FRAME + 8])
    access = Access(LINEAR + 4, 8, Kind.EXCHANGE, data=1)
    flags  = machine.flagged(0, 1, 2)
    assert not machine.allows(access, FAILED, after=[*flags, (FRAME, 1 << 32)])


def test_a_second_page_whose_table_fails_leaves_the_first_as_it_is():
    machine = Machine.with_page()
    access  = Access(LINEAR + 0xffc, 8, Kind.WRITE, data=(1 << 64) - 1)
    second  = machine.entries[3] + 8
    machine.fail(reads=[second])
    after = [*machine.flagged(0, 1, 2), *machine.flagged(3, flags=A | D)]
    assert machine.allows(access, FAILED, after=after)
    assert {each.linear for each in machine.cached} == {LINEAR}


def test_pdptes_that_cannot_be_read_refuse_the_write_and_change_nothing():
    machine = StaleModel.of(Features(pae=True))
    machine.write_control(Register.CR4, CR4_LONG)
    machine.write_control(Register.CR0, CR0_32)
    before = replace(machine.state)
    machine.memory.answers = lambda physical, write: physical != ROOT + 0x18
    with pytest.raises(GeneralProtection, match="cannot be read"):
        machine.write_control(Register.CR3, ROOT)
    assert machine.state == before


def test_a_copy_of_memory_answers_as_it_does():
    machine = Machine.with_page()
    machine.fail(reads=[FRAME])
    copy = machine.memory.copy()
    assert copy.load(FRAME + 8, 8) == 0
    with pytest.raises(BusError):
        copy.load(FRAME, 8)
