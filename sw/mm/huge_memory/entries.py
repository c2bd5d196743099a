"""Directory entries of huge pages: copied by fork(), cleared, moved, given other permissions.

Ref: Linux 6.12, mm/huge_memory.c (copy_huge_pmd, zap_huge_pmd, move_huge_pmd, change_huge_pmd).
"""

from __future__ import annotations

from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pmdp_invalidate_ad, pte_mkold, pte_mkwrite, pte_modify, pte_none, pte_page,
    pte_present, pte_protnone, pte_write, pte_wrprotect, ptep_get, ptep_get_and_clear,
    ptep_set_wrprotect, set_pte_at,
)
from sw.arch.x86.include.asm.tlbflush import pte_needs_flush
from sw.arch.x86.mm.tlb import flush_tlb_range
from sw.include.asm_generic.tlb import mmu_gather
from sw.include.linux.mm import VM_WRITE, pte_lockptr
from sw.include.linux.mm_types import vm_area_struct
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.pgtable import pte_alloc_one
from sw.mm.page_alloc import get_page
from sw.mm.pgalloc import pagetable_free
from sw.mm.pgtable_generic import (
    pgtable_trans_huge_deposit, pgtable_trans_huge_withdraw, pte_unmap_unlock,
)
from sw.mm.rmap import folio_dup_anon_rmap_pmd, folio_remove_rmap_pmd
from sw.processor.cpu import Cpu

from .zero import is_huge_zero_pmd, mm_get_huge_zero_folio


__all__ = ["change_huge_pmd", "copy_huge_pmd", "move_huge_pmd", "zap_huge_pmd"]


@traced
async def copy_huge_pmd(cpu: Cpu, dst_vma: vm_area_struct, src_vma: vm_area_struct, dst_pmd: int,
                        src_pmd: int, addr: int) -> bool:
    """Share a huge page with the child: nobody is exclusive any more. Raises ENOMEM.

    Returns False if it is none any more.
    """
    paging, dst, src = kconfig(cpu).paging, dst_vma.vm_mm, src_vma.vm_mm
    pgtable = await pte_alloc_one(cpu, dst)
    await spin_lock(cpu, pte_lockptr(src))
    pmd = await ptep_get(cpu, src_pmd)
    if not pmd_leaf(pmd):
        pte_unmap_unlock(cpu, src)
        pagetable_free(cpu, dst.pgd, pgtable)
        return False
    if is_huge_zero_pmd(cpu, pmd):
        await mm_get_huge_zero_folio(cpu, dst)
    else:
        folio = pte_page(cpu, pmd)
        get_page(cpu, folio)
        folio_dup_anon_rmap_pmd(folio, dst_vma)
    pgtable_trans_huge_deposit(dst, pgtable)
    await ptep_set_wrprotect(cpu, src, addr, src_pmd)
    await set_pte_at(cpu, dst, addr, dst_pmd, pte_mkold(pte_wrprotect(paging, pmd)))
    pte_unmap_unlock(cpu, src)
    return True


@traced
async def zap_huge_pmd(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, pmdp: int,
                       addr: int) -> bool:
    """Clear the entry of a huge page. Returns False if it is none any more."""
    mm = vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    huge = pmd_leaf(await ptep_get(cpu, pmdp))
    if huge:
        pmd = await ptep_get_and_clear(cpu, mm, addr, pmdp)
        tlb.flush = tlb.flush or not pte_protnone(pmd)
        pagetable_free(cpu, mm.pgd, pgtable_trans_huge_withdraw(mm))
        if not is_huge_zero_pmd(cpu, pmd):
            folio_remove_rmap_pmd(pte_page(cpu, pmd), vma)
            tlb.pages.append(pte_page(cpu, pmd))
    pte_unmap_unlock(cpu, mm)
    return huge


@traced
async def move_huge_pmd(cpu: Cpu, vma: vm_area_struct, old_addr: int, new_addr: int, old_pmd: int,
                        new_pmd: int) -> tuple[bool, bool]:
    """Move a huge page to an address where there is not even a page table.

    Returns whether it has moved, and whether a flush must follow, as ``move_ptes`` does.
    """
    mm, paging = vma.vm_mm, kconfig(cpu).paging
    if not pte_none(await ptep_get(cpu, new_pmd)):
        return False, False
    await spin_lock(cpu, pte_lockptr(mm))
    huge = pmd_leaf(await ptep_get(cpu, old_pmd))
    need_flush = force_flush = False
    if huge:
        pmd = await ptep_get_and_clear(cpu, mm, old_addr, old_pmd)
        need_flush  = pte_present(pmd)
        force_flush = kconfig(cpu).era.mremap_flush.flush_locked(paging, pmd)
        await set_pte_at(cpu, mm, new_addr, new_pmd, pmd)
        if force_flush:
            await flush_tlb_range(cpu, vma, old_addr, old_addr + paging.HPAGE_PMD_SIZE)
    pte_unmap_unlock(cpu, mm)
    return huge, need_flush and not force_flush


def can_change_pmd_writable(cpu: Cpu, vma: vm_area_struct, pmd: int) -> bool:
    """Tell whether R/W may be set at once: the huge page must be exclusive."""
    return (kconfig(cpu).era.mprotect_allows_exclusive and bool(vma.vm_flags & VM_WRITE)
            and not pte_protnone(pmd) and not is_huge_zero_pmd(cpu, pmd)
            and pte_page(cpu, pmd).anon_exclusive)


@traced
async def change_huge_pmd(cpu: Cpu, tlb: mmu_gather, vma: vm_area_struct, addr: int, pmdp: int,
                          newprot: int) -> bool:
    """Give a huge page the permissions ``newprot``. Returns False if it is none any more."""
    mm, paging = vma.vm_mm, kconfig(cpu).paging
    await spin_lock(cpu, pte_lockptr(mm))
    huge = pmd_leaf(await ptep_get(cpu, pmdp))
    if huge:
        oldpmd = await pmdp_invalidate_ad(cpu, pmdp)
        entry  = pte_modify(paging, oldpmd, newprot)
        if not pte_write(entry) and can_change_pmd_writable(cpu, vma, entry):
            entry = pte_mkwrite(paging, entry, vma)
        await set_pte_at(cpu, mm, addr, pmdp, entry)
        tlb.flush = tlb.flush or pte_needs_flush(paging, oldpmd, entry)
    pte_unmap_unlock(cpu, mm)
    return huge
