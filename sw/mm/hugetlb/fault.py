"""Page faults of memory from the pool: a page found or taken, reused or copied.

Ref: Linux 6.12, mm/hugetlb.c (hugetlb_fault, hugetlb_no_page, hugetlb_wp, unmap_ref_private).

A private page is reused if ``page_mapcount()`` is 1 and it is anonymous, whatever references there
are: so hugetlb_cow() from 3.12 to 5.18, and hugetlb_wp(), as it is called since 5.19, which also
marks it exclusive.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.pgtable import (
    mk_huge_pmd, pmd_leaf, pte_mkdirty, pte_mkwrite, pte_none, pte_page, pte_write,
    ptep_get, ptep_set_access_flags, set_pte_at,
)
from sw.errno import KernelError
from sw.include.linux.fs import address_space
from sw.include.linux.hugetlb import HPAGE_RESV_UNMAPPED
from sw.include.linux.mm import VM_MAYSHARE, VM_SHARED, VM_WRITE, pte_lockptr
from sw.include.linux.mm_types import (
    FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_OOM, VM_FAULT_SIGBUS, folio_pages, page,
    vm_area_struct, vm_fault,
)
from sw.include.linux.pagemap import linear_page_index
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import down_read, down_write, up_read, up_write
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import copy_user_highpage
from sw.mm.memory.pgtable import pmd_alloc
from sw.mm.memory.zap import unmap_page_range
from sw.mm.page_alloc import get_page, put_page
from sw.mm.pgtable_generic import pmdp_huge_clear_flush, pte_unmap_unlock
from sw.mm.rmap import folio_add_file_rmap_pmd, folio_add_new_anon_rmap, folio_remove_rmap_pmd
from sw.processor.cpu import Cpu

from .pool import alloc_hugetlb_folio, vma_hugecache_offset, vma_resv_map


__all__ = ["hugetlb_fault"]


def _mapping(vma: vm_area_struct) -> address_space:
    """Return the pages of the file behind a mapping, of which each has one."""
    assert vma.vm_file is not None
    mapping: address_space = vma.vm_file.f_inode.i_mapping
    return mapping


def make_huge_pte(cpu: Cpu, vma: vm_area_struct, folio: page, write: bool) -> int:
    """Make the entry of a page. One for a ``write`` is dirty, and writable as the era has it."""
    paging = kconfig(cpu).paging
    entry  = mk_huge_pmd(paging, folio, vma.vm_page_prot)
    if write:
        entry = pte_mkdirty(paging, entry)
        if kconfig(cpu).era.hugetlb_force.maps_writable(vma):
            entry = pte_mkwrite(paging, entry, vma)
    return entry


async def _find_or_take(cpu: Cpu, vma: vm_area_struct, address: int) -> page | None:
    """Return the page for an empty entry, with a reference for it. None if there is none to have.

    A shared one is the file's, which keeps it until the file goes.
    """
    mapping, index = _mapping(vma), vma_hugecache_offset(cpu, vma, address)
    if not vma.vm_flags & VM_MAYSHARE:
        return await alloc_hugetlb_folio(cpu, vma, address)
    folio = mapping.i_pages.get(index)
    if folio is None:
        folio = await alloc_hugetlb_folio(cpu, vma, address)
        if folio is None:
            return None
        for pg in folio_pages(folio):
            pg.mapping = mapping
        folio.index = index
        mapping.i_pages[index] = folio
    get_page(cpu, folio)
    return folio


@traced
async def hugetlb_no_page(cpu: Cpu, vmf: vm_fault) -> int:
    """Fill an empty entry. SIGBUS behind the end of the file, and where the pool has no page.

    A private page that is only read is mapped read-only: its first write takes a fault more.
    """
    vma, mm = vmf.vma, vmf.vma.vm_mm
    assert vma.vm_file is not None
    size  = kconfig(cpu).paging.HPAGE_PMD_SIZE
    index = vma_hugecache_offset(cpu, vma, vmf.address)
    if vma.vm_private_data is HPAGE_RESV_UNMAPPED or index * size >= vma.vm_file.f_inode.i_size:
        return VM_FAULT_SIGBUS
    shared = vma.vm_flags & VM_MAYSHARE
    vma.anon_vma = vma.anon_vma or not shared
    folio = await _find_or_take(cpu, vma, vmf.address)
    if folio is None:
        return VM_FAULT_SIGBUS
    write = bool(vmf.flags & FAULT_FLAG_WRITE)
    await spin_lock(cpu, pte_lockptr(mm))
    if shared:
        folio_add_file_rmap_pmd(folio)
        write = vma.vm_flags & (VM_SHARED | VM_WRITE) == VM_SHARED | VM_WRITE
    else:
        folio_add_new_anon_rmap(folio, vma, vmf.address)
    await set_pte_at(cpu, mm, vmf.address, vmf.pmd, make_huge_pte(cpu, vma, folio, write))
    pte_unmap_unlock(cpu, mm)
    return 0


async def unmap_ref_private(cpu: Cpu, vma: vm_area_struct, address: int) -> None:
    """Take the page from the children that were copied from ``vma``, of which it was promised.

    They get no other for it: whoever misses a page in such a mapping gets SIGBUS.
    """
    mapping, index = _mapping(vma), vma_hugecache_offset(cpu, vma, address)
    size = kconfig(cpu).paging.HPAGE_PMD_SIZE
    await down_read(cpu, mapping.i_mmap_rwsem)
    for other in mapping.i_mmap:  # it grows at its end, where children are added
        first = vma_hugecache_offset(cpu, other, other.vm_start)
        at    = other.vm_start + (index - first) * size
        if vma_resv_map(other) is None and other.vm_start <= at < other.vm_end:
            await unmap_page_range(cpu, other, at, at + size)
            other.vm_private_data = HPAGE_RESV_UNMAPPED
    up_read(cpu, mapping.i_mmap_rwsem)


async def _reuse(cpu: Cpu, vmf: vm_fault, folio: page) -> None:
    """Keep the page, which nobody else maps."""
    vma, mm = vmf.vma, vmf.vma.vm_mm
    await spin_lock(cpu, pte_lockptr(mm))
    folio.anon_exclusive = True
    if not vmf.flags & FAULT_FLAG_UNSHARE:
        entry = make_huge_pte(cpu, vma, folio, True)
        await ptep_set_access_flags(cpu, vma, vmf.address, vmf.pmd, entry, True)
    pte_unmap_unlock(cpu, mm)


async def _replace(cpu: Cpu, vmf: vm_fault, old: page, new: page) -> None:
    """Map a copy instead of ``old``."""
    vma, mm = vmf.vma, vmf.vma.vm_mm
    for to, from_ in zip(folio_pages(new), folio_pages(old), strict=True):
        await copy_user_highpage(cpu, to, from_, vmf.address, vma)
    await spin_lock(cpu, pte_lockptr(mm))
    await pmdp_huge_clear_flush(cpu, vma, vmf.address, vmf.pmd)
    folio_remove_rmap_pmd(old, vma)
    folio_add_new_anon_rmap(new, vma, vmf.address)
    write = not vmf.flags & FAULT_FLAG_UNSHARE
    await set_pte_at(cpu, mm, vmf.address, vmf.pmd, make_huge_pte(cpu, vma, new, write))
    pte_unmap_unlock(cpu, mm)
    put_page(cpu, old)  # the entry's reference


@traced
async def hugetlb_wp(cpu: Cpu, vmf: vm_fault) -> int:
    """Handle a write to a page that is mapped read-only, or FAULT_FLAG_UNSHARE of one.

    The mapping is private: shared ones have R/W in their entries if they have it at all. References
    do not matter, unlike those of other pages: who alone maps it has it. If the pool has
    no page for a copy, SIGBUS; unless the page was promised to the mapping, whose children lose it
    then.
    """
    vma, old = vmf.vma, pte_page(cpu, vmf.orig_pmd)
    if old.anon and old.entire_mapcount == 1:
        await _reuse(cpu, vmf, old)
        return 0
    owner = vma_resv_map(vma) is not None
    new   = await alloc_hugetlb_folio(cpu, vma, vmf.address, zero=False)
    if new is not None:
        await _replace(cpu, vmf, old, new)
        return 0
    if not owner:
        return VM_FAULT_SIGBUS
    await unmap_ref_private(cpu, vma, vmf.address)
    assert old.entire_mapcount == 1, f"BUG: the huge page {old.pfn:#x} is still shared"
    await _reuse(cpu, vmf, old)
    return 0


@traced
async def hugetlb_fault(cpu: Cpu, vma: vm_area_struct, address: int, flags: int) -> int:
    """Make the huge page at ``address`` present, and fit for a write if FAULT_FLAG_WRITE.

    One fault of a file at a time: else two could need the last page, for one address. Returns
    VM_FAULT_*.
    """
    haddr = address & ~(kconfig(cpu).paging.HPAGE_PMD_SIZE - 1)
    vmf   = vm_fault(vma, haddr, flags, linear_page_index(vma, haddr))
    lock  = _mapping(vma).invalidate_lock
    try:
        vmf.pmd = await pmd_alloc(cpu, vma.vm_mm, haddr)
    except KernelError:
        return VM_FAULT_OOM
    await down_write(cpu, lock)
    try:
        entry = vmf.orig_pmd = await ptep_get(cpu, vmf.pmd)
        if pte_none(entry):
            return await hugetlb_no_page(cpu, vmf)
        assert pmd_leaf(entry), f"BUG: no huge page at {haddr:#x}"
        if flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE) and not pte_write(entry):
            return await hugetlb_wp(cpu, vmf)
        return 0
    finally:
        up_write(cpu, lock)
