"""msync(): mapped memory written to the disk of its file.

Ref: Linux 6.12, mm/msync.c, include/uapi/asm-generic/mman-common.h.
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.errno import Errno, KernelError
from sw.fs.sync import vfs_fsync
from sw.include.linux.mm import VM_LOCKED, VM_SHARED, PAGE_ALIGN
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.mman import MS_ASYNC, MS_INVALIDATE, MS_SYNC
from sw.include.linux.mmap_lock import mmap_read_lock_killable, mmap_read_unlock
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .mmap.find import find_vma


__all__ = ["sys_msync"]


def _sync(cpu: Cpu, mm: mm_struct, start: int, end: int, flags: int) -> None:
    """Go from mapping to mapping. EBUSY, ENOMEM for a hole, and what a file says to fsync()."""
    holes = False
    while start < end:
        vma = find_vma(mm, start)
        if vma is None:
            raise KernelError(Errno.ENOMEM)
        if start < vma.vm_start:
            holes = True
            # What is to be written later needs no more looks: nothing is done for it.
            if flags == MS_ASYNC or vma.vm_start >= end:
                break
        if flags & MS_INVALIDATE and vma.vm_flags & VM_LOCKED:
            raise KernelError(Errno.EBUSY)
        if flags & MS_SYNC and vma.vm_file is not None and vma.vm_flags & VM_SHARED:
            vfs_fsync(cpu, vma.vm_file)
        start = vma.vm_end
    if holes:
        raise KernelError(Errno.ENOMEM)


@traced
async def sys_msync(cpu: Cpu, start: int, length: int, flags: int) -> int:
    """Write what is mapped shared to its file's disk.

    Raises EINVAL for other flags, for both MS_ASYNC and MS_SYNC, a start that is not page aligned,
    and a file that cannot; ENOMEM for a range that wraps, and a hole; EBUSY for locked memory with
    MS_INVALIDATE.
    """
    both = MS_ASYNC | MS_SYNC
    if flags & ~(both | MS_INVALIDATE) or start & ~PAGE_MASK or flags & both == both:
        raise KernelError(Errno.EINVAL)
    mask = kconfig(cpu).paging.address_mask
    end  = start + (PAGE_ALIGN(length) & mask)
    if end > mask:
        raise KernelError(Errno.ENOMEM)
    mm = current_mm(cpu)
    await mmap_read_lock_killable(cpu, mm)
    try:
        _sync(cpu, mm, start, end, flags)
    finally:
        mmap_read_unlock(cpu, mm)
    return 0
