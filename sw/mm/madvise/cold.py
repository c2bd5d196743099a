"""Advice that pages are not needed for now: MADV_COLD, and MADV_PAGEOUT, which reclaims them.

Ref: Linux 6.12, mm/madvise.c (madvise_cold, madvise_pageout), mm/vmscan.c (shrink_folio_list),
mm/rmap.c (try_to_unmap_one).

Nothing is reclaimed but here, and not much: without swap, private memory stays unless it is free
lazily (MADV_FREE), and pages of files in memory stay in their file, unmapped.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.pgtable import pte_dirty, pte_mkold, pte_young, ptep_get_and_clear
from sw.errno import Errno, KernelError
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.mm import VM_HUGETLB, VM_LOCKED, VM_PFNMAP
from sw.include.linux.mm_types import folio_pages, page, page_folio, vm_area_struct
from sw.kconfig import kconfig
from sw.mm.rmap import folio_remove_rmap_pte
from sw.mm.shmem import vma_is_shmem
from sw.processor.cpu import Cpu

from .walk import Entry, mapped_once, modify_entry, walk_pages


__all__ = ["madvise_cold", "madvise_pageout"]


def _check_lru(vma: vm_area_struct) -> None:
    """Refuse pages that are never reclaimed: EINVAL."""
    if vma.vm_flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB):
        raise KernelError(Errno.EINVAL)


async def madvise_cold(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Have the pages that nobody else maps count as not used lately. Raises EINVAL."""
    _check_lru(vma)

    async def page_entry(tlb: mmu_gather, entry: Entry, pg: page) -> None:
        if mapped_once(pg) and pte_young(entry[2]):
            await modify_entry(cpu, tlb, vma, entry, pte_mkold)

    await walk_pages(cpu, vma, start, end, page_entry)


def _is_free(cpu: Cpu, tlb: mmu_gather, pg: page, pte: int) -> bool:
    """Tell whether a lazily freed page can go: nobody wrote to it since, or holds it.

    One that was written is like all others again. References that ``tlb`` has of parts of the same
    huge page are nobody's any more.
    """
    folio = page_folio(pg)
    if not pg.lazyfree:
        return False
    pg.lazyfree = not pg.dirty and not pte_dirty(kconfig(cpu).paging, pte)
    known = sum(one.mapcount for one in folio_pages(folio)) + sum(
        page_folio(gone) is folio for gone in tlb.pages)
    return pg.lazyfree and folio.refcount == known


async def madvise_pageout(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> None:
    """Reclaim the pages that nobody else maps, as far as that is possible. Raises EINVAL.

    Huge pages are split for it, even if they stay. Everybody may do this to files in memory, for
    everybody may write to them; those of the root file system are never reclaimed.
    """
    _check_lru(vma)

    async def page_entry(tlb: mmu_gather, entry: Entry, pg: page) -> None:
        addr, entryp, pte = entry
        if mapped_once(pg) and (_is_free(cpu, tlb, pg, pte) if pg.anon else vma_is_shmem(vma)):
            pte = await ptep_get_and_clear(cpu, vma.vm_mm, addr, entryp)
            pg.dirty = pg.dirty or pte_dirty(kconfig(cpu).paging, pte)
            folio_remove_rmap_pte(pg, vma)
            tlb.flush = tlb.cleared_ptes = True
            tlb.pages.append(pg)

    await walk_pages(cpu, vma, start, end, page_entry, split=True)
