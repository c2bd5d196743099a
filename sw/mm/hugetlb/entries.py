"""Directory entries of the pool's pages: copied by fork(), cleared, given other permissions.

Ref: Linux 6.12, mm/hugetlb.c (copy_hugetlb_page_range, __unmap_hugepage_range,
hugetlb_change_protection).

A mapping of them begins and ends where a page does, so that all of a page is in a range, or none;
and no page is ever split. Whoever looks up an entry knows that it is a page's, since only that can
be there.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pte_mkold, pte_modify, pte_page, pte_wrprotect, ptep_get, ptep_get_and_clear,
    ptep_set_wrprotect, set_pte_at,
)
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.page_alloc import get_page
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_dup_anon_rmap_pmd, folio_remove_rmap_pmd
from sw.processor.cpu import Cpu

from .pool import restore_reserve


__all__ = ["change_hugetlb_pmd", "copy_hugetlb_pmd", "unmap_hugetlb_pmd"]


@traced
async def copy_hugetlb_pmd(cpu: Cpu, dst_vma: vm_area_struct, src_vma: vm_area_struct,
                           dst_pmd: int, src_pmd: int, addr: int) -> None:
    """Share a page with the child: nobody is exclusive any more, and nobody writes unasked.

    It is private: the child finds pages of shared mappings again by its own faults.
    """
    src = src_vma.vm_mm
    await spin_lock(cpu, pte_lockptr(src))
    entry = await ptep_get(cpu, src_pmd)
    if pmd_leaf(entry):
        folio = pte_page(cpu, entry)
        get_page(cpu, folio)
        folio_dup_anon_rmap_pmd(folio, dst_vma)
        await ptep_set_wrprotect(cpu, src, addr, src_pmd)
        entry = pte_wrprotect(kconfig(cpu).paging, entry)
        await set_pte_at(cpu, dst_vma.vm_mm, addr, dst_pmd, pte_mkold(entry))
    pte_unmap_unlock(cpu, src)


@traced
async def unmap_hugetlb_pmd(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, pmdp: int,
                            addr: int) -> None:
    """Clear the entry of a page. What goes back to the pool is promised to the mapping again."""
    mm = vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    entry = await ptep_get_and_clear(cpu, mm, addr, pmdp)
    if pmd_leaf(entry):
        folio = pte_page(cpu, entry)
        folio_remove_rmap_pmd(folio, vma)
        if folio.refcount == 1:
            restore_reserve(cpu, vma, addr)
        tlb.flush = True
        tlb.pages.append(folio)
    pte_unmap_unlock(cpu, mm)


@traced
async def change_hugetlb_pmd(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, addr: int, pmdp: int,
                             newprot: int) -> None:
    """Give a page the permissions ``newprot``. A private one is writable after a fault only."""
    mm = vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    old = await ptep_get_and_clear(cpu, mm, addr, pmdp)
    if pmd_leaf(old):
        await set_pte_at(cpu, mm, addr, pmdp, pte_modify(kconfig(cpu).paging, old, newprot))
        tlb.flush = True
    pte_unmap_unlock(cpu, mm)
