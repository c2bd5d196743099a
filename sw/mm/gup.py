"""get_user_pages: the page behind an address of a process, made present if need be.

Ref: Linux 6.12, mm/gup.c.
"""

from sw.arch.x86.include.asm.current import current, current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.pgtable import (
    pmd_leaf, pte_dirty, pte_page, pte_pfn, pte_present, pte_write, ptep_get,
)
from sw.arch.x86.include.asm.smap import clac, stac
from sw.arch.x86.lib.usercopy import access_ok
from sw.arch.x86.mm.extable import ex_table
from sw.arch.x86.mm.pat.set_memory import lookup_address
from sw.errno import Errno, KernelError
from sw.include.linux.mm import (
    VM_IO, VM_LOCKONFAULT, VM_MAYREAD, VM_PFNMAP, VM_READ, VM_SHARED, VM_WRITE, is_cow_mapping,
    pte_lockptr, vma_is_accessible, vma_is_anonymous,
)
from sw.include.linux.mm_types import (
    FAULT_FLAG_REMOTE, FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, FOLL_ANON, FOLL_FORCE, FOLL_GET,
    FOLL_MADV_POPULATE, FOLL_PIN, FOLL_REMOTE, FOLL_TOUCH, FOLL_WRITE, VM_FAULT_ERROR,
    VM_FAULT_OOM, folio_pages, mm_struct, page, vm_area_struct,
)
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.sched import fatal_signal_pending
from sw.kconfig import kconfig
from sw.kernel.locking.spinlock import spin_lock
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.processor.exceptions import Fixup

from .memory.fault import handle_mm_fault
from .huge_memory.fault import touch_pmd
from .memory.mem_map import is_zero_pfn
from .memory.vm_page import vm_normal_page
from .mmap.find import find_vma_intersection, vma_lookup
from .mmap.stack import find_extend_vma
from .page_alloc import folio_put_refs, folio_ref_add
from .pgtable_generic import pte_unmap_unlock
from .secretmem import vma_is_secretmem


__all__ = [
    "__mm_populate",
    "check_vma_flags", "fault_in_readable", "faultin_page", "faultin_page_range",
    "follow_page_mask", "mm_populate", "populate_vma_page_range",
    "get_user_page_vma_remote", "get_user_pages_fast", "get_user_pages_remote",
    "pin_user_pages_remote", "unpin_user_page",
]


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


def check_vma_flags(vma: vm_area_struct, gup_flags: int) -> None:
    """Refuse an access that the mapping does not allow: EFAULT. Called once for each mapping.

    FOLL_FORCE writes where the program may not, if the write makes a private copy: never to
    shared memory. It reads where the program could give itself the right to read.
    """
    refused = KernelError(Errno.EFAULT)
    force   = gup_flags & FOLL_FORCE
    if vma.vm_flags & (VM_IO | VM_PFNMAP) or vma_is_secretmem(vma):
        raise refused
    if gup_flags & FOLL_ANON and not vma_is_anonymous(vma):
        raise refused
    if gup_flags & FOLL_WRITE:
        if not vma.vm_flags & VM_WRITE and not (force and is_cow_mapping(vma.vm_flags)):
            raise refused
    elif not vma.vm_flags & VM_READ and not (force and vma.vm_flags & VM_MAYREAD):
        raise refused


def gup_vma_lookup(cpu: Cpu, mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the mapping that contains ``addr``; before 6.5 a stack may grow to contain it."""
    if kconfig(cpu).era.gup_expands_stack:
        return find_extend_vma(cpu, mm, addr)
    return vma_lookup(mm, addr)


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
        await touch_pmd(cpu, vma, address, pmdp, era.touch_dirties_pmd or bool(flags & FOLL_WRITE))
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


@traced
async def faultin_page(cpu: Cpu, vma: vm_area_struct, address: int, flags: int,
                       unshare: bool) -> int:
    """Take the page fault that the access would have taken, had the mapping allowed it.

    With ``unshare`` the page becomes the process's own, without a write. Returns FOLL_* for the
    next look. Raises ENOMEM, or EFAULT for what would be a signal.
    """
    fault_flags = FAULT_FLAG_WRITE if flags & FOLL_WRITE else 0
    if flags & FOLL_REMOTE:
        fault_flags |= FAULT_FLAG_REMOTE
    if unshare:
        fault_flags |= FAULT_FLAG_UNSHARE
    ret = await handle_mm_fault(cpu, vma, address, fault_flags)
    if ret & VM_FAULT_ERROR:
        raise KernelError(Errno.ENOMEM if ret & VM_FAULT_OOM else Errno.EFAULT)
    return kconfig(cpu).era.forced_write.faulted_in(vma, ret, flags)


async def _get_user_page(cpu: Cpu, vma: vm_area_struct, address: int, foll_flags: int) -> page:
    """Follow and fault alternately until there is a page. Raises EINTR in a dying task."""
    while True:
        if fatal_signal_pending(current(cpu)):
            raise KernelError(Errno.EINTR)
        unshare = False
        try:
            folio = await follow_page_mask(cpu, vma, address, foll_flags)
            if folio is not None:
                return folio
        except Unshare:
            unshare = True
        foll_flags = await faultin_page(cpu, vma, address, foll_flags, unshare)


def _mapping_for(cpu: Cpu, mm: mm_struct, address: int, gup_flags: int) -> vm_area_struct:
    """Return the mapping of a page that is wanted, if it allows the access. Raises EFAULT.

    With FOLL_MADV_POPULATE: ENOMEM if there is no mapping, EINVAL if it does not allow the access.
    """
    populate = gup_flags & FOLL_MADV_POPULATE
    vma      = vma_lookup(mm, address) if populate else gup_vma_lookup(cpu, mm, address)
    if vma is None:
        raise KernelError(Errno.ENOMEM if populate else Errno.EFAULT)
    try:
        check_vma_flags(vma, gup_flags)
    except KernelError:
        if populate:
            raise KernelError(Errno.EINVAL) from None
        raise
    return vma


async def __get_user_pages(cpu: Cpu, mm: mm_struct, start: int, nr_pages: int,
                           gup_flags: int) -> list[page]:
    """Return the pages from ``start`` on, up to the first that fails; if none, raise why."""
    pages: list[page]          = []
    vma: vm_area_struct | None = None
    try:
        for address in range(start & PAGE_MASK, (start & PAGE_MASK) + nr_pages * PAGE_SIZE,
                             PAGE_SIZE):
            if vma is None or address >= vma.vm_end:
                vma = _mapping_for(cpu, mm, address, gup_flags)
            foll_flags = kconfig(cpu).era.read_gup.gup_flags(vma, gup_flags)
            pages.append(await _get_user_page(cpu, vma, address, foll_flags))
    except KernelError:
        if not pages:
            raise
    return pages


@traced
async def get_user_pages_remote(cpu: Cpu, mm: mm_struct, start: int, nr_pages: int,
                                gup_flags: int) -> list[page]:
    """Get pages of any address space, each with a reference. The caller holds mmap_lock.

    Parameters
    ----------
    start : :class:`int`
        Linear address in the first page.
    gup_flags : :class:`int`
        FOLL_WRITE, FOLL_FORCE, FOLL_ANON.

    Returns
    -------
    :class:`list` of :class:`page`
        At least one, and fewer than ``nr_pages`` if a later one failed.

    Raises
    ------
    KernelError
        EFAULT, ENOMEM, EINTR or EEXIST, if the first page failed.
    """
    return await __get_user_pages(cpu, mm, start, nr_pages,
                                  gup_flags | FOLL_GET | FOLL_TOUCH | FOLL_REMOTE)


async def pin_user_pages_remote(cpu: Cpu, mm: mm_struct, start: int, nr_pages: int,
                                gup_flags: int) -> list[page]:
    """Pin pages of any address space, for somebody who uses their contents.

    Like ``get_user_pages_remote``, but each has a pin, for ``unpin_user_page`` to give back.
    """
    return await __get_user_pages(cpu, mm, start, nr_pages,
                                  gup_flags | FOLL_PIN | FOLL_TOUCH | FOLL_REMOTE)


@traced
async def get_user_pages_fast(cpu: Cpu, start: int, nr_pages: int, gup_flags: int) -> list[page]:
    """Get pages of the current address space, each with a reference. No lock is held.

    Linux first looks into the tables without a lock, which is left out here. Returns and raises
    like ``get_user_pages_remote``; EFAULT for what is no memory of a program.
    """
    if not access_ok(cpu, start, nr_pages * PAGE_SIZE - start % PAGE_SIZE):
        raise KernelError(Errno.EFAULT)
    mm = current_mm(cpu)
    await mmap_read_lock(cpu, mm)
    try:
        return await __get_user_pages(cpu, mm, start, nr_pages, gup_flags | FOLL_GET | FOLL_TOUCH)
    finally:
        mmap_read_unlock(cpu, mm)


async def get_user_page_vma_remote(cpu: Cpu, mm: mm_struct, addr: int,
                                   gup_flags: int) -> tuple[page, vm_area_struct]:
    """Get one page, and the mapping that it is in. Fails like ``get_user_pages_remote``."""
    folio, = await get_user_pages_remote(cpu, mm, addr, 1, gup_flags)
    vma = vma_lookup(mm, addr)
    assert vma is not None, "mmap_lock is held, yet the mapping has gone"
    return folio, vma


@traced
async def faultin_page_range(cpu: Cpu, mm: mm_struct, start: int, end: int, write: bool) -> int:
    """Make pages of ``[start, end)`` present, as loads or stores of the program would.

    The caller holds mmap_lock. Returns the number of pages done, which is at least one; raises
    ENOMEM without a mapping or a frame, EINVAL if the mapping does not allow it, EFAULT for what
    would be a signal, EINTR, if not even the first can be had.
    """
    gup_flags = FOLL_TOUCH | FOLL_MADV_POPULATE | (FOLL_WRITE if write else 0)
    return len(await __get_user_pages(cpu, mm, start, end - start >> PAGE_SHIFT, gup_flags))


@traced
async def populate_vma_page_range(cpu: Cpu, vma: vm_area_struct, start: int, end: int) -> int:
    """Make pages of one mapping present: written to if stores would make private copies.

    The caller holds mmap_lock. Returns and raises like ``faultin_page_range``, but for EFAULT where
    the mapping allows nothing.
    """
    if vma.vm_flags & VM_LOCKONFAULT:
        return end - start >> PAGE_SHIFT  # they are to come by themselves
    gup_flags = FOLL_TOUCH
    if vma.vm_flags & (VM_WRITE | VM_SHARED) == VM_WRITE:
        gup_flags |= FOLL_WRITE
    if vma_is_accessible(vma):
        gup_flags |= FOLL_FORCE
    return len(await __get_user_pages(cpu, vma.vm_mm, start, end - start >> PAGE_SHIFT, gup_flags))


@traced
async def __mm_populate(cpu: Cpu, start: int, length: int, ignore_errors: bool) -> None:
    """Make the pages of a range of the current address space present, up to one that cannot be.

    Raises ENOMEM, EFAULT or EINTR for that, unless errors are ignored: then it is skipped with the
    rest of its mapping. So are mappings that have no pages of their own.
    """
    mm, end = current_mm(cpu), start + length
    await mmap_read_lock(cpu, mm)
    try:
        while start < end and (vma := find_vma_intersection(mm, start, end)) is not None:
            start, stop = max(start, vma.vm_start), min(end, vma.vm_end)
            if vma.vm_flags & (VM_IO | VM_PFNMAP):
                start = stop
                continue
            try:
                pages  = await populate_vma_page_range(cpu, vma, start, stop)
                start += pages << PAGE_SHIFT
            except KernelError:
                if not ignore_errors:
                    raise
                start = stop
    finally:
        mmap_read_unlock(cpu, mm)


async def mm_populate(cpu: Cpu, start: int, length: int) -> None:
    """Make the pages of a range of the current address space present, as far as they can be."""
    await __mm_populate(cpu, start, length, ignore_errors=True)


@traced
async def fault_in_readable(cpu: Cpu, uaddr: int, size: int) -> int:
    """Read a byte of each page of the caller's own memory, so that the pages are present.

    Returns
    -------
    :class:`int`
        Bytes at the end that cannot be read; 0 is success.
    """
    if not access_ok(cpu, uaddr, size):
        return size
    end = uaddr + size
    await stac(cpu)
    try:
        with ex_table(cpu):
            while uaddr < end:
                await cpu.load(uaddr, 1)
                uaddr = (uaddr & PAGE_MASK) + PAGE_SIZE
    except Fixup:
        pass
    await clac(cpu)
    return max(0, end - uaddr)
