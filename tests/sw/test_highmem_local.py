"""kmap_local_page: slots of one processor; and whole pages in high memory."""

import pytest

from sw.arch.x86.include.asm.current import current, pcpu_hot
from sw.arch.x86.mm.highmem_32 import KM_MAX_IDX
from sw.bus import Access, Kind
from sw.include.linux.sched import task_struct
from sw.kernel.cred import cred
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.mm.highmem import (
    clear_highpage, copy_user_highpage, kmap_local_page, kmap_local_sched_in, kmap_local_sched_out,
    kunmap_local,
)
from sw.mm.page_alloc import GFP_KERNEL, alloc_page
from sw.variables import this_cpu_ptr

from .arch_support import run
from .highmem_support import (
    EACH_HIGHMEM, PAGE_KERNEL, TOP, entry, high, high_pages, machine, two_processors,
)


@EACH_HIGHMEM
def test_local_mappings_go_down_from_the_top_and_are_cleared_at_once(paging):
    cpu = machine(paging)
    first, second = high(cpu, 2)
    one = run(kmap_local_page(cpu, first))
    two = run(kmap_local_page(cpu, second))
    assert (one, two) == (TOP - 0x1000, TOP - 0x2000)
    assert entry(cpu, two) == second.pfn << 12 | PAGE_KERNEL[paging]
    run(cpu.store(two, 4, 0xBEEF))
    assert cpu.bus.mmu.memory.read(second.pfn << 12, 4) == 0xBEEF

    run(kunmap_local(cpu, two + 0x123))
    assert cpu.bus.log == [("invlpg", two)]
    assert entry(cpu, two) == 0
    assert run(cpu.bus.access(Access(two, 4))).fault.error_code == 0
    assert run(kmap_local_page(cpu, second)) == two
    assert first.virtual is second.virtual is None


@EACH_HIGHMEM
def test_local_mappings_end_in_reverse_order(paging):
    cpu = machine(paging)
    first, second = high(cpu, 2)
    one = run(kmap_local_page(cpu, first))
    two = run(kmap_local_page(cpu, second))
    with pytest.raises(AssertionError, match="made last"):
        run(kunmap_local(cpu, one))
    run(kunmap_local(cpu, two))
    run(kunmap_local(cpu, one))
    with pytest.raises(AssertionError, match="made last"):
        run(kunmap_local(cpu, one))
    with pytest.raises(AssertionError, match="no kernel address"):
        run(kunmap_local(cpu, 0x1000))


@EACH_HIGHMEM
def test_there_are_16_local_mappings(paging):
    cpu   = machine(paging)
    pages = high(cpu, KM_MAX_IDX + 1)
    for page in pages[:-1]:
        run(kmap_local_page(cpu, page))
    with pytest.raises(AssertionError, match="too many"):
        run(kmap_local_page(cpu, pages[-1]))


@EACH_HIGHMEM
def test_every_processor_has_its_own_slots(paging):
    async def main(cpu):
        page, = await high_pages(cpu)
        mine  = await kmap_local_page(cpu, page)
        its   = await wait_for_completion(cpu, await start_on(
            cpu, smp.cpus[1], lambda other: kmap_local_page(other, page)))
        assert (mine, its) == (TOP - 0x1000, TOP - 0x11000)

    smp = two_processors(paging)
    smp.run(main)


@EACH_HIGHMEM
def test_local_mappings_follow_their_task(paging):
    cpu  = machine(paging)
    mine = current(cpu)
    first, second, foreign = high(cpu, 3)
    one = run(kmap_local_page(cpu, first))
    two = run(kmap_local_page(cpu, second))
    run(kmap_local_sched_out(cpu))
    assert cpu.bus.log == [("invlpg", one), ("invlpg", two)]

    this_cpu_ptr(cpu, pcpu_hot).current_task = task_struct(2, 2, "other", cred())
    run(kmap_local_sched_in(cpu))
    assert run(kmap_local_page(cpu, foreign)) == one
    run(kunmap_local(cpu, one))
    this_cpu_ptr(cpu, pcpu_hot).current_task = mine
    run(kmap_local_sched_in(cpu))
    assert [entry(cpu, at) & 0xFFFF_F000 for at in (one, two)] == [
        page.pfn << 12 for page in (first, second)]
    run(kunmap_local(cpu, two))
    run(kunmap_local(cpu, one))


@EACH_HIGHMEM
def test_pages_are_cleared_and_copied_wherever_they_are(paging):
    cpu   = machine(paging)
    low   = run(alloc_page(cpu, GFP_KERNEL))
    one, two = high(cpu, 2)
    memory   = cpu.bus.mmu.memory
    memory.page(one.pfn)[:] = bytes(i % 251 for i in range(4096))
    for to, from_ in [(two, one), (low, two)]:
        run(copy_user_highpage(cpu, to, from_, 0, None))
        assert memory.page(to.pfn) == memory.page(one.pfn)
    run(clear_highpage(cpu, two))
    assert memory.page(two.pfn) == bytes(4096)
    assert current(cpu).kmap_ctrl.pteval == []
    users = [a for a in cpu.bus.done if a.linear < paging.PAGE_OFFSET]
    assert users == [] and {a.kind for a in cpu.bus.done} == {Kind.READ, Kind.WRITE}
