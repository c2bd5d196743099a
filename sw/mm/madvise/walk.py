"""Pages of a range that advice is about, one by one, with their entries.

Ref: Linux 6.12, mm/madvise.c (madvise_free_pte_range, madvise_cold_or_pageout_pte_range).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pte_page, pte_present, ptep_get, ptep_get_and_clear, set_pte_at,
)
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import page, page_folio, vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.split import __split_huge_pmd
from sw.mm.huge_memory.zero import is_huge_zero_pmd
from sw.mm.memory.vm_page import vm_normal_page
from sw.mm.mmu_gather import tlb_finish_mmu, tlb_gather_mmu
from sw.mm.pagewalk import walk_page_range
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.processor.cpu import Cpu


__all__ = ["Entry", "PageEntry", "mapped_once", "modify_entry", "walk_pages"]


#: Linear address, address of the entry, and the entry, of a page or of a whole huge page.
Entry: TypeAlias = tuple[int, int, int]

#: ``await page_entry(tlb, entry, pg)`` with the lock of the tables.
PageEntry: TypeAlias = Callable[[mmu_gather, Entry, page], Awaitable[None]]


def mapped_once(pg: page) -> bool:
    """Tell whether nobody else maps a page, by an entry of its own or by a huge one."""
    return pg.mapcount + page_folio(pg).entire_mapcount == 1


async def modify_entry(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, entry: Entry,
                       change: Callable[[int], int]) -> None:
    """Change an entry, without losing an A or D bit that the processor sets meanwhile."""
    addr, entryp, _ = entry
    old = await ptep_get_and_clear(cpu, vma.vm_mm, addr, entryp)
    await set_pte_at(cpu, vma.vm_mm, addr, entryp, change(old))
    tlb.flush = tlb.cleared_ptes = True


@traced
async def walk_pages(cpu: Cpu, vma: vm_area_struct, start: int, end: int, page_entry: PageEntry, *,
                     split: bool = False) -> None:
    """Call ``page_entry`` for each page that is mapped in ``[start, end)``, then flush.

    A huge page is split if only a part of it is in the range, or if all are to be (``split``). One
    that others map too, or that is zeros, is left out.
    """
    mm, tlb = vma.vm_mm, tlb_gather_mmu(vma.vm_mm)
    huge: list[Entry] = []

    async def pmd_entry(pmdp: int, addr: int, next_: int) -> bool:
        pmd = await ptep_get(cpu, pmdp)
        if not pmd_leaf(pmd):
            return False
        if is_huge_zero_pmd(cpu, pmd) or not mapped_once(pte_page(cpu, pmd)):
            return True
        if split or next_ - addr != kconfig(cpu).paging.HPAGE_PMD_SIZE:
            await __split_huge_pmd(cpu, vma, pmdp, addr)
            return False
        huge.append((addr, pmdp, pmd))
        return True

    small = await walk_page_range(cpu, mm, start, end, pmd_entry)
    for addr, entryp, seen in (*huge, *small):
        await spin_lock(cpu, pte_lockptr(mm))
        now = await ptep_get(cpu, entryp)
        pg  = vm_normal_page(cpu, vma, now) if pte_present(now) else None
        if pg is not None and pg is vm_normal_page(cpu, vma, seen):
            await page_entry(tlb, (addr, entryp, now), pg)
        pte_unmap_unlock(cpu, mm)
    await tlb_finish_mmu(cpu, tlb, vma, start, end)
