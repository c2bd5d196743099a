"""Huge pages mapped by small entries instead: the frames stay, and stay one compound page.

Ref: Linux 6.12, mm/huge_memory.c (__split_huge_pmd, vma_adjust_trans_huge).

The compound page itself is never split: its memory is free again when all of it is unmapped.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page import page_to_virt
from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pfn_pte, pmd_leaf, pmd_populate, pte_dirty, pte_mkdirty, pte_mkold, pte_mkspecial,
    pte_mkwrite, pte_page, pte_write, pte_young, ptep_get, set_pte,
)
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import folio_pages, page, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.page_alloc import folio_ref_add
from sw.mm.pgtable_generic import (
    pgtable_trans_huge_withdraw, pmdp_huge_clear_flush, pmdp_invalidate, pte_unmap_unlock,
)
from sw.mm.rmap import folio_add_anon_rmap_ptes, folio_remove_rmap_pmd
from sw.processor.cpu import Cpu

from .fault import haddr_of
from .zero import is_huge_zero_pmd


__all__ = ["__split_huge_pmd", "vma_adjust_trans_huge"]


async def _small_entries(cpu: Cpu, vma: vm_area_struct, haddr: int, pmdp: int) -> list[int]:
    """Take the huge page's entry out, for all processors; return what maps the same by pages."""
    paging = kconfig(cpu).paging
    if is_huge_zero_pmd(cpu, await ptep_get(cpu, pmdp)):
        await pmdp_huge_clear_flush(cpu, vma, haddr, pmdp)
        entry = pfn_pte(paging, empty_zero_page(cpu).pfn, vma.vm_page_prot)
        return [pte_mkspecial(entry)] * paging.HPAGE_PMD_NR

    old_pmd = await pmdp_invalidate(cpu, vma, haddr, pmdp)
    folio   = pte_page(cpu, old_pmd)
    pages   = folio_pages(folio)
    folio_ref_add(cpu, folio, paging.HPAGE_PMD_NR - 1)
    folio_add_anon_rmap_ptes(pages, vma, folio.anon_exclusive)
    folio_remove_rmap_pmd(folio, vma)

    def small(pg: page) -> int:
        entry = mk_pte(paging, pg, vma.vm_page_prot)
        if pte_write(old_pmd):
            entry = pte_mkwrite(paging, entry, vma)
        if not pte_young(old_pmd):
            entry = pte_mkold(entry)
        return pte_mkdirty(paging, entry) if pte_dirty(paging, old_pmd) else entry

    return [small(pg) for pg in pages]


@traced
async def __split_huge_pmd(cpu: Cpu, vma: vm_area_struct, pmdp: int, address: int) -> None:
    """Map the huge page at ``address`` by a page table, if it is a huge page still.

    Between its translation and the small ones there is a moment with none: a processor never holds
    both.
    """
    mm, haddr = vma.vm_mm, haddr_of(cpu, address)
    await spin_lock(cpu, pte_lockptr(mm))
    if pmd_leaf(await ptep_get(cpu, pmdp)):
        entries = await _small_entries(cpu, vma, haddr, pmdp)
        pgtable = pgtable_trans_huge_withdraw(mm)
        table   = page_to_virt(cpu, pgtable)
        size    = PAGE_SIZE // len(entries)
        for number, entry in enumerate(entries):
            await set_pte(cpu, table + number * size, entry)
        await pmd_populate(cpu, mm, pmdp, pgtable)
    pte_unmap_unlock(cpu, mm)


async def vma_adjust_trans_huge(cpu: Cpu, vma: vm_area_struct, address: int) -> None:
    """Split the huge page in which a mapping is to be cut at ``address``."""
    haddr = haddr_of(cpu, address)
    end   = haddr + kconfig(cpu).paging.HPAGE_PMD_SIZE
    if kconfig(cpu).paging.entry_size != 8 or address == haddr:
        return
    if vma.vm_start <= haddr and end <= vma.vm_end:
        leaf = await lookup_address(cpu, vma.vm_mm.pgd, haddr)
        if leaf is not None and leaf[1] == kconfig(cpu).paging.shifts[-2]:
            await __split_huge_pmd(cpu, vma, leaf[0], haddr)
