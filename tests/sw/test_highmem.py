"""kmap: a window to high memory that all processors see."""

import pytest

from sw.arch.x86.include.asm.processor import cpu_relax
from sw.arch.x86.mm.highmem_32 import highmem
from sw.bus import Access, Register
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.kernel.sched.sched import runqueues
from sw.mm.highmem import kmap, kmap_local_page, kunmap, kunmap_local, page_address
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, GFP_KERNEL, alloc_page, put_page
from sw.variables import per_cpu_ptr

from .arch_support import EACH_PAGING, booted, run
from .highmem_support import (
    EACH_HIGHMEM, PAGE_KERNEL, SLOTS, WINDOW, entry, high, high_pages, machine, two_processors,
)


@EACH_PAGING
def test_a_frame_of_the_linear_map_needs_no_slot(paging):
    cpu  = booted(paging)
    page = run(alloc_page(cpu, GFP_KERNEL))
    cpu.bus.done.clear()
    address = paging.PAGE_OFFSET + (page.pfn << 12)
    assert run(kmap(cpu, page)) == run(kmap_local_page(cpu, page)) == address
    assert page_address(cpu, page) == address
    run(kunmap(cpu, page))
    run(kunmap_local(cpu, address + 5))
    assert cpu.bus.done == [] and cpu.bus.log == []


@EACH_HIGHMEM
def test_kmap_makes_one_entry_and_the_frame_is_there(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    vaddr = run(kmap(cpu, page))
    assert vaddr == WINDOW[paging] + 0x1000 == page_address(cpu, page)
    assert len(cpu.bus.done) == paging.X86_PAE + 1   # an entry of 8 bytes in two halves
    assert entry(cpu, vaddr) == page.pfn << 12 | PAGE_KERNEL[paging]
    run(cpu.store(vaddr + 0x10, 4, 0xCAFE))
    assert cpu.bus.mmu.memory.read((page.pfn << 12) + 0x10, 4) == 0xCAFE
    assert run(cpu.bus.access(Access(vaddr, 1, user=True))).fault.error_code == 0b101


@EACH_HIGHMEM
def test_a_frame_has_one_slot_however_often_it_is_mapped(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    assert run(kmap(cpu, page)) == run(kmap(cpu, page))
    assert highmem(cpu).pkmap_count[1] == 3
    assert len(cpu.bus.done) == paging.X86_PAE + 1


@EACH_HIGHMEM
def test_kunmap_changes_no_entry_and_flushes_nothing(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    vaddr = run(kmap(cpu, page))
    run(cpu.store(vaddr, 4, 7))
    cpu.bus.done.clear()
    run(kunmap(cpu, page))
    assert cpu.bus.done == [] and cpu.bus.log == []
    assert highmem(cpu).pkmap_count[1] == 1
    put_page(cpu, page)
    assert run(cpu.load(vaddr, 4)) == 7   # stale, and still there
    again = run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE))
    cpu.bus.done.clear()
    assert again is page and run(kmap(cpu, again)) == vaddr
    assert cpu.bus.done == []


@EACH_HIGHMEM
def test_slots_are_used_in_turn_and_flushed_together_when_they_run_out(paging):
    cpu   = machine(paging)
    pages = high(cpu, SLOTS[paging] + 12)
    kept  = pages[10]
    assert run(kmap(cpu, kept)) == WINDOW[paging] + 0x1000
    for slot, page in enumerate(pages[11:11 + SLOTS[paging] - 2], start=2):
        assert run(kmap(cpu, page)) == WINDOW[paging] + slot * 0x1000
        run(cpu.load(page.virtual, 4))
        run(kunmap(cpu, page))
    assert cpu.bus.log == []

    new = pages[0]
    assert run(kmap(cpu, new)) == WINDOW[paging]
    assert [op[1] for op in cpu.bus.log] == [Register.CR4, Register.CR4]
    assert highmem(cpu).pkmap_count == [2, 2] + [0] * (SLOTS[paging] - 2)
    assert page_address(cpu, kept) == WINDOW[paging] + 0x1000
    for slot, page in enumerate(pages[11:11 + SLOTS[paging] - 2], start=2):
        assert page.virtual is None and entry(cpu, WINDOW[paging] + slot * 0x1000) == 0
        assert run(cpu.bus.access(Access(WINDOW[paging] + slot * 0x1000, 4))).fault is not None

    cpu.bus.log.clear()
    run(kunmap(cpu, new))
    assert run(kmap(cpu, pages[1])) == WINDOW[paging] + 2 * 0x1000   # slot 1 is still in use
    assert cpu.bus.log == []


@EACH_HIGHMEM
def test_a_wrap_without_unused_entries_flushes_nothing(paging):
    cpu   = machine(paging)
    pages = high(cpu, SLOTS[paging])
    for page in pages:
        run(kmap(cpu, page))
    assert cpu.bus.log == []
    assert sorted(page.virtual for page in pages) == [WINDOW[paging] + i * 0x1000
                                                      for i in range(SLOTS[paging])]


@EACH_HIGHMEM
def test_with_all_slots_in_use_and_nobody_to_free_one_the_kernel_says_so(paging):
    cpu   = machine(paging)
    pages = high(cpu, SLOTS[paging] + 1)
    for page in pages[:-1]:
        run(kmap(cpu, page))
    with pytest.raises(AssertionError, match="would sleep for ever"):
        run(kmap(cpu, pages[-1]))
    assert highmem(cpu).kmap_lock.holder is None


@EACH_HIGHMEM
def test_too_many_kunmaps_are_caught(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    with pytest.raises(AssertionError, match="not mapped"):
        run(kunmap(cpu, page))


@EACH_HIGHMEM
def test_a_kunmap_that_nobody_asked_for_is_caught(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    run(kmap(cpu, page))
    run(kunmap(cpu, page))
    with pytest.raises(AssertionError, match="too often"):
        run(kunmap(cpu, page))


async def all_slots_used(cpu, slots):
    """Map a frame in each slot. Returns these frames, and one more."""
    pages = await high_pages(cpu, slots + 1)
    for page in pages[:-1]:
        await kmap(cpu, page)
    return pages


async def asleep(cpu, other):
    """Wait until another processor waits for a slot."""
    while other not in highmem(cpu).pkmap_map_wait.waiters:
        await cpu_relax(cpu)


@EACH_HIGHMEM
def test_who_waits_for_a_slot_is_woken_by_the_last_kunmap(paging):
    async def main(cpu):
        pages = await all_slots_used(cpu, SLOTS[paging])
        await kmap(cpu, pages[5])
        done = await start_on(cpu, other, lambda other: kmap(other, pages[-1]))
        await asleep(cpu, other)
        assert per_cpu_ptr(runqueues, other).sleeping
        await kunmap(cpu, pages[5])      # one of its two users
        assert per_cpu_ptr(runqueues, other).sleeping
        vaddr = pages[5].virtual
        smp.forget()
        await kunmap(cpu, pages[5])
        assert not per_cpu_ptr(runqueues, other).sleeping
        assert await wait_for_completion(cpu, done) == vaddr == pages[-1].virtual
        assert pages[5].virtual is None
        for bus in smp.buses:            # the slot has another frame
            assert [op[1] for op in bus.log if op[:2] == ("write", Register.CR4)]
        assert await cpu.load(vaddr, 4) == cpu.bus.mmu.memory.read(pages[-1].pfn << 12, 4)

    smp   = two_processors(paging)
    other = smp.cpus[1]
    smp.run(main)


@EACH_HIGHMEM
def test_who_was_woken_uses_the_slot_that_another_made_meanwhile(paging):
    async def main(cpu):
        pages = await all_slots_used(cpu, SLOTS[paging])
        done  = await start_on(cpu, smp.cpus[1], lambda other: kmap(other, pages[-1]))
        await asleep(cpu, smp.cpus[1])
        await kunmap(cpu, pages[7])
        vaddr = await kmap(cpu, pages[-1])
        assert await wait_for_completion(cpu, done) == vaddr
        assert highmem(cpu).pkmap_count[(vaddr - WINDOW[paging]) >> 12] == 3

    smp = two_processors(paging)
    smp.run(main)


@EACH_HIGHMEM
def test_when_all_processors_sleep_the_kernel_says_so(paging):
    async def main(cpu):
        pages = await all_slots_used(cpu, SLOTS[paging])
        await start_on(cpu, smp.cpus[1], lambda other: kmap(other, pages[-1]))
        await asleep(cpu, smp.cpus[1])
        await kmap(cpu, (await high_pages(cpu))[0])

    smp = two_processors(paging)
    with pytest.raises(AssertionError, match="would sleep for ever"):
        smp.run(main)


@EACH_HIGHMEM
def test_each_step_is_marked(paging):
    cpu   = machine(paging)
    page, = high(cpu)
    cpu.bus.marks.clear()
    run(kmap(cpu, page))
    run(kunmap(cpu, page))
    assert cpu.bus.marks == [
        ("kmap",), ("kmap", "kmap_high"), ("kmap", "kmap_high", "map_new_virtual"),
        ("kmap", "kmap_high"), ("kmap",), (),
        ("kunmap",), ("kunmap", "kunmap_high"), ("kunmap",), (),
    ]
