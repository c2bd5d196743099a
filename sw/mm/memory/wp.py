"""Writes to present pages that are write-protected: reuse the page, or copy it.

Ref: Linux 6.12, mm/memory.c (do_wp_page).
"""

from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pte_mkdirty, pte_mkwrite, pte_mkyoung, ptep_get, ptep_set_access_flags, set_pte_at,
)
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.include.linux.mm import VM_MAYSHARE, VM_SHARED, VM_WRITE, pte_lockptr
from sw.include.linux.mm_types import (
    FAULT_FLAG_UNSHARE, VM_FAULT_ERROR, VM_FAULT_NOPAGE, page, vm_area_struct, vm_fault,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import copy_user_highpage
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_page, get_page, put_page
from sw.mm.pgtable_generic import pte_unmap_unlock, ptep_clear_flush
from sw.mm.rmap import folio_add_new_anon_rmap, folio_remove_rmap_pte
from sw.processor.cpu import Cpu

from .vm_page import vm_normal_page


__all__ = ["do_wp_page", "maybe_mkwrite"]


def maybe_mkwrite(paging: Paging, pte: int, vma: vm_area_struct) -> int:
    """Set R/W only if the program may write. A page that was written by force stays read-only."""
    return pte_mkwrite(paging, pte, vma) if vma.vm_flags & VM_WRITE else pte


def _written_pte(cpu: Cpu, vma: vm_area_struct, pte: int) -> int:
    paging = kconfig(cpu).paging
    return maybe_mkwrite(paging, pte_mkdirty(paging, pte_mkyoung(pte)), vma)


@traced
async def wp_page_reuse(cpu: Cpu, vmf: vm_fault) -> None:
    """Keep the frame; the entry becomes young, dirty and, if the program may write, writable.

    Enters with the lock of the page tables and leaves without. No flush: a processor that still
    has the read-only translation drops it with the fault that it takes.
    """
    entry = _written_pte(cpu, vmf.vma, vmf.orig_pte)
    await ptep_set_access_flags(cpu, vmf.vma, vmf.address, vmf.pte, entry, True)
    pte_unmap_unlock(cpu, vmf.vma.vm_mm)


@traced
async def wp_page_copy(cpu: Cpu, vmf: vm_fault, old: page | None) -> int:
    """Give the mapping a page of its own, with the contents of ``old`` (``None``: zeros).

    Enters without the lock, and with a reference on ``old`` that stays the caller's. Between the
    old translation and the new one there is a moment with none: the new entry is never visible
    while a processor may hold the old frame. With FAULT_FLAG_UNSHARE it is clean and read-only.
    """
    vma, mm = vmf.vma, vmf.vma.vm_mm
    vma.anon_vma = True
    new = await alloc_page(cpu, GFP_HIGHUSER_MOVABLE | (__GFP_ZERO if old is None else 0))
    if old is not None:
        await copy_user_highpage(cpu, new, old, vmf.address, vma)

    await spin_lock(cpu, pte_lockptr(mm))
    unchanged = await ptep_get(cpu, vmf.pte) == vmf.orig_pte
    if unchanged:
        entry = pte_mkyoung(mk_pte(kconfig(cpu).paging, new, vma.vm_page_prot))
        if not vmf.flags & FAULT_FLAG_UNSHARE:
            entry = _written_pte(cpu, vma, entry)
        await ptep_clear_flush(cpu, vma, vmf.address, vmf.pte)
        folio_add_new_anon_rmap(new, vma, vmf.address)
        await set_pte_at(cpu, mm, vmf.address, vmf.pte, entry)
        if old is not None:
            folio_remove_rmap_pte(old, vma)
    pte_unmap_unlock(cpu, mm)

    if not unchanged:
        put_page(cpu, new)
    elif old is not None:
        put_page(cpu, old)  # the entry's reference
    return kconfig(cpu).era.forced_write.VM_FAULT_WRITE if unchanged else 0


@traced
async def wp_page_shared(cpu: Cpu, vmf: vm_fault, folio: page) -> int:
    """Make an entry of shared memory writable, after the file has agreed. Leaves unlocked."""
    vma, mm = vmf.vma, vmf.vma.vm_mm
    get_page(cpu, folio)
    try:
        if vma.vm_ops is not None and vma.vm_ops.page_mkwrite is not None:
            pte_unmap_unlock(cpu, mm)
            vmf.page = folio
            ret = await vma.vm_ops.page_mkwrite(cpu, vmf)
            if ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
                return ret
            await spin_lock(cpu, pte_lockptr(mm))
            if await ptep_get(cpu, vmf.pte) != vmf.orig_pte:
                pte_unmap_unlock(cpu, mm)
                return VM_FAULT_NOPAGE
        await wp_page_reuse(cpu, vmf)
        folio.dirty = True
        return kconfig(cpu).era.forced_write.VM_FAULT_WRITE
    finally:
        put_page(cpu, folio)


@traced
async def do_wp_page(cpu: Cpu, vmf: vm_fault) -> int:
    """Handle a write to a page that is present and not writable, or FAULT_FLAG_UNSHARE of one.

    Enters with the lock of the page tables and leaves without. A private page is reused if the
    era's rule says that nobody else can see it, else copied.
    """
    vma   = vmf.vma
    folio = vm_normal_page(cpu, vma, vmf.orig_pte)
    if vma.vm_flags & (VM_SHARED | VM_MAYSHARE):
        assert folio is not None, "shared memory without struct pages is not modelled"
        return await wp_page_shared(cpu, vmf, folio)
    if folio is not None and folio.anon and kconfig(cpu).era.reuse.wp_can_reuse(folio):
        folio.anon_exclusive = True
        if vmf.flags & FAULT_FLAG_UNSHARE:
            pte_unmap_unlock(cpu, vma.vm_mm)
            return 0
        await wp_page_reuse(cpu, vmf)
        return kconfig(cpu).era.forced_write.VM_FAULT_WRITE
    if folio is not None:
        get_page(cpu, folio)
    pte_unmap_unlock(cpu, vma.vm_mm)
    try:
        return await wp_page_copy(cpu, vmf, folio)
    finally:
        if folio is not None:
            put_page(cpu, folio)
