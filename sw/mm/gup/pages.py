"""get_user_pages: the page behind an address of a process, made present if need be.

Ref: Linux 6.12, mm/gup.c.
"""

from sw.arch.x86.include.asm.current import current, current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SIZE
from sw.arch.x86.lib.usercopy import access_ok
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import (
    FAULT_FLAG_REMOTE, FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, FOLL_GET, FOLL_MADV_POPULATE, FOLL_PIN,
    FOLL_REMOTE, FOLL_TOUCH, FOLL_WRITE, VM_FAULT_ERROR, VM_FAULT_OOM, mm_struct, page,
    vm_area_struct,
)
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.sched import fatal_signal_pending
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.fault import handle_mm_fault
from sw.mm.mmap.find import vma_lookup
from sw.processor.cpu import Cpu

from .check import check_vma_flags, gup_vma_lookup
from .fast import gup_fast
from .follow import Unshare, follow_page_mask


__all__ = [
    "__get_user_pages", "get_user_page_vma_remote", "get_user_pages_fast", "get_user_pages_remote",
    "pin_user_pages_remote",
]


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
        check_vma_flags(cpu, vma, gup_flags)
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

    Those that are mapped already are taken without a lock, and without a look at the rights of the
    mapping. Returns and raises like ``get_user_pages_remote``; EFAULT for what is no memory of a
    program.
    """
    if not access_ok(cpu, start, nr_pages * PAGE_SIZE - start % PAGE_SIZE):
        raise KernelError(Errno.EFAULT)
    mm, first = current_mm(cpu), start & PAGE_MASK
    fast  = kconfig(cpu).era.read_gup.fast_flags(gup_flags)
    pages = await gup_fast(cpu, mm, first, nr_pages, fast | FOLL_GET)
    if len(pages) == nr_pages:
        return pages
    await mmap_read_lock(cpu, mm)
    try:
        pages += await __get_user_pages(cpu, mm, first + len(pages) * PAGE_SIZE,
                                        nr_pages - len(pages), gup_flags | FOLL_GET | FOLL_TOUCH)
    except KernelError:
        if not pages:
            raise
    finally:
        mmap_read_unlock(cpu, mm)
    return pages


async def get_user_page_vma_remote(cpu: Cpu, mm: mm_struct, addr: int,
                                   gup_flags: int) -> tuple[page, vm_area_struct]:
    """Get one page, and the mapping that it is in. Fails like ``get_user_pages_remote``."""
    folio, = await get_user_pages_remote(cpu, mm, addr, 1, gup_flags)
    vma = vma_lookup(mm, addr)
    assert vma is not None, "mmap_lock is held, yet the mapping has gone"
    return folio, vma
