"""Taking pages out of an address space.

Ref: Linux 6.12, mm/memory.c (unmap_page_range).
"""

from sw.arch.x86.include.asm.pgtable import (
    pte_dirty, pte_present, pte_protnone, ptep_get, ptep_get_and_clear,
)
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.fs import address_space
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import down_read, up_read
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.entries import zap_huge_pmd
from sw.mm.huge_memory.split import __split_huge_pmd
from sw.mm.hugetlb.entries import unmap_hugetlb_pmd
from sw.mm.mmu_gather import tlb_finish_mmu, tlb_gather_mmu
from sw.mm.pagewalk import walk_page_range
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_remove_rmap_pte
from sw.processor.cpu import Cpu

from .vm_page import vm_normal_page


__all__ = ["unmap_mapping_range", "unmap_page_range", "zap_page_range_single"]


def should_zap_page(cpu: Cpu, vma: vm_area_struct, pte: int) -> bool:
    """Tell whether an entry maps a page of the file itself."""
    folio = vm_normal_page(cpu, vma, pte) if pte_present(pte) else None
    return folio is not None and not folio.anon


@traced
async def zap_pte_range(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, start: int, end: int,
                        even_cows: bool) -> None:
    """Clear the entries of ``[start, end)``; without ``even_cows`` private copies stay.

    A huge page of which only a part goes is split.
    """
    async def pmd_entry(pmdp: int, addr: int, next_: int) -> bool:
        if is_vm_hugetlb_page(vma):
            await unmap_hugetlb_pmd(cpu, tlb, vma, pmdp, addr)
            return True
        if next_ - addr == kconfig(cpu).paging.HPAGE_PMD_SIZE:
            return await zap_huge_pmd(cpu, tlb, vma, pmdp, addr)
        await __split_huge_pmd(cpu, vma, pmdp, addr)
        return False

    for addr, ptep, _ in await walk_page_range(cpu, vma.vm_mm, start, end, pmd_entry):
        await spin_lock(cpu, pte_lockptr(vma.vm_mm))
        if not even_cows and not should_zap_page(cpu, vma, await ptep_get(cpu, ptep)):
            pte_unmap_unlock(cpu, vma.vm_mm)
            continue
        pte = await ptep_get_and_clear(cpu, vma.vm_mm, addr, ptep)
        pte_unmap_unlock(cpu, vma.vm_mm)
        tlb.flush = tlb.flush or not pte_protnone(pte)
        tlb.cleared_ptes = True
        folio = vm_normal_page(cpu, vma, pte) if pte_present(pte) else None
        if folio is not None:
            folio.dirty = folio.dirty or (not folio.anon and pte_dirty(kconfig(cpu).paging, pte))
            folio_remove_rmap_pte(folio, vma)
            tlb.pages.append(folio)


@traced
async def unmap_page_range(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                           even_cows: bool = True) -> None:
    """Unmap part of a mapping."""
    tlb = tlb_gather_mmu(vma.vm_mm)
    await zap_pte_range(cpu, tlb, vma, start, end, even_cows)
    await tlb_finish_mmu(cpu, tlb, vma, start, end)


async def zap_page_range_single(cpu: Cpu, vma: vm_area_struct, address: int, size: int,
                                even_cows: bool = True) -> None:
    """Unmap the pages of ``size`` bytes of a mapping that stays: its faults fill it anew."""
    await unmap_page_range(cpu, vma, address, address + size, even_cows)


@traced
async def unmap_mapping_range(cpu: Cpu, mapping: address_space, holebegin: int, holelen: int,
                              even_cows: bool) -> None:
    """Unmap a range of a file from all who have mapped it, private copies too if ``even_cows``.

    Parameters
    ----------
    holebegin, holelen : :class:`int`
        In bytes, whole pages.
    """
    first, behind = holebegin >> PAGE_SHIFT, holebegin + holelen >> PAGE_SHIFT
    done: set[vm_area_struct] = set()
    await down_read(cpu, mapping.i_mmap_rwsem)
    # Mappings may come while we are at it: a child's, or what mremap() moves pages to.
    while (vma := next((vma for vma in mapping.i_mmap if vma not in done), None)) is not None:
        done.add(vma)
        start = max(first, vma.vm_pgoff)
        end   = min(behind, vma.vm_pgoff + (vma.vm_end - vma.vm_start >> PAGE_SHIFT))
        if start < end:
            address = vma.vm_start + (start - vma.vm_pgoff << PAGE_SHIFT)
            await zap_page_range_single(cpu, vma, address, end - start << PAGE_SHIFT, even_cows)
    up_read(cpu, mapping.i_mmap_rwsem)
