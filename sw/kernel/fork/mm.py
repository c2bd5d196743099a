"""References on address spaces.

Ref: Linux 6.12, include/linux/sched/mm.h and kernel/fork.c.

``mm_users`` counts users of the memory: when they are gone it is unmapped. ``mm_count`` counts
references to the struct, which keep the root table; all users together have one of these.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.mm.mmap import mmap_base
from sw.arch.x86.mm.pgtable import pgd_alloc, pgd_free
from sw.arch.x86.mm.tlb import init_new_context
from sw.errno import Errno, KernelError
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.kconfig import kconfig
from sw.kernel.ptrace.access import ptrace_may_access
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.zero import mm_put_huge_zero_folio
from sw.mm.mmap.unmap import exit_mmap
from sw.processor.cpu import Cpu


__all__ = [
    "get_task_mm", "mm_access", "mm_alloc", "mmdrop", "mmget", "mmget_not_zero", "mmgrab", "mmput",
]


async def mm_alloc(cpu: Cpu) -> mm_struct:
    """Make an address space without mappings, with one user. Raises ENOMEM."""
    pgd = await pgd_alloc(cpu)
    mm  = mm_struct(pgd, mmap_base=mmap_base(kconfig(cpu).paging))
    init_new_context(cpu, mm)
    return mm


def mmgrab(mm: mm_struct) -> None:
    """Keep the struct."""
    mm.mm_count += 1


async def mmdrop(cpu: Cpu, mm: mm_struct) -> None:
    """Let go of the struct; the last one frees the root table."""
    mm.mm_count -= 1
    assert mm.mm_count >= 0, "BUG: mm_struct freed twice"
    if mm.mm_count == 0:
        await pgd_free(cpu, mm.pgd)


def mmget(mm: mm_struct) -> None:
    """Keep the memory, of which there must be a user."""
    assert mm.mm_users > 0, "BUG: the memory is dead"
    mm.mm_users += 1


def mmget_not_zero(mm: mm_struct) -> bool:
    """Keep the memory, if it has a user still."""
    if mm.mm_users == 0:
        return False
    mm.mm_users += 1
    return True


@traced
async def mmput(cpu: Cpu, mm: mm_struct) -> None:
    """Let go of the memory; the last one unmaps it."""
    mm.mm_users -= 1
    assert mm.mm_users >= 0, "BUG: the memory is dead already"
    if mm.mm_users == 0:
        await exit_mmap(cpu, mm)
        mm_put_huge_zero_folio(cpu, mm)
        await mmdrop(cpu, mm)


def get_task_mm(task: task_struct) -> mm_struct | None:
    """Return the memory of a task and keep it; ``None`` for kernel threads and the dead."""
    if task.mm is None or task.flags & PF_KTHREAD:
        return None
    mmget(task.mm)
    return task.mm


@traced
async def mm_access(cpu: Cpu, task: task_struct, mode: int) -> mm_struct | None:
    """Return the address space of ``task``, as one more user of it; ``None`` if it has none.

    The caller's own needs no permission. Raises EACCES.
    """
    mm = get_task_mm(task)
    if mm is not None and mm is not current(cpu).mm and not ptrace_may_access(cpu, task, mode):
        await mmput(cpu, mm)
        raise KernelError(Errno.EACCES)
    return mm
