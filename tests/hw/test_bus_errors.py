"""Memory that does not answer: an access ends in a bus error, and never in a hang."""

import pytest
from paging_support import PAE_TABLES, ROOT

from hw.layout import Fault
from sim.memory import PhysicalMemory, Target
from sw.bus import Access, BusError, Kind, PageFault, Register

from .memory_support import FailingMemory
from .mmu_support import bench_of, four_levels, pae_paging, paging_off, two_levels
from .rules_support import (
    A, D, EXCHANGE, FETCH, FRAME, LINEAR, P, PAGE, READ, RW, US, USER_CMPXCHG, WRITE, every_level,
    map_page, reach, refused,
)


with_errors = four_levels(memory=FailingMemory)

STORES = (WRITE, EXCHANGE)
WIDE   = FRAME - 4   # an access of 8 bytes to these lies in two words


async def bus_error(cpu, access):
    """Do an access that must end in a bus error, with CR2 as it was."""
    cr2     = cpu.cr2
    outcome = await cpu.access(access)
    assert isinstance(outcome.fault, BusError)
    assert (cpu.cr2, outcome.data, outcome.physical) == (cr2, 0, None)


# Data.

@pytest.mark.parametrize("access", [READ, WRITE, FETCH, EXCHANGE, USER_CMPXCHG])
@with_errors
async def test_an_access_ends_in_it_and_the_next_one_is_done(cpu, access):
    map_page(cpu)
    await cpu.write_control(Register.CR2, 0x1234)
    cpu.memory.write(FRAME, 8, 1)
    cpu.memory.no_reads = cpu.memory.no_writes = {FRAME}
    await bus_error(cpu, access)
    await cpu.ctx.tick()  # the strobe is in the cycle of the response
    assert cpu.events["bus_error"] == 1 and not cpu.events["page_fault"]
    assert cpu.memory.read(FRAME, 8) == 1
    cpu.memory.no_reads, cpu.memory.no_writes = set(), set()
    assert (await cpu.access(READ)).data == 1


@paging_off(memory=FailingMemory)
async def test_it_does_not_depend_on_paging(cpu):
    cpu.memory.no_reads = {0x5000}
    await bus_error(cpu, Access(0x5000, 1))
    assert (await cpu.access(Access(0x5008, 1))).fault is None


@with_errors
async def test_it_does_not_drop_the_translation(cpu):
    map_page(cpu)
    cpu.memory.no_reads = {FRAME}
    await bus_error(cpu, READ)
    walks = cpu.events["walk_begun"]
    await bus_error(cpu, READ)
    assert cpu.events["walk_begun"] == walks and not cpu.events["dropped"]


@pytest.mark.parametrize("failing", [WIDE & -8, (WIDE & -8) + 8])
@pytest.mark.parametrize("kind", Kind)
@paging_off(memory=FailingMemory)
async def test_one_of_two_words_is_enough(cpu, kind, failing):
    cpu.memory.no_reads = cpu.memory.no_writes = {failing}
    cpu.memory.write(WIDE, 8, 0x0123_4567_89ab_cdef)
    await bus_error(cpu, Access(WIDE, 8, kind, data=0, compare=0x0123_4567_89ab_cdef))
    assert cpu.memory.read(failing, 8) != 0
    assert not any(transfer.write for transfer in cpu.memory.transfers) or kind is Kind.WRITE


@pytest.mark.parametrize("failing", [WIDE & -8, (WIDE & -8) + 8])
@pytest.mark.parametrize("kind", [Kind.WRITE, Kind.EXCHANGE, Kind.COMPARE_EXCHANGE])
@paging_off(memory=FailingMemory)
async def test_a_store_of_which_one_word_fails_is_told_though_the_other_is_done(
    cpu, kind, failing,
):
    cpu.memory.no_writes = {failing}
    await bus_error(cpu, Access(WIDE, 8, kind, data=(1 << 64) - 1))
    assert cpu.memory.read(failing, 8) == 0
    assert cpu.memory.read(failing ^ 0x1ff8, 8) != 0
    cpu.memory.no_writes = set()
    # What came back of the failing access is not what the next one gets.
    assert (await cpu.access(Access(0x100, 8, Kind.WRITE, data=7))).fault is None
    assert (await cpu.access(Access(0x100, 8))).data == 7


@paging_off(memory=FailingMemory)
async def test_a_locked_access_whose_read_fails_stores_nothing_and_ends_the_lock(cpu):
    cpu.memory.no_reads = {0x5000}
    await bus_error(cpu, Access(0x5000, 8, Kind.EXCHANGE, data=1))
    assert [transfer.write for transfer in cpu.memory.transfers] == [False]
    assert not cpu.ctx.get(cpu.mmu.memory.lock)
    assert not cpu.ctx.get(cpu.mmu.memory.cyc)


# Control operations.

@pytest.mark.slow
@pytest.mark.parametrize("failing", range(4))
@pae_paging(memory=FailingMemory)
async def test_a_write_whose_pdptes_cannot_be_read_is_refused_and_changes_nothing(cpu, failing):
    map_page(cpu, form=PAE_TABLES)
    assert await reach(cpu, READ) == FRAME | LINEAR & 0xfff
    before, walks = cpu.ctx.get(cpu.mmu.control.state.as_value()), cpu.events["walk_begun"]
    for number in range(4):
        cpu.memory.write(ROOT + 8 * number, 8, 0x7000 | P)
    cpu.memory.no_reads = {ROOT + 8 * failing}
    assert await refused(cpu, Register.CR3, ROOT | 0x18)
    assert cpu.events["bus_error"] == 1 and cpu.events["refused"] == 1
    assert cpu.ctx.get(cpu.mmu.control.state.as_value()) == before
    assert await reach(cpu, READ) == FRAME | LINEAR & 0xfff
    assert cpu.events["walk_begun"] == walks
    cpu.memory.no_reads = set()
    assert not await refused(cpu, Register.CR3, ROOT | 0x18)


# Accesses back to back.

async def burst(cpu, accesses, *, chained=frozenset(), ready=lambda cycle: True):
    responses = await cpu.burst(accesses, chained=set(chained), ready=ready)
    return [(response.fault, response.data) for response in responses]


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("latency", [1, 4])
def test_each_response_is_that_of_its_own_access(latency, busy):
    memory = FailingMemory(latency=latency)
    memory.no_reads = {0x5008, 0x5018, 0x5020}
    for word in range(8):
        memory.write(0x5000 + 8 * word, 8, word + 1)

    async def main(cpu):
        found = await burst(cpu, [Access(0x5000 + 8 * word, 8) for word in range(8)],
                            ready=lambda cycle: not busy or cycle % 3 == 0)
        assert found == [(Fault.BUS_ERROR, 0) if 0x5000 + 8 * word in memory.no_reads
                         else (Fault.NONE, word + 1) for word in range(8)]

    bench_of(tlb_entries=4).run(main, memory=memory)


@pytest.mark.slow
@pytest.mark.parametrize("latency", [1, 2, 5])
@pytest.mark.parametrize("outstanding", [1, 4])
def test_what_is_chained_to_it_is_skipped_but_for_what_is_on_the_bus(outstanding, latency):
    memory = FailingMemory(latency=latency)
    memory.no_writes = {0x5010}

    async def main(cpu):
        stores = [Access(0x5000 + 8 * word, 8, Kind.WRITE, data=word + 1) for word in range(16)]
        after  = Access(0x6000, 8, Kind.WRITE, data=1)
        found  = await burst(cpu, [*stores, after], chained=range(1, 16))
        *faults, last = [fault for fault, _ in found]
        assert faults[:3] == [Fault.NONE, Fault.NONE, Fault.BUS_ERROR]
        skipped = faults.index(Fault.SKIPPED)
        assert skipped <= 3 + outstanding
        assert faults[3:skipped] == [Fault.NONE] * (skipped - 3)
        assert faults[skipped:] == [Fault.SKIPPED] * (16 - skipped)
        # Each response tells whether that access was done.
        for word, fault in enumerate(faults):
            assert memory.read(0x5000 + 8 * word, 8) == (word + 1) * (fault is Fault.NONE)
        assert last is Fault.NONE and memory.read(0x6000, 8) == 1

    bench_of(tlb_entries=4, outstanding=outstanding).run(main, memory=memory)


@pytest.mark.slow
@pytest.mark.parametrize("stall", [(), (False, True, True)])
def test_a_chain_is_not_stopped_by_an_error_of_the_one_before(stall):
    # The first chain's error comes when the second is on the bus already.
    memory = FailingMemory(latency=6, stall=stall)
    memory.no_reads = {0x5000}

    async def main(cpu):
        loads = [Access(0x5000 + 8 * word, 8) for word in range(8)]
        found = await burst(cpu, loads, chained=range(2, 8))
        assert [fault for fault, _ in found] == [Fault.BUS_ERROR] + [Fault.NONE] * 7

    bench_of(tlb_entries=4).run(main, memory=memory)


@paging_off(memory=FailingMemory)
async def test_what_is_chained_to_it_is_skipped_though_it_comes_later(cpu):
    cpu.memory.no_reads = {0x5000}
    assert await burst(cpu, [Access(0x5000, 8)]) == [(Fault.BUS_ERROR, 0)]
    await cpu.ctx.tick().repeat(3)
    late = [Access(0x6000 + 8 * word, 8, Kind.WRITE, data=1) for word in range(2)]
    assert await burst(cpu, late, chained={0, 1}) == [(Fault.SKIPPED, 0)] * 2
    assert cpu.memory.read(0x6000, 16) == 0


@pae_paging(memory=FailingMemory)
async def test_what_is_chained_goes_on_though_a_pdpte_could_not_be_read_meanwhile(cpu):
    map_page(cpu, form=PAE_TABLES)
    assert await reach(cpu, READ) == FRAME
    cpu.memory.no_reads = {0x7000}
    assert await refused(cpu, Register.CR3, 0x7000)
    assert await burst(cpu, [READ], chained={0}) == [(Fault.NONE, 0)]


class WatchingMemory(FailingMemory):
    """Memory that sees whether a transfer that it stalls stays as it is."""

    def __init__(self, **parameters):
        super().__init__(**parameters)
        self.held = []

    async def serve(self, ctx, port):
        """Answer the transfers, and watch them."""
        target, last = Target(self), None
        while True:
            for name in ("ack", "err", "dat_r", "stall"):
                ctx.set(getattr(port, name), getattr(target, name))
            _, _, *request = await ctx.tick().sample(
                port.cyc, port.stb, port.we, port.adr, port.sel, port.dat_w)
            if last is not None:
                self.held.append(request == last)
            last = request if request[1] and target.stall else None
            target.step(*request)


@pytest.mark.parametrize("latency", [1, 2, 3])
@pytest.mark.parametrize("stall", [(False, True), (False, True, True, True)])
def test_a_transfer_that_memory_stalls_stays_on_the_bus(stall, latency):
    memory = WatchingMemory(latency=latency, stall=stall)
    memory.no_writes = {0x5000}

    async def main(cpu):
        stores = [Access(0x5000 + 8 * word, 8, Kind.WRITE, data=1) for word in range(6)]
        found  = await burst(cpu, stores, chained=range(1, 6))
        assert found[0][0] is Fault.BUS_ERROR and found[-1][0] is Fault.SKIPPED

    bench_of(tlb_entries=4).run(main, memory=memory)
    assert memory.held and all(memory.held)


@paging_off(memory=FailingMemory)
async def test_a_locked_access_in_a_chain_is_skipped_or_stops_it(cpu):
    cpu.memory.no_reads = {0x5000}
    swap  = Access(0x5000, 8, Kind.EXCHANGE, data=1)
    other = Access(0x6000, 8, Kind.EXCHANGE, data=1)
    found = await burst(cpu, [swap, other, other, other], chained={1, 2})
    assert [fault for fault, _ in found] == [
        Fault.BUS_ERROR, Fault.SKIPPED, Fault.SKIPPED, Fault.NONE]
    found = await burst(cpu, [other, swap, other], chained={1, 2})
    assert [fault for fault, _ in found] == [Fault.NONE, Fault.BUS_ERROR, Fault.SKIPPED]


# Walks.

@every_level
@with_errors
async def test_a_table_that_cannot_be_read_ends_the_access(cpu, level):
    entries = map_page(cpu)
    await cpu.write_control(Register.CR2, 0x1234)
    cpu.memory.no_reads = {entries[level]}
    for access in (READ, *STORES, FETCH):
        await bus_error(cpu, access)
    assert cpu.events["walk_begun"] == cpu.events["walk_ended"] == 4
    assert not cpu.events["filled"] and not cpu.events["page_fault"] and not cpu.events["dropped"]
    assert cpu.memory.read(entries[level], 8) & A == 0
    cpu.memory.no_reads = set()
    assert await reach(cpu, READ) == FRAME


@two_levels(memory=FailingMemory)
async def test_the_same_in_32_bit_paging(cpu):
    *_, pte = map_page(cpu, form=(((22, 10), (12, 10)), 4))
    cpu.memory.no_reads = {pte & -8}
    await bus_error(cpu, READ)
    cpu.memory.no_reads, cpu.memory.no_writes = set(), {pte & -8}
    await bus_error(cpu, READ)


@every_level
@with_errors
async def test_an_accessed_bit_that_cannot_be_stored_ends_the_access(cpu, level):
    entries = map_page(cpu)
    cpu.memory.no_writes = {entries[level]}
    await bus_error(cpu, READ)
    assert cpu.events["accessed[3]"] == (level > 0)
    assert not cpu.events["filled"]
    assert cpu.memory.read(entries[level], 8) & A == 0
    assert not cpu.ctx.get(cpu.mmu.memory.lock)
    cpu.memory.no_writes = set()
    assert await reach(cpu, READ) == FRAME


@with_errors
async def test_the_read_of_an_update_may_fail_too(cpu):
    *_, pte = map_page(cpu)
    cpu.memory.after_read[pte] = lambda: cpu.memory.no_reads.add(pte)
    await bus_error(cpu, READ)
    assert not any(transfer.write for transfer in cpu.memory.transfers
                   if transfer.address == pte)
    assert not cpu.ctx.get(cpu.mmu.memory.lock)


@with_errors
async def test_a_dirty_bit_that_cannot_be_stored_leaves_the_page_and_its_translation(cpu):
    *_, pte = map_page(cpu)
    await reach(cpu, READ)
    cpu.memory.no_writes = {pte}
    await bus_error(cpu, WRITE)
    assert cpu.memory.read(FRAME, 8) == 0 and cpu.memory.read(pte, 8) & D == 0
    assert not cpu.events["dirtied"]
    walks = cpu.events["walk_begun"]
    assert await reach(cpu, READ) == FRAME
    assert cpu.events["walk_begun"] == walks


@with_errors
async def test_what_is_chained_to_a_walk_that_fails_is_skipped(cpu):
    *_, pte = map_page(cpu)
    cpu.memory.no_reads = {pte}
    found = await burst(cpu, [READ, READ, READ, READ], chained={1, 2})
    assert [fault for fault, _ in found] == [
        Fault.BUS_ERROR, Fault.SKIPPED, Fault.SKIPPED, Fault.BUS_ERROR]


@with_errors
async def test_the_walk_of_a_second_page_fails_before_anything_is_stored(cpu):
    map_page(cpu)
    *_, pte = map_page(cpu, FRAME + 0x1000 | P | RW | US, linear=LINEAR + 0x1000)
    cpu.memory.no_reads = {pte}
    await bus_error(cpu, Access(LINEAR + 0xffc, 8, Kind.WRITE, data=(1 << 64) - 1))
    assert cpu.memory.read(FRAME + 0xff8, 8) == 0


@with_errors
async def test_a_page_fault_after_it_is_as_ever(cpu):
    *_, pte = map_page(cpu)
    cpu.memory.no_reads = {pte}
    await bus_error(cpu, READ)
    cpu.memory.no_reads = set()
    cpu.memory.write(pte, 8, PAGE & ~P)
    outcome = await cpu.access(READ)
    assert isinstance(outcome.fault, PageFault) and outcome.fault.error_code == 0
    assert cpu.cr2 == LINEAR


# A memory with an end.

def test_what_is_beyond_the_end_of_memory_does_not_answer():
    async def main(cpu):
        assert (await cpu.access(Access(0x3ff8, 8))).fault is None
        await bus_error(cpu, Access(0x4000, 1))
        await bus_error(cpu, Access(0x3ffc, 8))

    bench_of(tlb_entries=4).run(main, memory=PhysicalMemory(size=0x4000))
