"""Page faults on empty entries of mapped files.

Ref: Linux 6.12, mm/memory.c (do_fault).

A read fault may map pages around its own that happen to be in the page cache, up to 64 KiB of them
as Linux is built. Here that is an option: without it what a fault costs is easier to see.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import mk_pte, pte_mkdirty, pte_none, ptep_get, set_pte_at
from sw.include.linux.mm import VM_SHARED, VM_UFFD_MINOR, pte_lockptr
from sw.include.linux.mm_types import (
    FAULT_FLAG_WRITE, VM_FAULT_ERROR, VM_FAULT_NOPAGE, VM_FAULT_SIGBUS, page, vm_fault,
)
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import down_read, up_read
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import copy_user_highpage
from sw.mm.page_alloc import GFP_HIGHUSER_MOVABLE, alloc_page, put_page
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_add_file_rmap_pte, folio_add_new_anon_rmap
from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .wp import maybe_mkwrite


__all__ = ["do_fault", "fault_around_bytes", "set_pte_range"]


#: Bytes that a read fault maps at most, a power of two of pages: one, or the 64 KiB of Linux.
fault_around_bytes = DEFINE(lambda: PAGE_SIZE)


async def __do_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Get the file's page, with a reference, into ``vmf.page``."""
    assert vmf.vma.vm_ops is not None and vmf.vma.vm_ops.fault is not None
    return await vmf.vma.vm_ops.fault(cpu, vmf)


async def set_pte_range(cpu: Cpu, vmf: vm_fault, folio: page) -> None:
    """Map ``folio``. A private copy that was made for a write is dirty, and writable if allowed."""
    vma, paging = vmf.vma, kconfig(cpu).paging
    write = bool(vmf.flags & FAULT_FLAG_WRITE)
    entry = mk_pte(paging, folio, vma.vm_page_prot)
    if write:
        entry = maybe_mkwrite(paging, pte_mkdirty(paging, entry), vma)
    if write and not vma.vm_flags & VM_SHARED:
        folio_add_new_anon_rmap(folio, vma, vmf.address)
    else:
        folio_add_file_rmap_pte(folio)
    await set_pte_at(cpu, vma.vm_mm, vmf.address, vmf.pte, entry)


@traced
async def finish_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map the file's page or the copy, unless another processor has filled the entry.

    Returns VM_FAULT_NOPAGE then; on success 0, and the caller's reference is the entry's.
    """
    private = vmf.flags & FAULT_FLAG_WRITE and not vmf.vma.vm_flags & VM_SHARED
    folio   = vmf.cow_page if private else vmf.page
    assert folio is not None
    await spin_lock(cpu, pte_lockptr(vmf.vma.vm_mm))
    empty = pte_none(await ptep_get(cpu, vmf.pte))
    if empty:
        await set_pte_range(cpu, vmf, folio)
    pte_unmap_unlock(cpu, vmf.vma.vm_mm)
    return 0 if empty else VM_FAULT_NOPAGE


@traced
async def do_fault_around(cpu: Cpu, vmf: vm_fault) -> int:
    """Map pages of the cache around the fault: of its aligned block, its mapping and its table.

    Returns VM_FAULT_NOPAGE if the one that was wanted is among them, else 0.
    """
    vma, paging = vmf.vma, kconfig(cpu).paging
    assert vma.vm_ops is not None and vma.vm_ops.map_pages is not None
    nr_pages = fault_around_bytes(cpu) >> PAGE_SHIFT
    pte_off  = paging.index(PAGE_SHIFT, vmf.address)
    vma_off  = vmf.pgoff - vma.vm_pgoff
    length   = vma.vm_end - vma.vm_start >> PAGE_SHIFT
    from_pte = max(pte_off // nr_pages * nr_pages, pte_off - min(pte_off, vma_off))
    to_pte   = min(from_pte + nr_pages, paging.entries, pte_off + length - vma_off)
    return await vma.vm_ops.map_pages(cpu, vmf, vmf.pgoff + from_pte - pte_off,
                                      vmf.pgoff + to_pte - pte_off)


@traced
async def do_read_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map the file's own page; read-only if the mapping is private."""
    ops = vmf.vma.vm_ops
    if (fault_around_bytes(cpu) > PAGE_SIZE and ops is not None and ops.map_pages is not None
            and not vmf.vma.vm_flags & VM_UFFD_MINOR):
        ret = await do_fault_around(cpu, vmf)
        if ret:
            return ret
    ret = await __do_fault(cpu, vmf)
    if ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
        return ret
    ret = await finish_fault(cpu, vmf)
    if ret and vmf.page is not None:
        put_page(cpu, vmf.page)
    return ret


@traced
async def do_cow_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map a private copy of the file's page, for a write that was the first access."""
    vmf.vma.anon_vma = True
    vmf.cow_page = await alloc_page(cpu, GFP_HIGHUSER_MOVABLE)
    ret = await __do_fault(cpu, vmf)
    if not ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
        assert vmf.page is not None
        await copy_user_highpage(cpu, vmf.cow_page, vmf.page, vmf.address, vmf.vma)
        ret = await finish_fault(cpu, vmf)
        put_page(cpu, vmf.page)
    if ret:
        put_page(cpu, vmf.cow_page)
    return ret


@traced
async def do_shared_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Map the file's own page, writable, after the file has agreed."""
    ret = await __do_fault(cpu, vmf)
    if ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
        return ret
    assert vmf.page is not None and vmf.vma.vm_ops is not None
    if vmf.vma.vm_ops.page_mkwrite is not None:
        ret = await vmf.vma.vm_ops.page_mkwrite(cpu, vmf)
    if not ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
        ret = await finish_fault(cpu, vmf)
    if ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE):
        put_page(cpu, vmf.page)
    else:
        vmf.page.dirty = True
    return ret


@traced
async def do_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Fill an empty entry of a mapped file."""
    ops = vmf.vma.vm_ops
    if ops is None or ops.fault is None:
        return VM_FAULT_SIGBUS
    mapping = vmf.vma.vm_file.f_inode.i_mapping if vmf.vma.vm_file is not None else None
    if mapping is None:
        return await _do_fault(cpu, vmf)
    await down_read(cpu, mapping.invalidate_lock)
    try:
        return await _do_fault(cpu, vmf)
    finally:
        up_read(cpu, mapping.invalidate_lock)


async def _do_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Choose by the kind of mapping and of access."""
    if not vmf.flags & FAULT_FLAG_WRITE:
        return await do_read_fault(cpu, vmf)
    if not vmf.vma.vm_flags & VM_SHARED:
        return await do_cow_fault(cpu, vmf)
    return await do_shared_fault(cpu, vmf)
