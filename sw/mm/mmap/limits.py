"""Limits of the memory that a process maps, writes to and locks.

Ref: Linux 6.12, mm/mmap.c (may_expand_vm, mlock_future_ok), mm/mlock.c (can_do_mlock).

The sums that Linux keeps are added up here: there is only a handful of mappings.
"""

from sw.arch.x86.include.asm.current import current
from sw.include.linux.capability import CAP_IPC_LOCK
from sw.include.linux.mm import VM_GROWSDOWN, VM_LOCKED, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.resource import RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK
from sw.include.linux.sched import task_rlimit
from sw.kernel.capability import capable
from sw.processor.cpu import Cpu


__all__ = [
    "can_do_mlock", "is_data_mapping", "locked_vm", "may_expand_vm", "mlock_future_ok", "total_vm",
]


def total_vm(mm: mm_struct) -> int:
    """Return the bytes that are mapped."""
    return sum(vma.vm_end - vma.vm_start for vma in mm.mmap)


def locked_vm(mm: mm_struct) -> int:
    """Return the bytes that are locked."""
    return sum(vma.vm_end - vma.vm_start for vma in mm.mmap if vma.vm_flags & VM_LOCKED)


def is_data_mapping(flags: int) -> bool:
    """Tell whether it is private memory that can be written, and no stack."""
    return flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN) == VM_WRITE


def may_expand_vm(cpu: Cpu, mm: mm_struct, flags: int, length: int) -> bool:
    """Tell whether ``length`` more bytes are within the limits (RLIMIT_AS, RLIMIT_DATA)."""
    task = current(cpu)
    if total_vm(mm) + length > task_rlimit(task, RLIMIT_AS):
        return False
    if not is_data_mapping(flags):
        return True
    data  = sum(vma.vm_end - vma.vm_start for vma in mm.mmap if is_data_mapping(vma.vm_flags))
    limit = task.signal.rlim[RLIMIT_DATA]
    # A limit of 0 is what old programs set for the heap alone.
    return data + length <= (limit.rlim_cur or limit.rlim_max)


def can_do_mlock(cpu: Cpu) -> bool:
    """Tell whether the current task may lock anything at all."""
    return bool(task_rlimit(current(cpu), RLIMIT_MEMLOCK)) or capable(cpu, CAP_IPC_LOCK)


def mlock_future_ok(cpu: Cpu, mm: mm_struct, vm_flags: int, length: int) -> bool:
    """Tell whether a locked mapping of ``length`` bytes is within the limit of locked memory."""
    if not vm_flags & VM_LOCKED or capable(cpu, CAP_IPC_LOCK):
        return True
    return locked_vm(mm) + length <= task_rlimit(current(cpu), RLIMIT_MEMLOCK)
