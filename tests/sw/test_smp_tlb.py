"""Flushes on other processors: who is asked, and for what."""

from functools import partial

import pytest

from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import _PAGE_RW, PAGING_64, PAGING_64_L5
from sw.arch.x86.mm.tlb import (
    flush_tlb_kernel_range, flush_tlb_mm, flush_tlb_mm_range,
    switch_mm,
)
from sw.bus import Register
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.mm.init_mm import init_mm
from sw.mm.pgtable_generic import pte_offset_map
from sw.user import User

from .arch_support import is_lazy, loaded_context, loaded_mm
from .smp_support import THREAD, Holder, Smp, beside, flushes, seeded, two_threads, went_idle


CR3, CR4 = Register.CR3, Register.CR4
KERNEL   = 0xFFFF_C900_0000_0000


def test_only_processors_that_have_the_address_space_are_asked():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        holder = Holder(thread)
        await holder.begin(cpu)
        assert user.task.mm.cpumask == {0, 1}
        smp.forget()
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x2000)
        assert [flushes(bus) for bus in smp.buses] == [[0x1000], [0x1000], [], []]
        assert smp.buses[0].sent == [(1, CALL_FUNCTION_VECTOR)]
        await holder.end(cpu)

    smp = Smp(4)
    smp.run(main)


def test_another_process_is_left_alone():
    async def main(cpu):
        user, stranger = await User.create(cpu), await User.create(cpu)
        holder = Holder(stranger.on(smp.cpus[1]))
        await holder.begin(cpu)
        at = await user.mmap(PAGE_SIZE)
        await user.store(at, 1)
        smp.forget()
        await user.munmap(at, PAGE_SIZE)
        assert smp.buses[0].sent == [] and smp.buses[1].log == []
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


def test_an_address_space_that_is_only_elsewhere_is_flushed_there():
    async def main(cpu):
        stranger = await User.create(cpu)
        holder   = Holder(stranger.on(smp.cpus[1]))
        await holder.begin(cpu)
        smp.forget()
        await flush_tlb_mm_range(cpu, stranger.task.mm, 0x1000, 0x2000)
        assert [flushes(bus) for bus in smp.buses] == [[], [0x1000]]
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


@pytest.mark.parametrize("pages, asked", [
    (1,  [0x1000]),
    (33, [0x1000 + PAGE_SIZE * i for i in range(33)]),
    (34, [CR3]),
])
def test_more_than_33_pages_are_flushed_with_all_the_rest_everywhere(pages, asked):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        holder = Holder(thread)
        await holder.begin(cpu)
        smp.forget()
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x1000 + pages * PAGE_SIZE)
        assert [flushes(bus) for bus in smp.buses] == [asked, asked]
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


@pytest.mark.parametrize("missed, asked", [(0, [0x1000]), (1, [CR3]), (2, [CR3])])
def test_pages_are_flushed_one_by_one_only_by_who_is_one_generation_behind(missed, asked):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        holder = Holder(thread)
        await holder.begin(cpu)
        smp.forget()
        loaded_context(smp.cpus[1]).tlb_gen -= missed
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x2000)
        assert [flushes(bus) for bus in smp.buses] == [[0x1000], asked]
        assert loaded_context(smp.cpus[1]).tlb_gen == user.task.mm.context.tlb_gen
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


@pytest.mark.parametrize("seed", range(30))
def test_two_processors_that_flush_at_the_same_time_are_both_up_to_date(seed):
    async def flush(cpu, mm):
        for turn in range(5):
            await flush_tlb_mm_range(cpu, mm, 0x1000 * turn, 0x1000 * turn + 0x1000)
            assert loaded_context(cpu).tlb_gen >= turn + 1

    async def main(cpu):
        user, thread = await two_threads(cpu)
        mm   = user.task.mm
        done = await beside(thread, lambda: thread._run(lambda: both(thread.cpu, mm)))
        await both(cpu, mm)
        await wait_for_completion(cpu, done)
        assert mm.context.tlb_gen == 11

    async def both(cpu, mm):
        cpu.cpl = 0
        await flush(cpu, mm)

    Smp().run(main, seeded(seed))


def may_write(cpu, mm, linear):
    """True if a processor may store by a translation that it holds; a lazy one flushes first."""
    cached = cpu.bus.mmu.tlb.find(linear, cpu.bus.mmu.state.pcid)
    return (loaded_mm(cpu) is mm and not is_lazy(cpu)
            and cached is not None and cached.rights.writable)


@pytest.mark.parametrize("paging, count", [(PAGING_64, 2), (PAGING_64, 3), (PAGING_64_L5, 2)])
@pytest.mark.parametrize("seed", range(16))
def test_no_flush_is_lost_to_another_one_that_is_under_way(paging, count, seed):
    """Each takes a right from a page of its own; then nobody has it, whatever the others flush.

    A processor that is asked for the first flush, but sees that there is a second, must not do
    the first alone and count both as done.
    """
    async def changes(user, at, turns):
        cpu, mm = user.cpu, user.task.mm
        ptep    = await pte_offset_map(cpu, mm, at)
        for _ in range(turns):
            pte = await ptep_get(cpu, ptep)
            await set_pte(cpu, ptep, pte & ~_PAGE_RW)
            await flush_tlb_mm_range(cpu, mm, at, at + PAGE_SIZE)
            assert not any(may_write(other, mm, at) for other in smp.cpus)
            await set_pte(cpu, ptep, pte)
            for page in pages:
                await cpu.load(page, 8)

    async def program(user, at):
        async def begin():
            user.cpu.cpl = 0    # the changes are the kernel's, in the address space of the program
            await user.cpu.stac()
            try:
                await changes(user, at, 6)
            finally:
                await user.cpu.clac()
        await user._run(begin)

    async def main(cpu):
        user  = await User.create(cpu)
        start = await user.mmap(count * PAGE_SIZE)
        pages.extend(range(start, start + count * PAGE_SIZE, PAGE_SIZE))
        for page in pages:
            await user.store(page, 1)
        others = [(await user.clone(THREAD)).on(other) for other in smp.cpus[1:]]
        done   = [await beside(other, partial(program, other, page))
                  for other, page in zip(others, pages[1:], strict=True)]
        await program(user, pages[0])
        for other in done:
            await wait_for_completion(cpu, other)

    pages = []
    smp   = Smp(count, paging)
    smp.run(main, seeded(seed, count))


# The kernel's own pages

@pytest.mark.parametrize("pages, asked", [
    (3,  [KERNEL, KERNEL + PAGE_SIZE, KERNEL + 2 * PAGE_SIZE]),
    (34, [CR4, CR4]),
])
def test_kernel_pages_are_flushed_on_every_processor_lazy_or_not(pages, asked):
    async def main(cpu):
        _, thread = await two_threads(cpu)
        await went_idle(cpu, smp, thread)
        await flush_tlb_kernel_range(cpu, KERNEL, KERNEL + pages * PAGE_SIZE)
        assert [flushes(bus) for bus in smp.buses] == [asked] * 3
        assert is_lazy(smp.cpus[1])

    smp = Smp(3)
    smp.run(main)


# A flush that meets a change of the address space

@pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5], ids=lambda paging: paging.name)
@pytest.mark.parametrize("seed", range(60))
def test_a_flush_is_not_lost_by_a_processor_that_just_loads_the_address_space(seed, paging):
    """It is asked, or it sees the generation, before the flush is over."""
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(PAGE_SIZE)
        await user.store(at, 1)
        mm, other  = user.task.mm, smp.cpus[1]
        stop, over = [], [0]

        async def flips(other):
            while not stop:
                await switch_mm(other, None, mm)
                assert loaded_context(other).tlb_gen >= over[-1]
                await switch_mm(other, None, init_mm(other))

        done = await start_on(cpu, other, flips)
        for _ in range(20):
            await flush_tlb_mm(cpu, mm)
            over.append(mm.context.tlb_gen)
        stop.append(True)
        await wait_for_completion(cpu, done)
        assert mm.cpumask == {0}

    smp = Smp(2, paging)
    smp.run(main, seeded(seed))
