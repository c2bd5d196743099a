"""PAE: root tables of four entries, of which the processor holds a copy."""

import pytest

from sw.arch.x86.include.asm.page import __pa
from sw.arch.x86.include.asm.pgtable import ptep_get, set_pte
from sw.arch.x86.include.asm.pgtable_types import PAGING_PAE
from sw.arch.x86.mm import pgtable
from sw.arch.x86.mm.pgtable import pgd_alloc, pgd_free
from sw.bus import Kind, Register
from sw.errno import Errno, KernelError
from sw.include.linux.mman import MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE
from sw.mm.highmem import kmap, kunmap
from sw.mm.memory import pgtable as tables
from sw.mm.memory.pgtable import pte_alloc
from sw.mm.page_alloc import (
    GFP_HIGHUSER_MOVABLE, GFP_KERNEL, alloc_page, node_zones, nr_free_pages,
)

from .arch_support import booted, new_mm, run, user_task
from .smp_support import Smp, two_threads
from .user_support import boot, runs


MIB, GIB = 1 << 20, 1 << 30

#: An address in the second GiB of a process, where nothing else is.
AT = 0x5000_0000

FIXED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED


def root_of(cpu, pgd):
    """The four entries of a root table."""
    return [run(ptep_get(cpu, pgd + 8 * index)) for index in range(4)]


def test_the_entries_of_a_root_table_have_no_rights_and_are_all_there():
    cpu  = booted(PAGING_PAE)
    root = root_of(cpu, run(pgd_alloc(cpu)))
    assert [entry & 0xFFF for entry in root] == [1] * 4
    assert len(set(root)) == 4
    for entry in root[:3]:
        assert cpu.bus.mmu.memory.page(entry >> 12) == bytes(4096)


def test_root_tables_share_a_frame_and_are_aligned_as_cr3_needs_it():
    cpu = booted(PAGING_PAE)
    mms = [new_mm(cpu) for _ in range(3)]
    assert {mm.pgd >> 12 for mm in mms} == {mms[0].pgd >> 12}
    assert [mm.pgd & 0xFFF for mm in mms] == [0, 32, 64]
    second = user_task(cpu)
    assert run(cpu.read_cr(Register.CR3)) == __pa(cpu, second.pgd) == __pa(cpu, mms[0].pgd) + 96


def test_a_root_table_that_is_free_names_no_table_that_is():
    cpu = booted(PAGING_PAE)
    pgd, _ = run(pgd_alloc(cpu)), run(pgd_alloc(cpu))      # the frame stays in use
    run(pgd_free(cpu, pgd))
    assert root_of(cpu, pgd)[:3] == [0] * 3


def test_root_tables_give_every_frame_back():
    cpu   = booted(PAGING_PAE, 4 * MIB)
    free  = nr_free_pages(cpu)
    roots = [run(pgd_alloc(cpu)) for _ in range(130)]      # 128 to a frame
    assert free - nr_free_pages(cpu) == 2 + 3 * 130
    for pgd in roots[::2] + roots[1::2]:
        run(pgd_free(cpu, pgd))
    assert nr_free_pages(cpu) == free
    again = run(pgd_alloc(cpu))
    assert [entry & 1 for entry in root_of(cpu, again)] == [1] * 4


@pytest.mark.parametrize("left", range(4))
def test_without_memory_for_all_of_it_there_is_no_root_table(left):
    cpu  = booted(PAGING_PAE, 256 << 10)
    keep = []
    while nr_free_pages(cpu) > left:
        keep.append(run(alloc_page(cpu, GFP_KERNEL)))
    with pytest.raises(KernelError) as caught:
        run(pgd_alloc(cpu))
    assert caught.value.errno is Errno.ENOMEM
    assert nr_free_pages(cpu) == left


@runs
async def test_a_directory_that_comes_back_is_seen():
    user = await boot(PAGING_PAE)
    for value in (1, 2, 3):     # the first has the directory that was there from the beginning
        assert await user.mmap(4096, PROT_READ | PROT_WRITE, FIXED, addr=AT) == AT
        await user.store(AT, value)
        assert await user.load(AT) == value
        await user.munmap(AT, 4096)
    assert (await ptep_get(user.cpu, user.task.mm.pgd + 8)) == 0


@pytest.mark.parametrize("forgotten", ["when it comes", "when it goes"])
def test_the_processor_does_not_look_at_the_root_table_again(monkeypatch, forgotten):
    """So a kernel that does not write CR3 faults for ever, or lets a process use freed tables."""
    async def nothing(cpu, mm):
        pass

    async def page_by_page(cpu, mm, start, end, freed_tables=False):
        await flush(cpu, mm, start, start + 4096, freed_tables)

    flush = tables.flush_tlb_mm_range
    if forgotten == "when it comes":
        monkeypatch.setattr(tables, "flush_tlb_mm", nothing)
    else:
        monkeypatch.setattr(tables, "flush_tlb_mm_range", page_by_page)

    cpu = booted(PAGING_PAE)
    mm  = user_task(cpu)
    run(pte_alloc(cpu, mm, AT))
    run(tables.free_pgtables(cpu, mm, AT, AT + 4096, 0, 1 << 32))
    gone = run(ptep_get(cpu, mm.pgd + 8)), cpu.bus.mmu.state.pdptes[1]
    run(pte_alloc(cpu, mm, AT))
    back = run(ptep_get(cpu, mm.pgd + 8)), cpu.bus.mmu.state.pdptes[1]
    if forgotten == "when it comes":
        assert gone == (0, 0) and back[0] != 0 == back[1]
    else:
        assert gone[0] == 0 != gone[1] and back[0] == back[1] != 0


def test_a_change_of_the_root_table_reaches_every_processor():
    async def main(cpu):
        user, thread = await two_threads(cpu)
        for value in (1, 2, 3):
            await user.mmap(4096, PROT_READ | PROT_WRITE, FIXED, addr=AT)
            await user.store(AT, value)
            assert await thread.load(AT) == value
            await user.munmap(AT, 4096)

    Smp(2, PAGING_PAE).run(main)


def test_an_entry_is_never_present_with_half_of_its_frame():
    cpu  = booted(PAGING_PAE)
    mm   = user_task(cpu)
    ptep = run(pte_alloc(cpu, mm, AT))
    cpu.bus.done.clear()
    run(set_pte(cpu, ptep, 0x8000_000F_1234_5067))
    run(pgtable.pmd_clear(cpu, ptep))
    assert [(access.linear - ptep, access.size, access.data) for access in cpu.bus.done] == [
        (4, 4, 0x8000_000F), (0, 4, 0x1234_5067), (0, 4, 0), (4, 4, 0)]
    assert {access.kind for access in cpu.bus.done} == {Kind.WRITE}


def test_frames_above_4_gib_are_used():
    cpu  = booted(PAGING_PAE, 6 * GIB)
    high = node_zones(cpu)[1]
    high.next_pfn = 5 * GIB >> 12      # all below is in use
    page = run(alloc_page(cpu, GFP_HIGHUSER_MOVABLE))
    assert page.pfn << 12 == 5 * GIB
    vaddr = run(kmap(cpu, page))
    run(cpu.store(vaddr, 4, 0xD4A60))
    run(kunmap(cpu, page))
    assert cpu.bus.mmu.memory.read(5 * GIB, 4) == 0xD4A60


@runs
async def test_a_page_above_4_gib_is_a_process_s_like_any_other():
    user = await boot(PAGING_PAE, ram_bytes=6 * GIB)
    node_zones(user.cpu)[1].next_pfn = 5 * GIB >> 12
    at = await user.mmap(8192)
    await user.store(at + 8, 0x1122334455667788)
    await user.mprotect(at, 4096, 0)
    await user.mprotect(at, 4096, PROT_READ)
    child = await user.fork()
    assert await child.load(at + 8) == await user.load(at + 8) == 0x1122334455667788
    assert user.cpu.bus.mmu.memory.read(5 * GIB + 8, 8) == 0x1122334455667788
