"""process_vm_readv() and process_vm_writev(): from memory to another process's memory.

Ref: Linux 6.12, mm/process_vm_access.c.

No force: what the mappings do not allow is EFAULT.
"""

from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import FOLL_WRITE, mm_struct, page
from sw.include.linux.mmap_lock import mmap_read_lock, mmap_read_unlock
from sw.include.linux.ptrace import PTRACE_MODE_ATTACH_REALCREDS
from sw.include.linux.uio import iov_iter, iov_iter_count
from sw.kernel.fork.mm import mm_access, mmput
from sw.kernel.pid import find_task_by_vpid
from sw.kernel.trace.ftrace import traced
from sw.lib.iov_iter import copy_page_from_iter, copy_page_to_iter, import_iovec, iovec_from_user
from sw.processor.cpu import Cpu

from .gup.follow import unpin_user_page
from .gup.pages import pin_user_pages_remote
from .page_writeback import set_page_dirty_lock


__all__ = ["sys_process_vm_readv", "sys_process_vm_writev"]


#: Pages that are pinned at a time: as many as two pages hold pointers to.
_PAGES_PER_LOOP = 1024


async def process_vm_rw_pages(cpu: Cpu, pages: list[page], offset: int, length: int, i: iov_iter,
                              vm_write: bool) -> None:
    """Copy between pinned pages and the caller's memory. Raises EFAULT for that."""
    for pg in pages:
        count = min(PAGE_SIZE - offset, length, iov_iter_count(i))
        copy  = copy_page_from_iter if vm_write else copy_page_to_iter
        if count and await copy(cpu, pg, offset, count, i) < count:
            raise KernelError(Errno.EFAULT)
        length, offset = length - count, 0


@traced
async def process_vm_rw_single_vec(cpu: Cpu, addr: int, length: int, i: iov_iter, mm: mm_struct,
                                   vm_write: bool) -> None:
    """Copy one piece of the other process's memory. Raises EFAULT at what cannot be copied."""
    end   = addr + length
    flags = FOLL_WRITE if vm_write else 0
    while addr < end and iov_iter_count(i):
        start    = addr & PAGE_MASK
        nr_pages = min((end - start + PAGE_SIZE - 1) >> PAGE_SHIFT, _PAGES_PER_LOOP)
        await mmap_read_lock(cpu, mm)
        try:
            pages = await pin_user_pages_remote(cpu, mm, start, nr_pages, flags)
        except KernelError:
            raise KernelError(Errno.EFAULT) from None
        finally:
            mmap_read_unlock(cpu, mm)
        stop = min(end, start + len(pages) * PAGE_SIZE)
        try:
            await process_vm_rw_pages(cpu, pages, addr - start, stop - addr, i, vm_write)
        finally:
            for pg in pages:
                if vm_write:
                    set_page_dirty_lock(pg)
                unpin_user_page(cpu, pg)
        addr = stop


async def process_vm_rw_core(cpu: Cpu, pid: int, i: iov_iter, rvec: list[tuple[int, int]],
                             vm_write: bool) -> int:
    """Copy piece by piece, up to one that cannot be; return the bytes, or if none raise EFAULT.

    Raises ESRCH if there is no such process, or it has no memory; EPERM if the caller may not look
    into it.
    """
    if not any(length for _, length in rvec):
        return 0
    task = find_task_by_vpid(cpu, pid)
    if task is None:
        raise KernelError(Errno.ESRCH)
    try:
        mm = await mm_access(cpu, task, PTRACE_MODE_ATTACH_REALCREDS)
    except KernelError:
        raise KernelError(Errno.EPERM) from None
    if mm is None:
        raise KernelError(Errno.ESRCH)
    wanted = iov_iter_count(i)
    try:
        for base, length in rvec:
            await process_vm_rw_single_vec(cpu, base, length, i, mm, vm_write)
    except KernelError:
        if iov_iter_count(i) == wanted:
            raise
    finally:
        await mmput(cpu, mm)
    return wanted - iov_iter_count(i)


async def process_vm_rw(cpu: Cpu, pid: int, lvec: int, liovcnt: int, rvec: int, riovcnt: int,
                        flags: int, vm_write: bool) -> int:
    """Copy between the caller's buffers and those of the process ``pid``. Raises EINVAL for flags,
    EFAULT for arrays that cannot be read."""
    if flags:
        raise KernelError(Errno.EINVAL)
    local = await import_iovec(cpu, lvec, liovcnt)
    if not iov_iter_count(local):
        return 0
    remote = await iovec_from_user(cpu, rvec, riovcnt)
    return await process_vm_rw_core(cpu, pid, local, remote, vm_write)


async def sys_process_vm_readv(cpu: Cpu, pid: int, lvec: int, liovcnt: int, rvec: int,
                               riovcnt: int, flags: int) -> int:
    """Read another process's memory; return the bytes done."""
    return await process_vm_rw(cpu, pid, lvec, liovcnt, rvec, riovcnt, flags, vm_write=False)


async def sys_process_vm_writev(cpu: Cpu, pid: int, lvec: int, liovcnt: int, rvec: int,
                                riovcnt: int, flags: int) -> int:
    """Write another process's memory; return the bytes done."""
    return await process_vm_rw(cpu, pid, lvec, liovcnt, rvec, riovcnt, flags, vm_write=True)
