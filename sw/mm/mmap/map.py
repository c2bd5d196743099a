"""mmap() and munmap().

Ref: Linux 6.12, mm/mmap.c and mm/vma.c.
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.pgtable_types import Paging
from sw.arch.x86.mm.pgtable import free_pgtables
from sw.errno import Errno, KernelError
from sw.include.linux.fs import (
    FMODE_READ, FMODE_WRITE, MAX_LFS_FILESIZE, fdget, file, fput, get_file,
)
from sw.include.linux.mm_types import (
    PAGE_MASK, PAGE_SHIFT, VM_ACCESS_FLAGS, VM_GROWSDOWN, VM_MAYEXEC, VM_MAYREAD, VM_MAYSHARE,
    VM_MAYWRITE, VM_SHARED, mm_struct, vm_area_struct,
)
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.kernel.trace.ftrace import traced
from sw.mm.filemap import shmem_mmap, shmem_zero_setup
from sw.mm.memory.zap import unmap_page_range
from sw.mm.vma import (
    find_vma, find_vma_intersection, split_vma, vma_link, vma_merge, vma_prev, vma_set_page_prot,
)
from sw.processor.cpu import Cpu

from .unmapped_area import MAP_FIXED, MAP_FIXED_NOREPLACE, get_unmapped_area, page_align


__all__ = [
    "MAP_ANONYMOUS", "MAP_FIXED", "MAP_FIXED_NOREPLACE", "MAP_GROWSDOWN", "MAP_PRIVATE",
    "MAP_SHARED", "PROT_EXEC", "PROT_NONE", "PROT_READ", "PROT_WRITE", "do_mmap", "do_munmap",
    "exit_mmap", "ksys_mmap_pgoff", "vm_munmap",
]


PROT_NONE  = 0x0
PROT_READ  = 0x1
PROT_WRITE = 0x2
PROT_EXEC  = 0x4

MAP_SHARED    = 0x01
MAP_PRIVATE   = 0x02
MAP_TYPE      = 0x0F
MAP_ANONYMOUS = 0x20
MAP_GROWSDOWN = 0x0100


def _user_end(paging: Paging) -> int:
    """Return the end of the part of the root table that is the process's own."""
    span = 1 << paging.shifts[0]
    return (paging.TASK_SIZE + span - 1) // span * span


def file_mmap_ok(pgoff: int, length: int) -> bool:
    """Are all bytes of the mapping at positions that a file can have?"""
    return (pgoff << PAGE_SHIFT) + length <= MAX_LFS_FILESIZE


def _file_vm_flags(filp: file, prot: int, flags: int, vm_flags: int) -> int:
    """Return the flags of a mapping of ``filp``. EACCES, ENODEV, EINVAL.

    Shared memory of a file that is not open for writing can never become writable, and so looks
    private but for VM_MAYSHARE. A private mapping may be written, whatever the file's mode.
    """
    if flags & MAP_TYPE not in (MAP_SHARED, MAP_PRIVATE):
        raise KernelError(Errno.EINVAL)
    if flags & MAP_TYPE == MAP_SHARED:
        writable = filp.f_mode & FMODE_WRITE
        if prot & PROT_WRITE and not writable:
            raise KernelError(Errno.EACCES)
        vm_flags |= VM_SHARED | VM_MAYSHARE
        if not writable:
            vm_flags &= ~(VM_MAYWRITE | VM_SHARED)
    if not filp.f_mode & FMODE_READ:
        raise KernelError(Errno.EACCES)
    if filp.f_op.mmap is None:
        raise KernelError(Errno.ENODEV)
    if vm_flags & VM_GROWSDOWN:
        raise KernelError(Errno.EINVAL)
    return vm_flags


def _anon_vm_flags(flags: int, vm_flags: int) -> int:
    """Return the flags of a mapping without a file. EINVAL."""
    if flags & MAP_TYPE == MAP_PRIVATE:
        return vm_flags
    if flags & MAP_TYPE != MAP_SHARED or vm_flags & VM_GROWSDOWN:
        raise KernelError(Errno.EINVAL)
    return vm_flags | VM_SHARED | VM_MAYSHARE


async def mmap_region(cpu: Cpu, mm: mm_struct, filp: file | None, addr: int, length: int,
                      vm_flags: int, pgoff: int) -> int:
    """Put a mapping at ``addr``, in place of what is there."""
    await do_munmap(cpu, mm, addr, length)
    vma = vm_area_struct(mm, addr, addr + length, vm_flags, 0, vm_pgoff=pgoff)
    if filp is not None:
        vma.vm_file = get_file(filp)
        assert filp.f_op.mmap is not None
        filp.f_op.mmap(cpu, filp, vma)
    elif vm_flags & VM_SHARED:
        vma.vm_file = shmem_zero_setup(length)
        shmem_mmap(cpu, vma.vm_file, vma)
    vma_set_page_prot(vma)
    vma_link(mm, vma)
    vma_merge(vma)
    return addr


@traced
async def do_mmap(cpu: Cpu, filp: file | None, addr: int, length: int, prot: int, flags: int,
                  pgoff: int) -> int:
    """Map ``filp``, or memory without a file, into the current address space.

    The caller owns the lock of the mappings. No page is made present.

    Parameters
    ----------
    addr, length : :class:`int`
        In bytes; the length is rounded up to pages.
    prot, flags : :class:`int`
        PROT_* and MAP_*.
    pgoff : :class:`int`
        First page of the file.

    Returns
    -------
    :class:`int`
        Linear address. The highest that is free below ``mmap_base``, if none was wished.

    Raises
    ------
    KernelError
        EINVAL, ENOMEM, EPERM, EEXIST, EOVERFLOW, EACCES or ENODEV, in this order.
    """
    if length == 0:
        raise KernelError(Errno.EINVAL)
    mm = current_mm(cpu)
    if flags & MAP_FIXED_NOREPLACE:
        flags |= MAP_FIXED
    length = page_align(length)
    addr   = get_unmapped_area(cpu, mm, addr, length, flags)
    if flags & MAP_FIXED_NOREPLACE and find_vma_intersection(mm, addr, addr + length):
        raise KernelError(Errno.EEXIST)
    # PROT_READ, PROT_WRITE and PROT_EXEC have the values of VM_READ, VM_WRITE and VM_EXEC.
    vm_flags = prot & VM_ACCESS_FLAGS | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    vm_flags |= VM_GROWSDOWN if flags & MAP_GROWSDOWN else 0
    if filp is not None:
        if not file_mmap_ok(pgoff, length):
            raise KernelError(Errno.EOVERFLOW)
        vm_flags = _file_vm_flags(filp, prot, flags, vm_flags)
    else:
        vm_flags = _anon_vm_flags(flags, vm_flags)
        pgoff    = 0 if vm_flags & VM_SHARED else addr >> PAGE_SHIFT
    return await mmap_region(cpu, mm, filp, addr, length, vm_flags, pgoff)


@traced
async def ksys_mmap_pgoff(cpu: Cpu, addr: int, length: int, prot: int, flags: int, fd: int,
                          pgoff: int) -> int:
    """Map the file of a descriptor, or with MAP_ANONYMOUS none. Fails like ``do_mmap``; EBADF."""
    if flags & MAP_ANONYMOUS:
        return await vm_mmap_pgoff(cpu, None, addr, length, prot, flags, pgoff)
    async with fdget(cpu, fd) as filp:
        return await vm_mmap_pgoff(cpu, filp, addr, length, prot, flags, pgoff)


async def vm_mmap_pgoff(cpu: Cpu, filp: file | None, addr: int, length: int, prot: int, flags: int,
                        pgoff: int) -> int:
    """Map with the lock of the mappings. Fails like ``do_mmap``."""
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        return await do_mmap(cpu, filp, addr, length, prot, flags, pgoff)
    finally:
        mmap_write_unlock(cpu, mm)


async def _unmap(cpu: Cpu, mm: mm_struct, gone: list[vm_area_struct], floor: int,
                 ceiling: int) -> None:
    """Take whole mappings out: their pages, then the tables that serve nobody else."""
    for vma in gone:
        mm.mmap.remove(vma)
    for vma in gone:
        await unmap_page_range(cpu, vma, vma.vm_start, vma.vm_end)
    await free_pgtables(cpu, mm, gone[0].vm_start, gone[-1].vm_end, floor, ceiling)
    for vma in gone:
        if vma.vm_file is not None:
            await fput(cpu, vma.vm_file)


@traced
async def do_munmap(cpu: Cpu, mm: mm_struct, start: int, length: int) -> None:
    """Unmap ``[start, start + length)``; holes in it do not matter.

    The caller owns the lock of the mappings. Raises EINVAL for a range that is empty, not page
    aligned, or not a process's.
    """
    task_size = mm.kernel.paging.TASK_SIZE
    if start & ~PAGE_MASK or start > task_size or length > task_size - start or length == 0:
        raise KernelError(Errno.EINVAL)
    end = start + page_align(length)
    vma = find_vma_intersection(mm, start, end)
    if vma is None:
        return
    if vma.vm_start < start:
        split_vma(vma, start)
    vma = find_vma(mm, end - 1)
    if vma is not None and vma.vm_start < end < vma.vm_end:
        split_vma(vma, end)
    gone  = [vma for vma in mm.mmap if start <= vma.vm_start < end]
    below = vma_prev(mm, gone[0].vm_start)
    above = find_vma(mm, gone[-1].vm_end)
    await _unmap(cpu, mm, gone, below.vm_end if below is not None else 0,
                 above.vm_start if above is not None else _user_end(mm.kernel.paging))


@traced
async def vm_munmap(cpu: Cpu, start: int, length: int) -> None:
    """Unmap a range of the current address space. Raises EINVAL."""
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
        await _unmap(cpu, mm, list(mm.mmap), 0, _user_end(mm.kernel.paging))
