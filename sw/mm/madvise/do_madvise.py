"""madvise(): what a program wants done with its memory.

Ref: Linux 6.12, mm/madvise.c.

Advice of memory failures and of merged pages is EINVAL, as in a kernel that is built without them.
"""

from collections.abc import Awaitable, Callable, Mapping

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.include.linux.hugetlb import is_vm_hugetlb_page
from sw.include.linux.mm import (
    VM_DONTCOPY, VM_DONTDUMP, VM_IO, VM_RAND_READ, VM_SEQ_READ, VM_SHARED, VM_SPECIAL,
    VM_WIPEONFORK, PAGE_ALIGN,
)
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import (
    MADV_COLD, MADV_COLLAPSE, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED,
    MADV_DONTNEED_LOCKED, MADV_FREE, MADV_HUGEPAGE, MADV_KEEPONFORK, MADV_NOHUGEPAGE, MADV_NORMAL,
    MADV_PAGEOUT,
    MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL,
    MADV_WILLNEED, MADV_WIPEONFORK,
)
from sw.include.linux.mmap_lock import (
    mmap_read_lock, mmap_read_unlock, mmap_write_lock_killable, mmap_write_unlock,
)
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.gup.populate import faultin_page_range
from sw.mm.khugepaged import hugepage_madvise, madvise_collapse
from sw.mm.mmap.find import find_vma
from sw.mm.mseal import can_modify_vma_madv
from sw.mm.vma import vma_merge, vma_modify
from sw.processor.cpu import Cpu

from .cold import madvise_cold, madvise_pageout
from .dontneed_free import madvise_dontneed_free, madvise_remove


__all__ = ["do_madvise", "sys_madvise"]


_DONTNEED_FREE = (MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE)

#: Advice about the pages: the mappings stay as they are.
_PAGES = (*_DONTNEED_FREE, MADV_WILLNEED, MADV_REMOVE, MADV_COLD, MADV_PAGEOUT)

_WAYS: Mapping[int, Callable[[Cpu, vm_area_struct, int, int], Awaitable[None]]] = {
    MADV_REMOVE: madvise_remove, MADV_COLD: madvise_cold, MADV_PAGEOUT: madvise_pageout,
    MADV_COLLAPSE: madvise_collapse,
}

_POPULATE = (MADV_POPULATE_READ, MADV_POPULATE_WRITE)

#: Advice about huge pages.
_HUGE = (MADV_HUGEPAGE, MADV_NOHUGEPAGE)

#: Advice about the mapping: the flags that it clears, and those that it sets.
_FLAGS: Mapping[int, tuple[int, int]] = {
    MADV_NORMAL:     (VM_RAND_READ | VM_SEQ_READ, 0),
    MADV_SEQUENTIAL: (VM_RAND_READ, VM_SEQ_READ),
    MADV_RANDOM:     (VM_SEQ_READ, VM_RAND_READ),
    MADV_DONTFORK:   (0, VM_DONTCOPY),
    MADV_DOFORK:     (VM_DONTCOPY, 0),
    MADV_WIPEONFORK: (0, VM_WIPEONFORK),
    MADV_KEEPONFORK: (VM_WIPEONFORK, 0),
    MADV_DONTDUMP:   (0, VM_DONTDUMP),
    MADV_DODUMP:     (VM_DONTDUMP, 0),
}


def madvise_behavior_valid(cpu: Cpu, behavior: int) -> bool:
    """Tell whether it is advice at all. A 32-bit kernel without PAE is built without huge pages."""
    if behavior in (*_HUGE, MADV_COLLAPSE):
        return kconfig(cpu).paging.entry_size == 8
    return behavior in _PAGES or behavior in _POPULATE or behavior in _FLAGS


def madvise_need_mmap_write(behavior: int) -> bool:
    """Tell whether the mappings themselves change."""
    return behavior in _FLAGS or behavior in _HUGE


async def madvise_update_vma(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                             new_flags: int) -> None:
    """Change the flags of the part ``[start, end)`` of one mapping."""
    if new_flags != vma.vm_flags:
        vma = await vma_modify(cpu, vma, start, end)
        vma.vm_flags = new_flags
        vma_merge(vma)


def _refuses(vma: vm_area_struct, behavior: int) -> bool:
    """Tell whether the advice makes no sense for the mapping."""
    if behavior == MADV_DOFORK:
        return bool(vma.vm_flags & VM_IO)
    if behavior == MADV_WIPEONFORK:
        return vma.vm_file is not None or bool(vma.vm_flags & VM_SHARED)
    return (behavior == MADV_DODUMP and bool(vma.vm_flags & VM_SPECIAL)
            and not is_vm_hugetlb_page(vma))


@traced
async def madvise_vma_behavior(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                               behavior: int) -> None:
    """Follow the advice for the part ``[start, end)`` of one mapping.

    Raises EPERM, EINVAL, EAGAIN, ENOMEM, ENOSYS.
    """
    if not can_modify_vma_madv(vma, behavior):
        raise KernelError(Errno.EPERM)
    if behavior in _DONTNEED_FREE:
        await madvise_dontneed_free(cpu, vma, start, end, behavior)
    elif behavior in _WAYS:
        await _WAYS[behavior](cpu, vma, start, end)
    elif behavior in _FLAGS:  # for MADV_WILLNEED nothing is to be read, as no page is on a disk
        if _refuses(vma, behavior):
            raise KernelError(Errno.EINVAL)
        clear, add = _FLAGS[behavior]
        await madvise_update_vma(cpu, vma, start, end, vma.vm_flags & ~clear | add)
    elif behavior in _HUGE:
        await madvise_update_vma(cpu, vma, start, end, hugepage_madvise(vma.vm_flags, behavior))


@traced
async def madvise_populate(cpu: Cpu, mm: mm_struct, start: int, end: int, behavior: int) -> None:
    """Make all pages present, up to the first that cannot be. Raises why."""
    while start < end:
        pages  = await faultin_page_range(cpu, mm, start, end, behavior == MADV_POPULATE_WRITE)
        start += pages << PAGE_SHIFT


@traced
async def madvise_walk_vmas(cpu: Cpu, mm: mm_struct, start: int, end: int, behavior: int) -> None:
    """Follow the advice in mapping after mapping, up to one that refuses it.

    A hole does not stop it, and is ENOMEM in the end.
    """
    holes = False
    while start < end:
        vma = find_vma(mm, start)
        if vma is None:
            raise KernelError(Errno.ENOMEM)
        if start < vma.vm_start:
            holes = True
            start = vma.vm_start
        stop = min(vma.vm_end, end)
        if start < stop:
            await madvise_vma_behavior(cpu, vma, start, stop, behavior)
        start = stop
    if holes:
        raise KernelError(Errno.ENOMEM)


@traced
async def do_madvise(cpu: Cpu, mm: mm_struct, start: int, len_in: int, behavior: int) -> None:
    """Follow the advice ``behavior`` for ``[start, start + len_in)``.

    Raises
    ------
    KernelError
        EINVAL for unknown advice, a start that is not page aligned, a range that wraps, and a
        mapping that the advice is not for; EPERM for a sealed one; ENOMEM for a hole, after all
        else is done; EFAULT, ENOMEM or EINTR for a page that cannot be made present; EINVAL,
        EAGAIN, ENOMEM or ENOSYS for pages that cannot be made a huge one.
    """
    if not madvise_behavior_valid(cpu, behavior) or start & ~PAGE_MASK:
        raise KernelError(Errno.EINVAL)
    mask   = kconfig(cpu).paging.address_mask
    length = PAGE_ALIGN(len_in) & mask
    end    = start + length
    if len_in and not length or end > mask:
        raise KernelError(Errno.EINVAL)
    if start == end:
        return
    if madvise_need_mmap_write(behavior):
        await mmap_write_lock_killable(cpu, mm)
        unlock = mmap_write_unlock
    else:
        await mmap_read_lock(cpu, mm)
        unlock = mmap_read_unlock
    try:
        advise = madvise_populate if behavior in _POPULATE else madvise_walk_vmas
        await advise(cpu, mm, start, end, behavior)
    finally:
        unlock(cpu, mm)


async def sys_madvise(cpu: Cpu, start: int, len_in: int, behavior: int) -> int:
    """Advise the kernel about memory."""
    await do_madvise(cpu, current_mm(cpu), start, len_in, behavior)
    return 0
