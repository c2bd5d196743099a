"""Growth of stacks, which are mappings that grow downwards.

Ref: Linux 6.12, mm/mmap.c (expand_stack) and mm/vma.c (expand_downwards).
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.page_types import PAGE_MASK, PAGE_SHIFT
from sw.errno import Errno, KernelError
from sw.include.linux.mm import VM_GROWSDOWN, vma_is_accessible
from sw.include.linux.mm_types import mm_struct, vm_area_struct
from sw.include.linux.mmap_lock import (
    mmap_read_unlock, mmap_write_downgrade, mmap_write_lock_killable, mmap_write_unlock,
)
from sw.include.linux.resource import RLIMIT_STACK
from sw.include.linux.sched import task_rlimit
from sw.kernel.trace.ftrace import traced
from sw.mm.util import security_vm_enough_memory_mm
from sw.processor.cpu import Cpu

from .find import find_vma, vma_prev
from .limits import may_expand_vm, mlock_future_ok
from .unmapped_area import mmap_min_addr, stack_guard_gap


__all__ = ["expand_downwards", "expand_stack", "find_extend_vma"]


def expand_downwards(cpu: Cpu, vma: vm_area_struct, address: int) -> None:
    """Make a stack begin at the page of ``address``, which is below it.

    All pages in between belong to it then, and none is present. The limit is that of the current
    task, not of the stack's owner.

    Raises
    ------
    KernelError
        EFAULT if it is no stack, EPERM below ``mmap_min_addr``, ENOMEM if something that can be
        accessed is within the guard gap, or if a limit is exceeded.
    """
    if not vma.vm_flags & VM_GROWSDOWN:
        raise KernelError(Errno.EFAULT)
    address &= PAGE_MASK
    if address < mmap_min_addr:
        raise KernelError(Errno.EPERM)
    prev = vma_prev(vma.vm_mm, address)
    if (prev is not None and not prev.vm_flags & VM_GROWSDOWN and vma_is_accessible(prev)
            and address - prev.vm_end < stack_guard_gap):
        raise KernelError(Errno.ENOMEM)
    grown = vma.vm_start - address
    if (vma.vm_end - address > task_rlimit(current(cpu), RLIMIT_STACK)
            or not may_expand_vm(cpu, vma.vm_mm, vma.vm_flags, grown)
            or not mlock_future_ok(cpu, vma.vm_mm, vma.vm_flags, grown)
            or not security_vm_enough_memory_mm(cpu, grown)):
        raise KernelError(Errno.ENOMEM)
    vma.vm_pgoff -= vma.vm_start - address >> PAGE_SHIFT
    vma.vm_start  = address


def find_extend_vma(cpu: Cpu, mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the mapping that contains ``addr``, if need be by making a stack grow.

    The caller has the lock of the mappings; before 6.5 a read lock was thought to be enough.
    """
    addr &= PAGE_MASK
    vma   = find_vma(mm, addr)
    if vma is None or vma.vm_start <= addr:
        return vma
    try:
        expand_downwards(cpu, vma, addr)
    except KernelError:
        return None
    return vma


@traced
async def expand_stack(cpu: Cpu, mm: mm_struct, addr: int) -> vm_area_struct | None:
    """Return the mapping that contains ``addr``, if need be by making a stack grow.

    Enters with ``mmap_lock`` held for reading. It is dropped and taken for writing, so that the
    mappings may have changed; they are looked at again.

    Returns
    -------
    :class:`vm_area_struct` or :class:`None`
        With the lock held for reading. ``None``, and without the lock, if there is no stack
        above, or if it must not grow so far.
    """
    mmap_read_unlock(cpu, mm)
    try:
        await mmap_write_lock_killable(cpu, mm)
    except KernelError:
        return None
    vma = find_extend_vma(cpu, mm, addr)
    if vma is None:
        mmap_write_unlock(cpu, mm)
        return None
    mmap_write_downgrade(cpu, mm)
    return vma
