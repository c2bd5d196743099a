"""mseal(): mappings that nobody changes any more.

Ref: Linux 6.12, mm/mseal.c.

Sealed is the mapping, not the memory: what may write to it may still, and FOLL_FORCE too.
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_SEALED, VM_SHARED, VM_WRITE, PAGE_ALIGN
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import (
    MADV_DONTFORK, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_REMOVE, MADV_WIPEONFORK,
)
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .mmap.find import vma_lookup
from .vma import vma_merge, vma_modify


__all__ = ["can_modify_vma_madv", "sys_mseal"]


#: Advice that destroys contents, now or in a child.
_DISCARD = (MADV_FREE, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_REMOVE, MADV_DONTFORK,
            MADV_WIPEONFORK)


def can_modify_vma_madv(vma: vm_area_struct, behavior: int) -> bool:
    """Tell whether madvise() may do what it is asked: not empty sealed memory that is read-only."""
    read_only = vma.vm_file is None and not vma.vm_flags & (VM_SHARED | VM_WRITE)
    return behavior not in _DISCARD or not (vma.vm_flags & VM_SEALED and read_only)


async def apply_mm_seal(cpu: Cpu, mm: mm_struct, start: int, end: int) -> None:
    """Seal a range. Raises ENOMEM if there is a hole in it: nothing is sealed then."""
    at = start
    while at < end:
        vma = vma_lookup(mm, at)
        if vma is None:
            raise KernelError(Errno.ENOMEM)
        at = vma.vm_end
    while start < end:
        vma = vma_lookup(mm, start)
        assert vma is not None, "BUG: a mapping has gone though its list is locked"
        stop = min(vma.vm_end, end)
        if not vma.vm_flags & VM_SEALED:
            vma = await vma_modify(cpu, vma, start, stop)
            vma.vm_flags |= VM_SEALED
            vma_merge(vma)
        start = stop


@traced
async def sys_mseal(cpu: Cpu, start: int, len_in: int, flags: int) -> int:
    """Seal the mappings of a range.

    Raises EINVAL for any flag, a start that is not page aligned and a range that wraps; ENOMEM for
    a hole; ENOSYS in a kernel of 32 bits.
    """
    if not kconfig(cpu).paging.X86_64:
        raise KernelError(Errno.ENOSYS)
    mask   = kconfig(cpu).paging.address_mask
    length = PAGE_ALIGN(len_in) & mask
    if flags or start & ~PAGE_MASK or len_in and not length or start + length > mask:
        raise KernelError(Errno.EINVAL)
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        await apply_mm_seal(cpu, mm, start, start + length)
    finally:
        mmap_write_unlock(cpu, mm)
    return 0
