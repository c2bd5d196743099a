"""Memory that is promised to programs, and whether more can be.

Ref: Linux 6.12, mm/util.c (__vm_enough_memory), mm/vma.c (accountable_mapping);
Documentation/mm/overcommit-accounting.rst.

A mapping that a program may write to, and nobody else sees, may need a page for each of its own:
VM_ACCOUNT says that this was promised. What is promised in all is added up when it is asked for.
Shared memory and what is kept in reserve for administrators are not counted.
"""

from sw.arch.x86.include.asm.page_types import PAGE_SHIFT
from sw.include.linux.mm import VM_ACCOUNT, VM_HUGETLB, VM_NORESERVE, VM_SHARED, VM_WRITE
from sw.include.linux.mm_types import mm_struct
from sw.kernel.pid import init_pid_ns
from sw.processor.cpu import Cpu
from sw.variables import DEFINE

from .memory.mem_map import mem_map


__all__ = [
    "OVERCOMMIT_ALWAYS", "OVERCOMMIT_GUESS", "OVERCOMMIT_MODES", "OVERCOMMIT_NEVER",
    "account_flags", "nr_accounted", "security_vm_enough_memory_mm", "sysctl_overcommit_memory",
    "sysctl_overcommit_ratio",
]


OVERCOMMIT_GUESS  = 0  #: Refuse what could never be.
OVERCOMMIT_ALWAYS = 1
OVERCOMMIT_NEVER  = 2  #: Promise no more than there is.

OVERCOMMIT_MODES = (OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER)

#: Percent of the memory that OVERCOMMIT_NEVER promises (vm.overcommit_ratio).
sysctl_overcommit_ratio = DEFINE(lambda: 50)

#: The mode (vm.overcommit_memory), or None: nothing is accounted.
sysctl_overcommit_memory: DEFINE[int | None] = DEFINE(lambda: None)


def account_flags(cpu: Cpu, vm_flags: int) -> int:
    """Return VM_ACCOUNT for a new mapping that is to be accounted, else 0."""
    private = vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE | VM_HUGETLB) == VM_WRITE
    return VM_ACCOUNT if private and sysctl_overcommit_memory(cpu) is not None else 0


def nr_accounted(mm: mm_struct, start: int, end: int) -> int:
    """Bytes of ``[start, end)`` that are promised already."""
    return sum(max(0, min(vma.vm_end, end) - max(vma.vm_start, start))
               for vma in mm.mmap if vma.vm_flags & VM_ACCOUNT)


def vm_committed_as(cpu: Cpu) -> int:
    """Bytes that are promised to all processes."""
    spaces = {id(task.mm): task.mm for task in init_pid_ns(cpu).tasks.values()
              if task.mm is not None}
    return sum(nr_accounted(mm, 0, 1 << 64) for mm in spaces.values())


def security_vm_enough_memory_mm(cpu: Cpu, length: int) -> bool:
    """Tell whether ``length`` bytes more can be promised."""
    mode  = sysctl_overcommit_memory(cpu)
    total = mem_map(cpu).max_pfn << PAGE_SHIFT
    if mode == OVERCOMMIT_GUESS:
        return length <= total
    if mode == OVERCOMMIT_NEVER:
        return vm_committed_as(cpu) + length < total * sysctl_overcommit_ratio(cpu) // 100
    return True
