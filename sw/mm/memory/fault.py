"""Page faults: from an entry as it is to the one that resolves the fault.

Ref: Linux 6.12, mm/memory.c (handle_mm_fault, do_anonymous_page).

No swap, no NUMA hints, no userfaultfd.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.include.asm.pgtable import (
    mk_pte, pfn_pte, pmd_leaf, pte_mkdirty, pte_mkspecial, pte_mkwrite, pte_mkyoung, pte_none,
    pte_present, pte_write, ptep_get, ptep_set_access_flags, set_pte_at,
)
from sw.errno import KernelError
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import VM_SHARED, VM_WRITE, is_cow_mapping, pte_lockptr, vma_is_anonymous
from sw.include.linux.mm_types import (
    FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_ERROR, VM_FAULT_FALLBACK, VM_FAULT_OOM,
    VM_FAULT_SIGBUS, VM_FAULT_SIGSEGV,
    vm_area_struct, vm_fault,
)
from sw.include.linux.pagemap import linear_page_index
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.fault import do_huge_pmd_anonymous_page, huge_pmd_set_accessed
from sw.mm.huge_memory.policy import thp_vma_allowable_order
from sw.mm.huge_memory.wp import do_huge_pmd_wp_page
from sw.mm.hugetlb.fault import hugetlb_fault
from sw.mm.page_alloc import __GFP_ZERO, GFP_HIGHUSER_MOVABLE, alloc_page, put_page
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.mm.rmap import folio_add_new_anon_rmap
from sw.processor.cpu import Cpu

from .file_fault import do_fault
from .mem_map import empty_zero_page
from .pgtable import pmd_alloc, pte_alloc_map
from .wp import do_wp_page


__all__ = ["handle_mm_fault"]


def sanitize_fault_flags(vma: vm_area_struct, flags: int) -> int:
    """Return VM_FAULT_SIGSEGV for a write that could not even make a private copy, else 0.

    A private mapping need not have VM_WRITE: the caller has checked that, or forces the write.
    """
    if flags & FAULT_FLAG_WRITE and not vma.vm_flags & VM_WRITE and not is_cow_mapping(
            vma.vm_flags):
        return VM_FAULT_SIGSEGV
    return 0


@traced
async def do_anonymous_page(cpu: Cpu, vmf: vm_fault) -> int:
    """Fill an empty entry of memory without a file.

    A read gets the page of zeros. A write gets a page of its own, and R/W and D in the entry
    only if the program may write: after a forced write it may not.
    """
    vma, paging = vmf.vma, kconfig(cpu).paging
    if vma.vm_flags & VM_SHARED:
        return VM_FAULT_SIGBUS
    folio = None
    if vmf.flags & FAULT_FLAG_WRITE:
        vma.anon_vma = True
        folio = await alloc_page(cpu, GFP_HIGHUSER_MOVABLE | __GFP_ZERO)
        entry = mk_pte(paging, folio, vma.vm_page_prot)
        if vma.vm_flags & VM_WRITE:
            entry = pte_mkwrite(paging, pte_mkdirty(paging, entry), vma)
    else:
        entry = pte_mkspecial(pfn_pte(paging, empty_zero_page(cpu).pfn, vma.vm_page_prot))

    await spin_lock(cpu, pte_lockptr(vma.vm_mm))
    if not pte_none(await ptep_get(cpu, vmf.pte)):
        pte_unmap_unlock(cpu, vma.vm_mm)
        if folio is not None:
            put_page(cpu, folio)
        return 0
    if folio is not None:
        folio_add_new_anon_rmap(folio, vma, vmf.address)
    await set_pte_at(cpu, vma.vm_mm, vmf.address, vmf.pte, entry)
    pte_unmap_unlock(cpu, vma.vm_mm)
    return 0


@traced
async def handle_pte_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Choose by the entry what to do. It is looked at again under the lock."""
    vma, mm      = vmf.vma, vmf.vma.vm_mm
    vmf.orig_pte = await ptep_get(cpu, vmf.pte)
    if pte_none(vmf.orig_pte):
        handler = do_anonymous_page if vma_is_anonymous(vma) else do_fault
        return await handler(cpu, vmf)
    assert pte_present(vmf.orig_pte), f"no swap, yet the entry is {vmf.orig_pte:#x}"

    await spin_lock(cpu, pte_lockptr(mm))
    if await ptep_get(cpu, vmf.pte) != vmf.orig_pte:
        pte_unmap_unlock(cpu, mm)
        return 0
    entry = vmf.orig_pte
    write = bool(vmf.flags & FAULT_FLAG_WRITE)
    if vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE) and not pte_write(entry):
        return await do_wp_page(cpu, vmf)
    if write:
        entry = pte_mkdirty(kconfig(cpu).paging, entry)
    await ptep_set_access_flags(cpu, vma, vmf.address, vmf.pte, pte_mkyoung(entry), write)
    pte_unmap_unlock(cpu, mm)
    return 0


async def _huge_fault(cpu: Cpu, vmf: vm_fault) -> int:
    """Answer a fault where a huge page is, or may be. VM_FAULT_FALLBACK: with a small page then."""
    if not pmd_leaf(vmf.orig_pmd):
        return await do_huge_pmd_anonymous_page(cpu, vmf)
    if vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE) and not pte_write(vmf.orig_pmd):
        return await do_huge_pmd_wp_page(cpu, vmf)
    await huge_pmd_set_accessed(cpu, vmf)
    return 0


@traced
async def __handle_mm_fault(cpu: Cpu, vma: vm_area_struct, address: int, flags: int) -> int:
    """Find the entry, or make the tables down to it."""
    mm, page_address = vma.vm_mm, address & PAGE_MASK
    vmf = vm_fault(vma, page_address, flags, linear_page_index(vma, page_address))
    try:
        vmf.pmd = await pmd_alloc(cpu, mm, page_address)
        pmd = vmf.orig_pmd = await ptep_get(cpu, vmf.pmd)
        if pmd_leaf(pmd) or pte_none(pmd) and thp_vma_allowable_order(cpu, vma, page_address):
            ret = await _huge_fault(cpu, vmf)
            if not ret & VM_FAULT_FALLBACK:
                return ret
            pmd = await ptep_get(cpu, vmf.pmd)
        ptep = await pte_alloc_map(cpu, mm, vmf.pmd, pmd, page_address)
        if ptep is None:
            return 0  # another processor has mapped a huge page
        vmf.pte = ptep
        return await handle_pte_fault(cpu, vmf)
    except KernelError:
        return VM_FAULT_OOM


@traced
async def handle_mm_fault(cpu: Cpu, vma: vm_area_struct, address: int, flags: int) -> int:
    """Make the page at ``address`` present, and fit for a write if FAULT_FLAG_WRITE.

    With FAULT_FLAG_UNSHARE it becomes the process's own.

    It does not check that the mapping allows the access, except for shared memory.

    Returns
    -------
    :class:`int`
        VM_FAULT_*, 0 if the access can be tried again.
    """
    handler = hugetlb_fault if is_vm_hugetlb_page(vma) else __handle_mm_fault
    ret     = sanitize_fault_flags(vma, flags) or await handler(cpu, vma, address, flags)
    if not ret & VM_FAULT_ERROR and current(cpu) is not None:
        current(cpu).min_flt += 1
    return ret
