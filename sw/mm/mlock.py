"""mlock() and its kind: memory that stays present.

Ref: Linux 6.12, mm/mlock.c.

There is no reclaim, so that a lock makes pages present, is counted, and keeps MADV_DONTNEED away.
"""

from contextlib import suppress

from sw.arch.x86.include.asm.current import current, current_mm
from sw.arch.x86.include.asm.page_types import PAGE_MASK
from sw.errno import Errno, KernelError
from sw.include.linux.capability import CAP_IPC_LOCK
from sw.include.linux.mm import (
    VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL, PAGE_ALIGN,
)
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mman import MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT
from sw.include.linux.mmap_lock import mmap_write_lock_killable, mmap_write_unlock
from sw.include.linux.resource import RLIMIT_MEMLOCK
from sw.include.linux.sched import task_rlimit
from sw.kconfig import kconfig
from sw.kernel.capability import capable
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu

from .gup.populate import __mm_populate, mm_populate
from .mmap.find import find_vma, vma_lookup
from .mmap.limits import can_do_mlock, locked_vm, total_vm
from .secretmem import vma_is_secretmem
from .vma import vma_merge, vma_modify


__all__ = ["sys_mlock", "sys_mlock2", "sys_mlockall", "sys_munlock", "sys_munlockall"]


async def mlock_fixup(cpu: Cpu, vma: vm_area_struct, start: int, end: int,
                      newflags: int) -> None:
    """Lock the part ``[start, end)`` of one mapping, or unlock it. A special one is left alone."""
    if newflags == vma.vm_flags or vma.vm_flags & VM_SPECIAL or vma_is_secretmem(vma):
        return
    vma = await vma_modify(cpu, vma, start, end)
    vma.vm_flags = newflags
    vma_merge(vma)


async def apply_vma_lock_flags(cpu: Cpu, mm: mm_struct, start: int, end: int, flags: int) -> None:
    """Lock mapping after mapping, up to a hole, which is ENOMEM."""
    while start < end:
        vma = vma_lookup(mm, start)
        if vma is None:
            raise KernelError(Errno.ENOMEM)
        stop = min(vma.vm_end, end)
        await mlock_fixup(cpu, vma, start, stop, vma.vm_flags & ~VM_LOCKED_MASK | flags)
        start = stop


def _range(cpu: Cpu, start: int, length: int) -> tuple[int, int]:
    """Return the whole pages of a range: the start and the length."""
    length = PAGE_ALIGN(length + (start & ~PAGE_MASK)) & kconfig(cpu).paging.address_mask
    return start & PAGE_MASK, length


def _end(cpu: Cpu, start: int, length: int) -> int:
    """Return the end of a range. Raises EINVAL if it wraps."""
    if start + length > kconfig(cpu).paging.address_mask:
        raise KernelError(Errno.EINVAL)
    return start + length


def _locked_after(mm: mm_struct, start: int, length: int) -> int:
    """Return the bytes that are locked when ``[start, start + length)`` is, too."""
    already = sum(max(0, min(vma.vm_end, start + length) - max(vma.vm_start, start))
                  for vma in mm.mmap if vma.vm_flags & VM_LOCKED)
    return locked_vm(mm) + length - already


@traced
async def do_mlock(cpu: Cpu, start: int, length: int, flags: int) -> None:
    """Lock a range, and unless VM_LOCKONFAULT is in ``flags`` make its pages present.

    Raises
    ------
    KernelError
        EPERM for those who may lock nothing; ENOMEM above the limit, and for a hole; EINVAL for a
        range that wraps; ENOMEM and EAGAIN for pages that cannot be made present: all is locked
        then.
    """
    if not can_do_mlock(cpu):
        raise KernelError(Errno.EPERM)
    start, length = _range(cpu, start, length)
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        if (_locked_after(mm, start, length) > task_rlimit(current(cpu), RLIMIT_MEMLOCK)
                and not capable(cpu, CAP_IPC_LOCK)):
            raise KernelError(Errno.ENOMEM)
        await apply_vma_lock_flags(cpu, mm, start, _end(cpu, start, length), flags)
    finally:
        mmap_write_unlock(cpu, mm)
    try:
        await __mm_populate(cpu, start, length, ignore_errors=False)
    except KernelError as error:  # as POSIX names them
        errno = {Errno.EFAULT: Errno.ENOMEM, Errno.ENOMEM: Errno.EAGAIN}.get(error.errno)
        raise KernelError(errno or error.errno) from None


async def sys_mlock(cpu: Cpu, start: int, length: int) -> int:
    """Lock memory, and make its pages present."""
    await do_mlock(cpu, start, length, VM_LOCKED)
    return 0


async def sys_mlock2(cpu: Cpu, start: int, length: int, flags: int) -> int:
    """Lock memory; with MLOCK_ONFAULT its pages as they become present. EINVAL for other flags."""
    if flags & ~MLOCK_ONFAULT:
        raise KernelError(Errno.EINVAL)
    on_fault = VM_LOCKONFAULT if flags & MLOCK_ONFAULT else 0
    await do_mlock(cpu, start, length, VM_LOCKED | on_fault)
    return 0


async def sys_munlock(cpu: Cpu, start: int, length: int) -> int:
    """Unlock memory. Raises EINVAL for a range that wraps, ENOMEM for a hole."""
    start, length = _range(cpu, start, length)
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        await apply_vma_lock_flags(cpu, mm, start, _end(cpu, start, length), 0)
    finally:
        mmap_write_unlock(cpu, mm)
    return 0


async def apply_mlockall_flags(cpu: Cpu, mm: mm_struct, flags: int) -> None:
    """Lock all that is mapped, or that will be, or with no flag neither."""
    on_fault = VM_LOCKONFAULT if flags & MCL_ONFAULT else 0
    mm.def_flags &= ~VM_LOCKED_MASK
    if flags & MCL_FUTURE:
        mm.def_flags |= VM_LOCKED | on_fault
        if not flags & MCL_CURRENT:
            return
    add = VM_LOCKED | on_fault if flags & MCL_CURRENT else 0
    at  = 0
    while (vma := find_vma(mm, at)) is not None:
        at = vma.vm_end
        newflags = vma.vm_flags & ~VM_LOCKED_MASK | add
        await mlock_fixup(cpu, vma, vma.vm_start, vma.vm_end, newflags)


async def sys_mlockall(cpu: Cpu, flags: int) -> int:
    """Lock all memory that is mapped (MCL_CURRENT), or that will be (MCL_FUTURE).

    Raises EINVAL for other flags and for MCL_ONFAULT alone; EPERM; ENOMEM above the limit.
    """
    if (not flags or flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) or flags == MCL_ONFAULT):
        raise KernelError(Errno.EINVAL)
    if not can_do_mlock(cpu):
        raise KernelError(Errno.EPERM)
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        if (flags & MCL_CURRENT and total_vm(mm) > task_rlimit(current(cpu), RLIMIT_MEMLOCK)
                and not capable(cpu, CAP_IPC_LOCK)):
            raise KernelError(Errno.ENOMEM)
        await apply_mlockall_flags(cpu, mm, flags)
    finally:
        mmap_write_unlock(cpu, mm)
    if flags & MCL_CURRENT:
        with suppress(KernelError):
            await mm_populate(cpu, 0, kconfig(cpu).paging.TASK_SIZE)
    return 0


async def sys_munlockall(cpu: Cpu) -> int:
    """Unlock all memory, also what will be mapped."""
    mm = current_mm(cpu)
    await mmap_write_lock_killable(cpu, mm)
    try:
        await apply_mlockall_flags(cpu, mm, 0)
    finally:
        mmap_write_unlock(cpu, mm)
    return 0
