"""Pages made present beforehand.

Ref: Linux 6.12, mm/gup.c (populate_vma_page_range, faultin_page_range, fault_in_readable).
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.arch.x86.include.asm.smap import clac, stac
from sw.arch.x86.lib.usercopy import access_ok
from sw.arch.x86.mm.extable import ex_table
from sw.errno import KernelError
from sw.include.linux.mm import (
    VM_IO, VM_LOCKONFAULT, VM_PFNMAP, VM_SHARED, VM_WRITE, vma_is_accessible,
)
from sw.include.linux.mm_types import (
    FOLL_FORCE, FOLL_MADV_POPULATE, FOLL_TOUCH, FOLL_WRITE, mm_struct, vm_area_struct,
)
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.kernel.trace.ftrace import traced
from sw.mm.mmap.find import find_vma_intersection
from sw.processor.cpu import Cpu
from sw.processor.exceptions import Fixup

from .pages import __get_user_pages


__all__ = [
    "__mm_populate", "fault_in_readable", "faultin_page_range", "mm_populate",
    "populate_vma_page_range",
]


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


async def mm_populate(cpu: Cpu, start: int, length: int) -> None:
    """Make the pages of a range of the current address space present, as far as they can be."""
    await __mm_populate(cpu, start, length, ignore_errors=True)


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
