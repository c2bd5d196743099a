"""Kernel threads, with and without the address space of a process.

Ref: Linux 6.12, kernel/kthread.c.
"""

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.mm.tlb import enter_lazy_tlb, switch_mm_irqs_off
from sw.include.linux.mm_types import mm_struct
from sw.include.linux.sched import PF_KTHREAD, task_struct
from sw.processor.cpu import Cpu

from .cred import init_cred
from .fork.mm import mmdrop, mmgrab
from .pid import alloc_pid, init_pid_ns
from .trace.ftrace import traced


__all__ = ["kthread_create", "kthread_unuse_mm", "kthread_use_mm"]


@traced
async def kthread_use_mm(cpu: Cpu, mm: mm_struct) -> None:
    """Let the current kernel thread use user addresses of ``mm``, which the caller keeps alive."""
    task = current(cpu)
    assert task.flags & PF_KTHREAD and task.mm is None, "BUG: not a kernel thread without memory"
    borrowed = task.active_mm
    assert borrowed is not None, "BUG: the current task runs on no tables"
    mmgrab(mm)
    local_irq_disable(cpu)
    task.mm = task.active_mm = mm
    await switch_mm_irqs_off(cpu, borrowed, mm)
    await local_irq_enable(cpu)
    await mmdrop(cpu, borrowed)


@traced
async def kthread_unuse_mm(cpu: Cpu, mm: mm_struct) -> None:
    """End that. The tables stay in CR3 until another task runs."""
    assert current(cpu).mm is mm, "BUG: the thread uses another address space"
    local_irq_disable(cpu)
    current(cpu).mm = None
    enter_lazy_tlb(cpu, mm)
    await local_irq_enable(cpu)


def kthread_create(cpu: Cpu, comm: str) -> task_struct:
    """Make a task that is part of the kernel and has no address space."""
    pid  = alloc_pid(cpu)
    task = task_struct(pid, pid, comm, init_cred, flags=PF_KTHREAD)
    init_pid_ns(cpu).tasks[pid] = task
    return task
