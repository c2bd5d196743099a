"""Processors that keep an address space which they do not use: no flush until it matters."""

import pytest

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.mm.tlb import flush_tlb_mm_range
from sw.bus import Register
from sw.kernel.kthread import kthread_create, kthread_unuse_mm, kthread_use_mm
from sw.kernel.sched.core import context_switch
from sw.mm.init_mm import init_mm
from sw.user import User

from .arch_support import idle_task, is_lazy, loaded_mm
from .smp_support import Holder, Smp, flushes, seeded, two_threads, went_idle


CR3 = Register.CR3


def test_a_processor_that_went_idle_is_not_asked_and_catches_up():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(PAGE_SIZE)
        await user.store(at, 1)
        await went_idle(cpu, smp, thread)
        assert user.task.mm.cpumask == {0, 1}
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x2000)
        assert smp.buses[0].sent == [] and flushes(smp.buses[1]) == []

        holder = Holder(thread)
        await holder.begin(cpu)
        assert flushes(smp.buses[1]) == [CR3]
        assert not is_lazy(smp.cpus[1])
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


def test_a_processor_that_went_idle_and_missed_nothing_keeps_its_translations():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await went_idle(cpu, smp, thread)
        holder = Holder(thread)
        await holder.begin(cpu)
        assert flushes(smp.buses[1]) == []
        await holder.end(cpu)

    smp = Smp()
    smp.run(main)


def test_freed_tables_are_for_lazy_processors_too_and_end_their_laziness():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        await went_idle(cpu, smp, thread)
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x2000, freed_tables=True)
        assert smp.buses[0].sent == [(1, CALL_FUNCTION_VECTOR)]
        assert flushes(smp.buses[1]) == [CR3]
        assert loaded_mm(smp.cpus[1]) is init_mm(smp.cpus[0])
        assert user.task.mm.cpumask == {0}
        smp.forget()
        await flush_tlb_mm_range(cpu, user.task.mm, 0x1000, 0x2000, freed_tables=True)
        assert smp.buses[0].sent == []

    smp = Smp()
    smp.run(main)


@pytest.mark.parametrize("paging_tables", [True, False])
def test_munmap_asks_lazy_processors_only_if_it_frees_a_table(paging_tables):
    async def main(cpu):
        user, thread = await two_threads(cpu)
        at = await user.mmap(2 * PAGE_SIZE)
        await user.store(at, 1)
        await user.store(at + PAGE_SIZE, 1)
        await went_idle(cpu, smp, thread)
        await user.munmap(at, (2 if paging_tables else 1) * PAGE_SIZE)
        asked = [(1, CALL_FUNCTION_VECTOR)] if paging_tables else []
        assert smp.buses[0].sent == asked

    smp = Smp()
    smp.run(main)


@pytest.mark.parametrize("seed", range(20))
def test_a_root_table_is_freed_only_when_no_idle_processor_has_it(seed):
    async def main(cpu):
        stranger = await User.create(cpu)
        other    = stranger.on(smp.cpus[1])
        at = await stranger.mmap(PAGE_SIZE)
        await stranger.store(at, 1)
        await context_switch(cpu, current(cpu), idle_task(cpu))
        mm = stranger.task.mm
        await went_idle(cpu, smp, other)
        await stranger.exit()
        await context_switch(cpu, current(cpu), idle_task(cpu))
        assert mm.mm_users == 0
        assert loaded_mm(smp.cpus[1]) is init_mm(cpu)  # the last table it would walk has gone
        user   = await User.create(cpu)
        holder = Holder(user.on(smp.cpus[1]))
        await holder.begin(cpu)
        await holder.end(cpu)
        await user.load(await user.mmap(PAGE_SIZE))
        assert mm.mm_count == 0

    smp = Smp()
    smp.run(main, seeded(seed))


def test_a_kernel_thread_that_borrows_an_address_space_is_lazy_until_it_uses_it():
    async def main(cpu):
        user    = await User.create(cpu)
        kthread = kthread_create(cpu, "kworker")
        await user.mmap(PAGE_SIZE)
        mm = user.task.mm
        await context_switch(cpu, current(cpu), kthread)
        assert is_lazy(cpu) and loaded_mm(cpu) is mm
        await kthread_use_mm(cpu, mm)
        assert not is_lazy(cpu)
        await kthread_unuse_mm(cpu, mm)
        assert is_lazy(cpu) and cpu.interrupts_enabled

    Smp(1).run(main)
