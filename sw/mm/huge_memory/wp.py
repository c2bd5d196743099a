"""Writes to huge pages that are write-protected: reuse, copy whole, or split and copy a small page.

Ref: Linux 6.12, mm/huge_memory.c (do_huge_pmd_wp_page); 5.7 and 6.18 by the rules of the era.

Linux up to 5.7, without memory for a huge copy, copied each of the small pages; here it splits.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.pgtable import (
    pte_mkdirty, pte_mkyoung, pte_page, ptep_get, ptep_set_access_flags,
)
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import (
    FAULT_FLAG_UNSHARE, VM_FAULT_FALLBACK, folio_pages, page, vm_fault,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import copy_user_highpage
from sw.mm.memory.wp import maybe_mkwrite
from sw.mm.page_alloc import __GFP_ZERO, get_page, put_page
from sw.mm.pgtable_generic import pmdp_huge_clear_flush, pte_unmap_unlock
from sw.mm.rmap import folio_remove_rmap_pmd
from sw.processor.cpu import Cpu

from .fault import haddr_of, map_anon_folio_pmd, vma_alloc_anon_folio_pmd
from .policy import thp_vma_allowable_order
from .split import __split_huge_pmd
from .zero import is_huge_zero_pmd


__all__ = ["do_huge_pmd_wp_page"]


async def _copy_user_huge_page(cpu: Cpu, new: page, old: page, vmf: vm_fault) -> None:
    for to, from_ in zip(folio_pages(new), folio_pages(old), strict=True):
        await copy_user_highpage(cpu, to, from_, vmf.address, vmf.vma)


async def _replace(cpu: Cpu, vmf: vm_fault, old: page | None) -> int:
    """Give the mapping a huge page of its own, with the contents of ``old`` (``None``: zeros).

    Enters without the lock, and with a reference on ``old`` that stays the caller's.
    """
    vma, mm = vmf.vma, vmf.vma.vm_mm
    haddr   = haddr_of(cpu, vmf.address)
    new     = None
    if thp_vma_allowable_order(cpu, vma, vmf.address):
        new = await vma_alloc_anon_folio_pmd(cpu, __GFP_ZERO if old is None else 0)
    if new is None:
        await __split_huge_pmd(cpu, vma, vmf.pmd, vmf.address)
        return VM_FAULT_FALLBACK
    if old is not None:
        await _copy_user_huge_page(cpu, new, old, vmf)
    await spin_lock(cpu, pte_lockptr(mm))
    unchanged = await ptep_get(cpu, vmf.pmd) == vmf.orig_pmd
    if unchanged:
        await pmdp_huge_clear_flush(cpu, vma, haddr, vmf.pmd)
        await map_anon_folio_pmd(cpu, new, vmf.pmd, vma, haddr)
        if old is not None:
            folio_remove_rmap_pmd(old, vma)
    pte_unmap_unlock(cpu, mm)
    if not unchanged:
        put_page(cpu, new)
        return 0
    if old is not None:
        put_page(cpu, old)  # the entry's reference
    return kconfig(cpu).era.forced_write.VM_FAULT_WRITE


async def _reuse(cpu: Cpu, vmf: vm_fault, folio: page) -> int:
    """Keep the huge page. Enters with the lock of the page tables and leaves without."""
    paging, vma = kconfig(cpu).paging, vmf.vma
    folio.anon_exclusive = True
    unshare = vmf.flags & FAULT_FLAG_UNSHARE
    if not unshare:
        entry = pte_mkdirty(paging, pte_mkyoung(vmf.orig_pmd))
        await ptep_set_access_flags(cpu, vma, haddr_of(cpu, vmf.address), vmf.pmd,
                                    maybe_mkwrite(paging, entry, vma), True)
    pte_unmap_unlock(cpu, vma.vm_mm)
    return 0 if unshare else kconfig(cpu).era.forced_write.VM_FAULT_WRITE


@traced
async def do_huge_pmd_wp_page(cpu: Cpu, vmf: vm_fault) -> int:
    """Handle a write to a huge page that is not writable, or FAULT_FLAG_UNSHARE of one.

    Returns VM_FAULT_FALLBACK after a split: what is left to do is a small page's.
    """
    vma, era = vmf.vma, kconfig(cpu).era
    if is_huge_zero_pmd(cpu, vmf.orig_pmd):
        if era.huge_write.copies_whole(zeros=True) and not vmf.flags & FAULT_FLAG_UNSHARE:
            return await _replace(cpu, vmf, None)
        await __split_huge_pmd(cpu, vma, vmf.pmd, vmf.address)
        return VM_FAULT_FALLBACK
    await spin_lock(cpu, pte_lockptr(vma.vm_mm))
    if await ptep_get(cpu, vmf.pmd) != vmf.orig_pmd:
        pte_unmap_unlock(cpu, vma.vm_mm)
        return 0
    folio = pte_page(cpu, vmf.orig_pmd)
    if era.huge_reuse.wp_can_reuse_huge(folio):
        return await _reuse(cpu, vmf, folio)
    if not era.huge_write.copies_whole(zeros=False):
        pte_unmap_unlock(cpu, vma.vm_mm)
        await __split_huge_pmd(cpu, vma, vmf.pmd, vmf.address)
        return VM_FAULT_FALLBACK
    get_page(cpu, folio)
    pte_unmap_unlock(cpu, vma.vm_mm)
    try:
        return await _replace(cpu, vmf, folio)
    finally:
        put_page(cpu, folio)
