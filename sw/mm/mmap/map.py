"""mmap(): new mappings.

Ref: Linux 6.12, mm/mmap.c and mm/vma.c (mmap_region).
"""

from sw.arch.x86.include.asm.current import current_mm
from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.file_table import fput
from sw.fs.hugetlbfs.inode import hugetlb_file_setup
from sw.include.linux.fs import FMODE_READ, FMODE_WRITE, MAX_LFS_FILESIZE, file, get_file
from sw.include.linux.mm import (
    VM_ACCESS_FLAGS, VM_GROWSDOWN, VM_HUGETLB, VM_LOCKED, VM_MAYEXEC, VM_MAYREAD, VM_MAYSHARE,
    VM_MAYWRITE, VM_NORESERVE, VM_SHARED, PAGE_ALIGN,
)
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import (
    LEGACY_MAP_MASK, MAP_ANONYMOUS, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_HUGETLB,
    MAP_HUGE_MASK, MAP_HUGE_SHIFT, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE,
    MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_TYPE, PROT_WRITE,
)
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.mm.gup.populate import mm_populate
from sw.mm.huge_memory.policy import has_transparent_hugepage
from sw.mm.memfd import memfd_check_seals_mmap
from sw.mm.shmem import shmem_zero_setup
from sw.mm.util import (
    OVERCOMMIT_NEVER, account_flags, nr_accounted, security_vm_enough_memory_mm,
    sysctl_overcommit_memory,
)
from sw.mm.vma import vma_link, vma_merge, vma_set_page_prot
from sw.processor.cpu import Cpu

from .find import find_vma_intersection
from .limits import can_do_mlock, may_expand_vm, mlock_future_ok
from .unmap import do_munmap
from .unmapped_area import get_unmapped_area, hugetlb_get_unmapped_area


__all__ = ["do_mmap", "ksys_mmap_pgoff"]


def file_mmap_ok(pgoff: int, length: int) -> bool:
    """Tell whether all bytes of the mapping are at positions that a file can have."""
    return (pgoff << PAGE_SHIFT) + length <= MAX_LFS_FILESIZE


def _file_vm_flags(filp: file, prot: int, flags: int, vm_flags: int) -> int:
    """Return the flags of a mapping of ``filp``. EOPNOTSUPP, EACCES, ENODEV, EINVAL.

    Shared memory of a file that is not open for writing can never become writable, and so looks
    private but for VM_MAYSHARE. A private mapping may be written, whatever the file's mode.
    """
    if flags & MAP_TYPE not in (MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE):
        raise KernelError(Errno.EINVAL)
    if flags & MAP_TYPE == MAP_SHARED_VALIDATE and flags & ~LEGACY_MAP_MASK:
        raise KernelError(Errno.EOPNOTSUPP)
    if flags & MAP_TYPE != MAP_PRIVATE:
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


def calc_vm_flag_bits(flags: int) -> int:
    """Return VM_* for MAP_*. Other flags mean nothing, or nothing to this kernel."""
    return ((VM_GROWSDOWN if flags & MAP_GROWSDOWN else 0)
            | (VM_LOCKED if flags & MAP_LOCKED else 0)
            | (VM_NORESERVE if flags & MAP_NORESERVE else 0)
            | (VM_HUGETLB if flags & MAP_HUGETLB else 0))


def _hugetlb_length(cpu: Cpu, addr: int, length: int, flags: int) -> int:
    """Return the length in whole huge pages. EINVAL for a size that the processor has not, and for
    a range that does not fit it; ENOMEM for one that has no pool, with MAP_NORESERVE too."""
    paging = kconfig(cpu).paging
    shift = flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK or paging.shifts[-2]
    size  = 1 << shift
    known = shift == paging.shifts[-2] or paging.X86_64 and shift == paging.shifts[-3]
    whole = (length + size - 1) // size * size & paging.address_mask
    if (not known or not whole or flags & MAP_FIXED and addr % size
            or flags & MAP_TYPE not in (MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE)):
        raise KernelError(Errno.EINVAL)
    if shift != paging.shifts[-2] or not has_transparent_hugepage(cpu):
        raise KernelError(Errno.ENOMEM)
    return whole


async def mmap_region(cpu: Cpu, mm: mm_struct, filp: file | None, addr: int, length: int,
                      vm_flags: int, pgoff: int) -> None:
    """Put a mapping at ``addr``, in place of what is there. ENOMEM above a limit; EPERM."""
    replaced = sum(min(vma.vm_end, addr + length) - max(vma.vm_start, addr) for vma in mm.mmap
                   if vma.vm_start < addr + length and vma.vm_end > addr)
    if not may_expand_vm(cpu, mm, vm_flags, length - replaced):
        raise KernelError(Errno.ENOMEM)
    account = account_flags(cpu, vm_flags)
    if account and not security_vm_enough_memory_mm(
            cpu, length - nr_accounted(mm, addr, addr + length)):
        raise KernelError(Errno.ENOMEM)
    vm_flags |= account
    await do_munmap(cpu, mm, addr, length)
    vma = vm_area_struct(mm, addr, addr + length, vm_flags, 0, vm_pgoff=pgoff)
    if filp is not None:
        vma.vm_file = get_file(filp)
        assert filp.f_op.mmap is not None
        try:
            filp.f_op.mmap(cpu, filp, vma)
        except KernelError:
            filp.f_count -= 1
            raise
    elif vm_flags & VM_SHARED:
        shmem_zero_setup(cpu, vma)
    vma_set_page_prot(kconfig(cpu).paging, vma)
    vma_link(mm, vma)
    vma_merge(vma)


@traced
async def do_mmap(cpu: Cpu, filp: file | None, addr: int, length: int, prot: int, flags: int,
                  pgoff: int) -> tuple[int, int]:
    """Map ``filp``, or memory without a file, into the current address space.

    The caller owns the lock of the mappings, and makes pages present after it has given it up.

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
    :class:`tuple` of two :class:`int`
        Linear address: the highest that is free below ``mmap_base``, if none was wished. And the
        bytes from there on whose pages are to be made present.

    Raises
    ------
    KernelError
        EINVAL, ENOMEM, EPERM, EEXIST, EAGAIN, EOVERFLOW, EOPNOTSUPP, EACCES or ENODEV, in this
        order.
    """
    if length == 0:
        raise KernelError(Errno.EINVAL)
    mm = current_mm(cpu)
    if flags & MAP_FIXED_NOREPLACE:
        flags |= MAP_FIXED
    length = PAGE_ALIGN(length)
    choose = hugetlb_get_unmapped_area if flags & MAP_HUGETLB else get_unmapped_area
    addr   = choose(cpu, mm, addr, length, flags)
    if flags & MAP_FIXED_NOREPLACE and find_vma_intersection(mm, addr, addr + length):
        raise KernelError(Errno.EEXIST)
    # PROT_READ, PROT_WRITE and PROT_EXEC have the values of VM_READ, VM_WRITE and VM_EXEC.
    vm_flags = prot & VM_ACCESS_FLAGS | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC
    if not flags & MAP_HUGETLB and sysctl_overcommit_memory(cpu) == OVERCOMMIT_NEVER:
        flags &= ~MAP_NORESERVE
    vm_flags |= calc_vm_flag_bits(flags) | mm.def_flags
    if flags & MAP_LOCKED and not can_do_mlock(cpu):
        raise KernelError(Errno.EPERM)
    if not mlock_future_ok(cpu, mm, vm_flags, length):
        raise KernelError(Errno.EAGAIN)
    if filp is not None:
        if not file_mmap_ok(pgoff, length):
            raise KernelError(Errno.EOVERFLOW)
        vm_flags = memfd_check_seals_mmap(filp, _file_vm_flags(filp, prot, flags, vm_flags))
    else:
        vm_flags = _anon_vm_flags(flags, vm_flags)
        pgoff    = 0 if vm_flags & VM_SHARED else addr >> PAGE_SHIFT
    populate = vm_flags & VM_LOCKED or flags & (MAP_POPULATE | MAP_NONBLOCK) == MAP_POPULATE
    await mmap_region(cpu, mm, filp, addr, length, vm_flags, pgoff)
    return addr, length if populate else 0


@traced
async def ksys_mmap_pgoff(cpu: Cpu, addr: int, length: int, prot: int, flags: int, fd: int,
                          pgoff: int) -> int:
    """Map the file of a descriptor, or with MAP_ANONYMOUS none. Fails like ``do_mmap``; EBADF."""
    if flags & MAP_ANONYMOUS:
        if flags & MAP_HUGETLB:
            length = _hugetlb_length(cpu, addr, length, flags)
            filp   = hugetlb_file_setup(cpu, length)
            try:
                return await vm_mmap_pgoff(cpu, filp, addr, length, prot, flags, pgoff)
            finally:
                await fput(cpu, filp)
        return await vm_mmap_pgoff(cpu, None, addr, length, prot, flags, pgoff)
    async with fdget(cpu, fd) as filp:
        if flags & MAP_HUGETLB:
            raise KernelError(Errno.EINVAL)  # no file has huge pages
        return await vm_mmap_pgoff(cpu, filp, addr, length, prot, flags, pgoff)


async def vm_mmap_pgoff(cpu: Cpu, filp: file | None, addr: int, length: int, prot: int, flags: int,
                        pgoff: int) -> int:
    """Map with the lock of the mappings. Fails like ``do_mmap``."""
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        addr, populate = await do_mmap(cpu, filp, addr, length, prot, flags, pgoff)
    finally:
        mmap_write_unlock(cpu, mm)
    if populate:
        await mm_populate(cpu, addr, populate)
    return addr
