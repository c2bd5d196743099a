"""Several golden processors: one memory, translations of their own, interrupts."""

import pytest

from sim.golden.processors import GoldenProcessor, Wait, golden_processors
from sw.bus import Access, Kind, Register


ROOT, TABLE = 0x10000, 0x11000


def finish(coroutine):
    """Give a coroutine all time slices that it wants; its result, and their number."""
    for slices in range(100):
        try:
            assert coroutine.send(None) is Wait.TURN
        except StopIteration as end:
            return end.value, slices
    raise AssertionError("it never ends")


def paging(count=2):
    """Processors with one page table, in which nothing is mapped."""
    processors = golden_processors(count, GoldenProcessor)
    processors[0].mmu.memory.write(ROOT, 4, TABLE | 7)
    for processor in processors:
        finish(processor.write_control(Register.CR3, ROOT))
        finish(processor.write_control(Register.CR0, 0x8000_0001))
    return processors


@pytest.mark.parametrize("operation", [
    lambda bus: bus.access(Access(0, 8)),
    lambda bus: bus.load_string(0, 64, user=False),
    lambda bus: bus.store_string(0, bytes(64), user=False),
    lambda bus: bus.read_control(Register.CR0),
    lambda bus: bus.write_control(Register.CR2, 5),
    lambda bus: bus.invlpg(0),
    lambda bus: bus.send_interrupt(1, 0xF5),
    lambda bus: bus.take_interrupt(),
    lambda bus: bus.halt(),
])
def test_every_operation_takes_one_time_slice(operation):
    one, _ = golden_processors(2, GoldenProcessor)
    one.interrupts = 1
    assert finish(operation(one))[1] == 1


def test_an_operation_is_done_when_its_time_slice_has_come_and_not_before():
    one, other = golden_processors(2, GoldenProcessor)
    store = one.access(Access(0x100, 8, Kind.WRITE, data=5))
    store.send(None)
    assert finish(other.access(Access(0x100, 8)))[0].data == 0
    with pytest.raises(StopIteration):
        store.send(None)
    assert finish(other.access(Access(0x100, 8)))[0].data == 5


def test_a_processor_keeps_what_another_has_taken_from_the_table():
    one, other = paging()
    one.mmu.memory.write(TABLE + 4, 4, 0x5007)
    one.mmu.memory.write(0x5000, 4, 77)
    for processor in (one, other):
        assert finish(processor.access(Access(0x1000, 4)))[0].data == 77
    one.mmu.memory.write(TABLE + 4, 4, 0)
    finish(one.invlpg(0x1000))
    assert finish(one.access(Access(0x1000, 4)))[0].fault is not None
    assert finish(other.access(Access(0x1000, 4)))[0].data == 77


def test_flags_that_one_sets_in_the_table_are_in_memory_for_all():
    one, other = paging()
    one.mmu.memory.write(TABLE + 4, 4, 0x5007)
    finish(one.access(Access(0x1000, 4)))
    finish(other.access(Access(0x1000, 4, Kind.WRITE, data=1)))
    assert one.mmu.memory.read(TABLE + 4, 4) == 0x5067
    assert finish(one.access(Access(0x1000, 4)))[0].data == 1


def test_a_halted_processor_waits_for_an_interrupt():
    one, other = golden_processors(2, GoldenProcessor)
    halted = other.halt()
    assert [halted.send(None) for _ in range(3)] == [Wait.TURN, Wait.INTERRUPT, Wait.INTERRUPT]
    finish(one.send_interrupt(1, 0xF5))
    assert (one.interrupts, other.interrupts) == (0, 1 << 5)
    with pytest.raises(StopIteration):
        halted.send(None)
