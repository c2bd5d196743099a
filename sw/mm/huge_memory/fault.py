"""Page faults that are answered with a huge page.

Ref: Linux 6.12, mm/huge_memory.c (do_huge_pmd_anonymous_page, touch_pmd).
"""

from __future__ import annotations

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import (
    mk_huge_pmd, pte_mkdirty, pte_mkyoung, pte_none, ptep_get, ptep_set_access_flags, set_pte_at,
)
from sw.errno import KernelError
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import (
    FAULT_FLAG_WRITE, VM_FAULT_FALLBACK, page, vm_area_struct, vm_fault,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.wp import maybe_mkwrite
from sw.mm.memory.pgtable import pte_alloc_one
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_pages, put_page
from sw.mm.pgalloc import pagetable_free
from sw.mm.pgtable_generic import pgtable_trans_huge_deposit, pte_unmap_unlock
from sw.mm.rmap import folio_add_new_anon_rmap
from sw.processor.cpu import Cpu

from .zero import mm_get_huge_zero_folio


__all__ = [
    "do_huge_pmd_anonymous_page", "haddr_of", "huge_pmd_set_accessed", "map_anon_folio_pmd",
    "touch_pmd", "vma_alloc_anon_folio_pmd",
]


def haddr_of(cpu: Cpu, address: int) -> int:
    """Address of the huge page that ``address`` would be in (HPAGE_PMD_MASK)."""
    return address & ~(kconfig(cpu).paging.HPAGE_PMD_SIZE - 1)


async def vma_alloc_anon_folio_pmd(cpu: Cpu, gfp: int = __GFP_ZERO) -> page | None:
    """Return a new huge page, of zeros unless ``gfp`` is 0; None if memory is too scattered."""
    order = kconfig(cpu).paging.shifts[-2] - PAGE_SHIFT
    try:
        return await alloc_pages(cpu, GFP_HIGHUSER_MOVABLE | gfp, order)
    except KernelError:
        return None


async def map_anon_folio_pmd(cpu: Cpu, folio: page, pmdp: int, vma: vm_area_struct,
                             haddr: int) -> None:
    """Map a new huge page: dirty, and writable if its program may write."""
    paging = kconfig(cpu).paging
    entry  = pte_mkdirty(paging, mk_huge_pmd(paging, folio, vma.vm_page_prot))
    folio_add_new_anon_rmap(folio, vma, haddr)
    await set_pte_at(cpu, vma.vm_mm, haddr, pmdp, maybe_mkwrite(paging, entry, vma))


@traced
async def do_huge_pmd_anonymous_page(cpu: Cpu, vmf: vm_fault) -> int:
    """Fill an empty directory entry of memory without a file.

    A read gets the huge page of zeros, a write one of its own. Returns VM_FAULT_FALLBACK if there
    is none. Raises ENOMEM.
    """
    vma, mm = vmf.vma, vmf.vma.vm_mm
    haddr   = haddr_of(cpu, vmf.address)
    write   = bool(vmf.flags & FAULT_FLAG_WRITE)
    vma.anon_vma = True
    pgtable = await pte_alloc_one(cpu, mm)
    folio   = await (vma_alloc_anon_folio_pmd(cpu) if write else mm_get_huge_zero_folio(cpu, mm))
    if folio is None:
        pagetable_free(cpu, mm.pgd, pgtable)
        return VM_FAULT_FALLBACK
    await spin_lock(cpu, pte_lockptr(mm))
    empty = pte_none(await ptep_get(cpu, vmf.pmd))
    if empty:
        pgtable_trans_huge_deposit(mm, pgtable)
        if write:
            await map_anon_folio_pmd(cpu, folio, vmf.pmd, vma, haddr)
        else:
            await set_pte_at(cpu, mm, haddr, vmf.pmd,
                             mk_huge_pmd(kconfig(cpu).paging, folio, vma.vm_page_prot))
    pte_unmap_unlock(cpu, mm)
    if not empty:
        pagetable_free(cpu, mm.pgd, pgtable)
        if write:
            put_page(cpu, folio)
    return 0


async def touch_pmd(cpu: Cpu, vma: vm_area_struct, addr: int, pmdp: int, write: bool) -> None:
    """Mark a huge page used, and dirty if ``write``. The caller has the lock of the tables."""
    entry = pte_mkyoung(await ptep_get(cpu, pmdp))
    if write:
        entry = pte_mkdirty(kconfig(cpu).paging, entry)
    await ptep_set_access_flags(cpu, vma, addr, pmdp, entry, write)


async def huge_pmd_set_accessed(cpu: Cpu, vmf: vm_fault) -> None:
    """Answer a fault that finds the huge page as it should be: another processor was faster."""
    await spin_lock(cpu, pte_lockptr(vmf.vma.vm_mm))
    if await ptep_get(cpu, vmf.pmd) == vmf.orig_pmd:
        await touch_pmd(cpu, vmf.vma, vmf.address, vmf.pmd, bool(vmf.flags & FAULT_FLAG_WRITE))
    pte_unmap_unlock(cpu, vmf.vma.vm_mm)
