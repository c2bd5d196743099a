"""Golden processors whose page walks can be interrupted."""

import pytest

from sim.golden.processors import Wait, golden_processors
from sim.golden.stepwise import BLOCK, StepwiseProcessor, UnlockedProcessor, WholeProcessor
from sw.bus import Access, Kind, Register


ROOT, TABLE, ENTRY, FRAME = 0x10000, 0x11000, 0x11004, 0x5000
PRESENT, WRITABLE, USER, ACCESSED, DIRTY = 1, 2, 4, 1 << 5, 1 << 6


def steps(coroutine):
    """Let a coroutine make its steps; its result, and their number."""
    for made in range(100):
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value, made
    raise AssertionError("it never ends")


def paging(kind=StepwiseProcessor, flags=PRESENT | WRITABLE | USER):
    """Two processors with 32-bit paging, and a page at 0x1000."""
    processors = golden_processors(2, kind)
    memory = processors[0].mmu.memory
    memory.write(ROOT, 4, TABLE | PRESENT | WRITABLE | USER | ACCESSED)
    memory.write(ENTRY, 4, FRAME | flags)
    for processor in processors:
        steps(processor.write_control(Register.CR3, ROOT))
        steps(processor.write_control(Register.CR0, 0x8000_0001))
    return processors


def test_a_walk_has_a_step_for_each_entry_and_for_each_flag_that_it_sets():
    one, _ = paging()
    load, store = Access(0x1000, 4), Access(0x1000, 4, Kind.WRITE, data=7)
    assert steps(one.access(load))[1] == 4   # two entries, A, and the load
    assert steps(one.access(load))[1] == 1   # from the TLB
    assert steps(one.access(store))[1] == 4  # two entries, D, and the store
    assert steps(one.access(store))[1] == 1
    assert one.mmu.memory.read(ENTRY, 4) == FRAME | 7 | ACCESSED | DIRTY
    assert one.mmu.memory.read(FRAME, 4) == 7


def test_a_walk_reads_each_entry_when_its_step_has_come():
    one, other = paging()
    one.mmu.memory.write(ENTRY, 4, 0)
    load = one.access(Access(0x1000, 4))
    load.send(None)
    load.send(None)  # the root has been read, the entry not yet
    steps(other.access(Access(0x2000, 4)))
    one.mmu.memory.write(ENTRY, 4, FRAME | PRESENT | USER | ACCESSED)
    assert steps(load)[0].fault is None


def test_a_translation_that_was_walked_is_used_though_the_entry_has_changed():
    one, _ = paging(flags=PRESENT | WRITABLE | USER | ACCESSED | DIRTY)
    store = one.access(Access(0x1000, 4, Kind.WRITE, data=9))
    for _ in range(3):
        store.send(None)
    one.mmu.memory.write(ENTRY, 4, 0)
    assert steps(store)[0].fault is None
    assert one.mmu.memory.read(FRAME, 4) == 9


def interrupted(kind):
    """Have a store stopped before it sets D, and clear R/W then; its outcome, and the entry."""
    one, _ = paging(kind, PRESENT | WRITABLE | USER | ACCESSED)
    store = one.access(Access(0x1000, 4, Kind.WRITE, user=True, data=9))
    for _ in range(3):
        store.send(None)
    one.mmu.memory.write(ENTRY, 4, FRAME | PRESENT | USER | ACCESSED)
    return steps(store)[0], one.mmu.memory.read(ENTRY, 4)


def test_a_locked_update_sees_that_the_entry_has_changed_and_the_walk_begins_anew():
    outcome, entry = interrupted(StepwiseProcessor)
    assert outcome.fault is not None and outcome.fault.error_code == 0b111
    assert entry == FRAME | PRESENT | USER | ACCESSED


def test_an_unlocked_update_loses_what_another_processor_has_stored():
    outcome, entry = interrupted(UnlockedProcessor)
    assert outcome.fault is None
    assert entry == FRAME | PRESENT | WRITABLE | USER | ACCESSED | DIRTY


def test_the_operations_of_a_whole_processor_are_one_step_each():
    one, _ = paging(WholeProcessor)
    assert steps(one.access(Access(0x1000, 4)))[1] == 1
    assert steps(one.store_string(0x1000, bytes(64), user=False))[1] == 1
    assert one.mmu.memory.read(ENTRY, 4) == FRAME | 7 | ACCESSED | DIRTY


def test_a_string_is_one_step_behind_the_walks_of_its_pages():
    one, _ = paging()
    one.mmu.memory.write(ENTRY + 4, 4, FRAME + 0x1000 | PRESENT | WRITABLE | USER)
    assert steps(one.store_string(0x1ff0, bytes(range(32)), user=False)) == ((32, None), 7)
    assert steps(one.load_string(0x1ff0, 32, user=False)) == ((bytes(range(32)), None), 1)


@pytest.mark.parametrize("present, done", [(True, 16), (False, 0)])
def test_a_string_ends_before_the_page_that_faults(present, done):
    one, _ = paging(flags=PRESENT * present | WRITABLE | USER)
    (count, fault), _ = steps(one.store_string(0x1ff0, bytes(32), user=False))
    assert (count, fault.address) == (done, 0x1ff0 + done)


def test_a_string_that_the_tlb_refuses_is_a_fault_after_no_byte():
    one, _ = paging(flags=PRESENT | USER)
    assert steps(one.load_string(0x1000, 8, user=True))[0] == (bytes(8), None)
    (count, fault), _ = steps(one.store_string(0x1000, bytes(8), user=True))
    assert (count, fault.error_code) == (0, 0b111)


def test_steps_tell_which_words_they_touch():
    one, _ = paging()
    store = one.access(Access(0x1006, 4, Kind.WRITE, data=1))
    touched = []
    with pytest.raises(StopIteration):
        while True:
            store.send(None)
            touched += one.locations
            one.locations.clear()
    touched += one.locations
    assert [place for place in touched if place[0] < BLOCK] == [
        (ROOT >> 3, False), (ENTRY >> 3, False), (ENTRY >> 3, True), (FRAME >> 3, True),
        (FRAME + 8 >> 3, True)]
    assert {place for place in touched if place[0] >= BLOCK} == {
        (BLOCK + (address >> 9), False) for address in (ROOT, ENTRY, FRAME)}


def test_a_string_that_fills_blocks_touches_those_and_so_meets_whoever_touches_a_word():
    one, _ = paging(flags=PRESENT | WRITABLE | USER | ACCESSED | DIRTY)
    steps(one.access(Access(0x1000, 4)))
    one.locations.clear()
    steps(one.store_string(0x1200, bytes(512), user=False))
    assert one.locations == [(BLOCK + (FRAME + 0x200 >> 9), True)]
    one.locations.clear()
    steps(one.load_string(0x1200, 512, user=False))
    assert (BLOCK + (FRAME + 0x200 >> 9), False) in one.locations


def test_to_let_time_pass_is_told_apart_and_so_is_a_halt():
    one, other = paging()
    assert one.read_control(Register.RFLAGS).send(None) is Wait.PAUSE
    assert one.read_control(Register.CR0).send(None) is Wait.TURN
    assert one.halt().send(None) is Wait.INTERRUPT
    steps(other.send_interrupt(0, 0xF5))
    assert other.locations[-1] == (-1, True)
    assert steps(one.halt())[1] == 0
