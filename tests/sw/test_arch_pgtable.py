"""Page-table entries as values, and page tables in memory."""

import pytest

from sw.arch.x86.include.asm.page import __va, virt_to_page
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pfn_pte, pte_dirty, pte_mkclean, pte_mkdirty, pte_mkold, pte_mkspecial, pte_mkwrite,
    pte_mkyoung, pte_modify, pte_none, pte_pfn, pte_present, pte_protnone, pte_special, pte_write,
    pte_wrprotect, pte_young, ptep_get, ptep_get_and_clear, ptep_set_access_flags,
    ptep_set_wrprotect, set_pte, set_pte_at,
)
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE, vm_get_page_prot,
)
from sw.arch.x86.mm.pgtable import kernel_pgd_indices, pgd_alloc, pgd_free
from sw.arch.x86.mm.tlb import switch_mm
from sw.bus import Access, Kind
from sw.era import ERA_5_X
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_EXEC, VM_NONE, VM_READ, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import page
from sw.kconfig import kconfig
from sw.mm.init_mm import init_mm
from sw.mm.memory.pgtable import free_pgtables, pte_alloc
from sw.mm.page_alloc import GFP_KERNEL, alloc_page, nr_free_pages
from sw.mm.pagewalk import walk_page_range
from sw.mm.pgtable_generic import pte_offset_map
from sw.processor.strings import load_bytes

from .arch_support import EACH_PAGING, add_vma, booted, run, user_task


R, W, X, S = VM_READ, VM_WRITE, VM_EXEC, VM_SHARED

#: Bits of an entry, from the manual.
P, RW, US, A, D, G, XD = 1, 2, 4, 0x20, 0x40, 0x100, 1 << 63
SAVED_64, SAVED_32     = 1 << 58, 1 << 10


@pytest.mark.parametrize("vm_flags, prot", [
    (VM_NONE,   G | A),
    (S,         G | A),
    (R,         P | US | A | XD),
    (W,         P | US | A | XD),
    (R | W,     P | US | A | XD),
    (X,         P | US | A),
    (R | W | X, P | US | A),
    (R | S,     P | US | A | XD),
    (W | S,     P | US | A | XD | RW),
    (R | W | S, P | US | A | XD | RW),
    (R | X | S, P | US | A),
    (W | X | S, P | US | A | RW),
])
def test_protection_of_a_mapping(vm_flags, prot):
    assert vm_get_page_prot(PAGING_64, vm_flags) == prot
    assert vm_get_page_prot(PAGING_64_L5, vm_flags) == prot
    assert vm_get_page_prot(PAGING_PAE, vm_flags) == prot
    assert vm_get_page_prot(PAGING_32, vm_flags) == prot & ~XD


@pytest.mark.parametrize("paging, saved", [
    (PAGING_64, SAVED_64), (PAGING_64_L5, SAVED_64), (PAGING_32, SAVED_32), (PAGING_PAE, SAVED_32),
])
def test_a_read_only_entry_is_never_dirty_in_hardware(paging, saved):
    cpu   = booted(paging)
    vma   = add_vma(cpu, init_mm(cpu), 0x1000, 0x2000, R | W)
    entry = pfn_pte(paging, 0x123, P | US | A)
    dirty = pte_mkdirty(paging, entry)
    assert dirty == entry | saved
    assert pte_dirty(paging, dirty)
    writable = pte_mkwrite(paging, dirty, vma)
    assert writable == entry | D | RW
    assert pte_wrprotect(paging, writable) == dirty
    assert pte_mkclean(paging, dirty) == pte_mkclean(paging, writable) & ~RW == entry


def test_before_6_6_a_read_only_entry_may_be_dirty():
    paging = kconfig(booted(era=ERA_5_X)).paging
    entry  = pfn_pte(paging, 0x123, P | US | A)
    assert pte_mkdirty(paging, entry) == entry | D
    assert pte_wrprotect(paging, entry | D | RW) == entry | D


@pytest.mark.parametrize("paging", [PAGING_64, PAGING_64_L5, PAGING_PAE])
def test_a_protnone_entry_names_no_frame_that_exists(paging):
    none  = vm_get_page_prot(paging, VM_NONE)
    entry = pfn_pte(paging, 0x123, none)
    assert entry & 0xF_FFFF_FFFF_F000 == ~0x12_3000 & 0xF_FFFF_FFFF_F000
    assert pte_pfn(paging, entry) == 0x123
    assert pte_present(entry) and pte_protnone(entry) and not entry & P


def test_a_protnone_entry_of_4_bytes_names_its_frame():
    none = vm_get_page_prot(PAGING_32, VM_NONE)
    assert pte_pfn(PAGING_32, pfn_pte(PAGING_32, 0x123, none)) == 0x123
    assert pfn_pte(PAGING_32, 0x123, none) >> 12 == 0x123


@EACH_PAGING
def test_modifying_protection_keeps_the_frame_and_what_happened(paging):
    none, read, shared = (vm_get_page_prot(paging, flags) for flags in (0, R, R | W | S))
    before = pte_mkspecial(pfn_pte(paging, 0x123, shared) | D)
    hidden = pte_modify(paging, before, none)
    assert pte_protnone(hidden)
    assert pte_pfn(paging, hidden) == 0x123 and pte_dirty(paging, hidden) and pte_young(hidden)
    assert not hidden & D
    shown = pte_modify(paging, hidden, read)
    assert pte_pfn(paging, shown) == 0x123 and pte_special(shown) and not pte_write(shown)
    assert pte_dirty(paging, shown) and not shown & D
    assert pte_modify(paging, shown, shared) == before


@EACH_PAGING
def test_an_entry_without_a_frame_is_empty_even_if_used(paging):
    assert pte_none(0) and pte_none(A | D) and not pte_none(pfn_pte(paging, 0, P))
    assert pte_young(pte_mkyoung(P)) and not pte_young(pte_mkold(P | A))


def test_a_processor_without_nx_gets_no_such_bit():
    paging = kconfig(booted(nx=False)).paging
    assert vm_get_page_prot(paging, R) == P | US | A
    assert mk_pte(paging, page(5), P | XD) == 0x5000 | P


@pytest.mark.parametrize("paging, tables", [
    (PAGING_64, 3), (PAGING_64_L5, 4), (PAGING_32, 1),
    (PAGING_PAE, 1),   # the directory is there from the beginning
])
def test_an_entry_is_where_the_processor_looks_for_it(paging, tables):
    cpu  = booted(paging)
    mm   = user_task(cpu)
    addr = 0x4567_8000
    assert run(pte_offset_map(cpu, mm, addr)) is None
    free  = nr_free_pages(cpu)
    ptep  = run(pte_alloc(cpu, mm, addr))
    assert free - nr_free_pages(cpu) == tables
    assert run(pte_offset_map(cpu, mm, addr)) == run(pte_alloc(cpu, mm, addr)) == ptep
    assert free - nr_free_pages(cpu) == tables

    frame = run(alloc_page(cpu, GFP_KERNEL))
    entry = mk_pte(kconfig(cpu).paging, frame, vm_get_page_prot(kconfig(cpu).paging, R | W | S))
    run(set_pte_at(cpu, mm, addr, ptep, entry))
    answer = run(cpu.bus.access(Access(addr + 0xABC, 4, Kind.WRITE, user=True, data=77)))
    assert answer.fault is None
    assert cpu.bus.mmu.memory.read((frame.pfn << 12) + 0xABC, 4) == 77
    assert run(ptep_get(cpu, ptep)) == entry | D
    assert run(ptep_get_and_clear(cpu, mm, addr, ptep)) == entry | D
    assert run(ptep_get(cpu, ptep)) == 0


@EACH_PAGING
def test_tables_are_empty_whatever_their_frames_held(paging):
    cpu  = booted(paging)
    mm   = user_task(cpu)
    ptep = run(pte_alloc(cpu, mm, 0x4000_0000))
    size = paging.entry_size
    root = mm.pgd
    if paging.X86_PAE:   # the root is full from the beginning, and what it names is empty
        root = __va(cpu, run(ptep_get(cpu, mm.pgd + 8)) & ~0xFFF)
    for table in {ptep & ~0xFFF, root}:
        user = 4096 if table != mm.pgd else paging.index(paging.shifts[0], paging.TASK_SIZE) * size
        entries = run(load_bytes(cpu, table, user))
        assert sum(entries[i:i + size] != bytes(size) for i in range(0, user, size)) <= 1


@EACH_PAGING
def test_all_address_spaces_share_the_kernels_half(paging):
    cpu = booted(paging, 1 << 20, highmem_bytes=(1 << 19 if paging.PKMAP_BASE else None))
    mm  = user_task(cpu)
    assert kernel_pgd_indices(cpu)
    for index in kernel_pgd_indices(cpu):
        offset = index * paging.entry_size
        assert run(ptep_get(cpu, mm.pgd + offset)) == run(
            ptep_get(cpu, init_mm(cpu).pgd + offset)) != 0


def test_without_memory_for_a_table_there_is_no_entry():
    cpu = booted(PAGING_64, 256 << 10)
    mm  = user_task(cpu)
    while nr_free_pages(cpu) > 2:
        run(alloc_page(cpu, GFP_KERNEL))
    with pytest.raises(KernelError) as caught:
        run(pte_alloc(cpu, mm, 0x1000))
    assert caught.value.errno is Errno.ENOMEM


@EACH_PAGING
def test_a_walk_finds_what_is_mapped_in_the_range_and_nothing_else(paging):
    cpu   = booted(paging)
    mm    = user_task(cpu)
    table = 1 << paging.shifts[-2]
    pages = [0x1000, table - PAGE_SIZE, table, 3 * table + 0x5000, 0x8000_0000]
    for number, addr in enumerate(pages):
        ptep = run(pte_alloc(cpu, mm, addr))
        run(set_pte(cpu, ptep, pfn_pte(kconfig(cpu).paging, number + 1, P | US)))
    found = run(walk_page_range(cpu, mm, 0x1000, 0x8000_1000))
    assert [addr for addr, _, _ in found] == pages
    assert all(ptep == run(pte_offset_map(cpu, mm, addr)) for addr, ptep, _ in found)
    assert [pte >> 12 for _, _, pte in found] == [1, 2, 3, 4, 5]
    assert run(walk_page_range(cpu, mm, 0x2000, table))[0][0] == table - PAGE_SIZE
    assert run(walk_page_range(cpu, mm, table + PAGE_SIZE, 3 * table)) == []
    assert run(walk_page_range(cpu, mm, 0x1000, 0x1000)) == []


@EACH_PAGING
def test_a_table_is_freed_only_if_no_neighbour_uses_it(paging):
    cpu   = booted(paging)
    mm    = user_task(cpu)
    table = 1 << paging.shifts[-2]
    before = nr_free_pages(cpu)
    for addr in (table, 2 * table):
        run(pte_alloc(cpu, mm, addr))
    tables = before - nr_free_pages(cpu)

    start, end = table + 0x3000, 2 * table + 0x3000
    run(free_pgtables(cpu, mm, start, end, table + 0x1000, 2 * table + 0x8000))
    assert before - nr_free_pages(cpu) == tables
    run(free_pgtables(cpu, mm, start, end, 0x1000, 2 * table + 0x8000))
    assert before - nr_free_pages(cpu) == tables - 1
    assert run(pte_offset_map(cpu, mm, table)) is None
    assert run(pte_offset_map(cpu, mm, 2 * table)) is not None
    run(free_pgtables(cpu, mm, start, end, 0, 1 << 48))
    assert nr_free_pages(cpu) == before + paging.X86_PAE   # with a directory that was there before


def test_freeing_the_whole_address_space_gives_every_table_back():
    cpu  = booted()
    free = nr_free_pages(cpu)
    mm   = user_task(cpu)
    for addr in (0x1000, 0x4000_0000, 0x7FFF_FFFF_E000):
        run(pte_alloc(cpu, mm, addr))
    cpu.bus.log.clear()
    run(free_pgtables(cpu, mm, 0x1000, PAGING_64.TASK_SIZE, 0, 1 << 47))
    assert cpu.bus.log, "the processor may hold freed tables in its caches"
    run(switch_mm(cpu, mm, init_mm(cpu)))
    run(pgd_free(cpu, mm.pgd))
    assert nr_free_pages(cpu) == free


def test_the_root_table_in_use_is_not_freed():
    cpu = booted()
    mm  = user_task(cpu)
    with pytest.raises(AssertionError, match="CR3"):
        run(pgd_free(cpu, mm.pgd))
    other = run(pgd_alloc(cpu))
    run(pgd_free(cpu, other))
    assert virt_to_page(cpu, other).refcount == 0


@pytest.mark.parametrize("paging, saved", [
    (PAGING_64, SAVED_64), (PAGING_64_L5, SAVED_64), (PAGING_32, SAVED_32), (PAGING_PAE, SAVED_32),
])
def test_write_protection_loses_no_dirty_bit_that_is_set_meanwhile(paging, saved):
    cpu   = booted(paging)
    mm    = user_task(cpu)
    ptep  = run(pte_alloc(cpu, mm, 0x1000))
    entry = pfn_pte(paging, 0x50, P | RW | US | A)
    run(set_pte(cpu, ptep, entry))
    plain = cpu.bus.access

    async def write_in_between(access):
        answer = await plain(access)
        if access.linear == ptep and access.kind is Kind.READ:
            await plain(Access(0x1000, 1, Kind.WRITE, user=True))
        return answer

    cpu.bus.access = write_in_between
    run(ptep_set_wrprotect(cpu, mm, 0x1000, ptep))
    assert run(plain(Access(ptep, paging.entry_size))).data == (entry & ~RW) | saved


def test_access_flags_are_set_for_writes_only():
    cpu  = booted()
    mm   = user_task(cpu)
    vma  = add_vma(cpu, mm, 0x1000, 0x2000, R | W)
    ptep = run(pte_alloc(cpu, mm, 0x1000))
    old, new = pfn_pte(PAGING_64, 5, P | US), pfn_pte(PAGING_64, 5, P | US | RW | A | D)
    run(set_pte(cpu, ptep, old))
    assert run(ptep_set_access_flags(cpu, vma, 0x1000, ptep, new, False)) is True
    assert run(ptep_get(cpu, ptep)) == old
    assert run(ptep_set_access_flags(cpu, vma, 0x1000, ptep, new, True)) is True
    assert run(ptep_set_access_flags(cpu, vma, 0x1000, ptep, new, True)) is False
    assert run(ptep_get(cpu, ptep)) == new
