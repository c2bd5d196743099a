"""munmap(), and the end of an address space.

Ref: Linux 6.12, mm/mmap.c and mm/vma.c (do_vmi_align_munmap).
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.errno import Errno, KernelError
from sw.fs.file_table import fput
from sw.include.linux.mm import VM_SEALED, PAGE_ALIGN
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.memory.pgtable import free_pgtables
from sw.mm.memory.zap import unmap_page_range
from sw.mm.vma import split_vma, unlink_file_vma
from sw.processor.cpu import Cpu

from .find import find_vma, find_vma_intersection, vma_prev


__all__ = ["do_munmap", "exit_mmap", "sys_munmap", "vm_munmap"]


def _user_end(paging: Paging) -> int:
    """Return the end of the part of the root table that is the process's own."""
    size = 1 << paging.shifts[0]
    return (paging.TASK_SIZE + size - 1) // size * size


async def _unmap(cpu: Cpu, mm: mm_struct, gone: list[vm_area_struct], floor: int,
                 ceiling: int) -> None:
    """Take whole mappings out: their pages, then the tables that serve nobody else."""
    for vma in gone:
        mm.mmap.remove(vma)
    for vma in gone:
        await unmap_page_range(cpu, vma, vma.vm_start, vma.vm_end)
    for vma in gone:
        await unlink_file_vma(cpu, vma)
    await free_pgtables(cpu, mm, gone[0].vm_start, gone[-1].vm_end, floor, ceiling)
    for vma in gone:
        if vma.vm_ops is not None and vma.vm_ops.close is not None:
            vma.vm_ops.close(cpu, vma)
        if vma.vm_file is not None:
            await fput(cpu, vma.vm_file)


@traced
async def do_munmap(cpu: Cpu, mm: mm_struct, start: int, length: int) -> None:
    """Unmap ``[start, start + length)``; holes in it do not matter.

    The caller owns the lock of the mappings. Raises EINVAL for a range that is empty, not page
    aligned, or not a process's; EPERM if anything in it is sealed.
    """
    paging, task_size = kconfig(cpu).paging, kconfig(cpu).paging.TASK_SIZE
    if start & ~PAGE_MASK or start > task_size or length > task_size - start or length == 0:
        raise KernelError(Errno.EINVAL)
    end = start + PAGE_ALIGN(length)
    vma = find_vma_intersection(mm, start, end)
    if vma is None:
        return
    if any(vma.vm_flags & VM_SEALED for vma in mm.mmap
           if vma.vm_start < end and vma.vm_end > start):
        raise KernelError(Errno.EPERM)
    if vma.vm_start < start:
        await split_vma(cpu, vma, start)
    vma = find_vma(mm, end - 1)
    if vma is not None and vma.vm_start < end < vma.vm_end:
        await split_vma(cpu, vma, end)
    gone  = [vma for vma in mm.mmap if start <= vma.vm_start < end]
    below = vma_prev(mm, gone[0].vm_start)
    above = find_vma(mm, gone[-1].vm_end)
    await _unmap(cpu, mm, gone, below.vm_end if below is not None else 0,
                 above.vm_start if above is not None else _user_end(paging))


@traced
async def vm_munmap(cpu: Cpu, start: int, length: int) -> None:
    """Unmap a range of the current address space. Raises EINVAL, EPERM."""
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        await do_munmap(cpu, mm, start, length)
    finally:
        mmap_write_unlock(cpu, mm)


@traced
async def exit_mmap(cpu: Cpu, mm: mm_struct) -> None:
    """Unmap everything. Only the root table is left."""
    if mm.mmap:
        await _unmap(cpu, mm, list(mm.mmap), 0, _user_end(kconfig(cpu).paging))


async def sys_munmap(cpu: Cpu, start: int, length: int) -> int:
    """Unmap memory."""
    await vm_munmap(cpu, start, length)
    return 0
