"""The page that the tables have for an address, if it can be used as it is; and references on it.

Ref: Linux 6.12, mm/gup.c (follow_page_mask, try_grab_folio), include/linux/mm.h.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pte_dirty, pte_page, pte_pfn, pte_present, pte_write, ptep_get,
)
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.errno import Errno, KernelError
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import pte_lockptr
from sw.include.linux.mm_types import (
    FOLL_GET, FOLL_PIN, FOLL_TOUCH, FOLL_WRITE, folio_pages, page, vm_area_struct,
)
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.fault import touch_pmd
from sw.mm.memory.mem_map import is_zero_pfn
from sw.mm.memory.vm_page import vm_normal_page
from sw.mm.page_alloc import folio_put_refs, folio_ref_add
from sw.mm.pgtable_generic import pte_unmap_unlock
from sw.processor.cpu import Cpu


__all__ = ["Unshare", "follow_page_mask", "unpin_user_page"]


#: References that one pin is, so that a page that has as many may be pinned.
GUP_PIN_COUNTING_BIAS = 1024


class Unshare(Exception):
    """A page that must become the process's own before it is pinned: -EMLINK in C."""


def try_grab_folio(cpu: Cpu, folio: page, flags: int) -> None:
    """Take the reference, or the pin, that ``flags`` want."""
    if flags & FOLL_GET:
        folio_ref_add(cpu, folio, 1)
    elif flags & FOLL_PIN:
        folio_ref_add(cpu, folio, GUP_PIN_COUNTING_BIAS)


def unpin_user_page(cpu: Cpu, pinned: page) -> None:
    """Give a pin back."""
    folio_put_refs(cpu, pinned, GUP_PIN_COUNTING_BIAS)


async def follow_huge_pmd(cpu: Cpu, vma: vm_area_struct, address: int, pmdp: int,
                          flags: int) -> page | None:
    """Return the page in a huge page, if that can be used as it is. With a reference.

    The caller has the lock of the page tables. Raises :class:`Unshare`.
    """
    paging, era = kconfig(cpu).paging, kconfig(cpu).era
    pmd   = await ptep_get(cpu, pmdp)
    folio = pte_page(cpu, pmd)
    if flags & FOLL_WRITE and not era.forced_write.can_follow_write_pte(
            paging, pmd, folio, vma, flags):
        return None
    if not pte_write(pmd) and era.read_gup.must_unshare(folio, flags):
        raise Unshare
    try_grab_folio(cpu, folio, flags)
    if flags & FOLL_TOUCH:
        dirties = era.touch_dirties_pmd and not is_vm_hugetlb_page(vma)
        await touch_pmd(cpu, vma, address, pmdp, dirties or bool(flags & FOLL_WRITE))
    return folio_pages(folio)[address % paging.HPAGE_PMD_SIZE >> PAGE_SHIFT]


async def follow_page_pte(cpu: Cpu, vma: vm_area_struct, address: int, ptep: int,
                          flags: int) -> page | None:
    """Return the page that an entry maps, if it can be used as it is. With a reference.

    The caller has the lock of the page tables. Raises EEXIST for a frame that has no struct page,
    and :class:`Unshare`.
    """
    paging, era = kconfig(cpu).paging, kconfig(cpu).era
    pte = await ptep_get(cpu, ptep)
    if not pte_present(pte):
        return None
    folio = vm_normal_page(cpu, vma, pte)
    if flags & FOLL_WRITE and not era.forced_write.can_follow_write_pte(
            paging, pte, folio, vma, flags):
        return None
    if folio is None:
        if not is_zero_pfn(cpu, pte_pfn(paging, pte)):
            raise KernelError(Errno.EEXIST)
        folio = pte_page(cpu, pte)
    if not pte_write(pte) and era.read_gup.must_unshare(folio, flags):
        raise Unshare
    try_grab_folio(cpu, folio, flags)
    if flags & FOLL_TOUCH and flags & FOLL_WRITE and not pte_dirty(paging, pte):
        folio.dirty = True
    return folio


@traced
async def follow_page_mask(cpu: Cpu, vma: vm_area_struct, address: int,
                           flags: int) -> page | None:
    """Walk the tables of the mapping's address space in software, without changing them.

    Returns
    -------
    :class:`page` or :class:`None`
        The page, with a reference if FOLL_GET, with a pin if FOLL_PIN. ``None`` if a fault must
        come first.
    """
    while True:
        leaf = await lookup_address(cpu, vma.vm_mm.pgd, address)
        if leaf is None:
            return None
        await spin_lock(cpu, pte_lockptr(vma.vm_mm))
        try:
            if leaf[1] == PAGE_SHIFT:
                return await follow_page_pte(cpu, vma, address, leaf[0], flags)
            if pmd_leaf(await ptep_get(cpu, leaf[0])):
                return await follow_huge_pmd(cpu, vma, address, leaf[0], flags)
        finally:
            pte_unmap_unlock(cpu, vma.vm_mm)
