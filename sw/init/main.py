"""Start of the kernel, and of its first process.

Ref: Linux 6.12, init/main.c.
"""

from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.arch.x86.kernel.cpu.common import syscall_init
from sw.arch.x86.kernel.head import startup
from sw.arch.x86.kernel.idt import idt_setup_traps
from sw.fs.exec import bprm_mm_init
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.fs import files_struct
from sw.include.linux.sched import task_struct
from sw.include.linux.signal_types import SIGNAL_SHELL_JOB, signal_struct
from sw.kernel.cred import cred
from sw.kernel.pid import alloc_pid, init_pid_ns
from sw.kernel.sched.idle import init_idle
from sw.kernel.trace.ftrace import traced
from sw.mm.huge_memory.policy import has_transparent_hugepage
from sw.mm.hugetlb.pool import hugetlb_init
from sw.mm.memory.mem_map import empty_zero_page
from sw.mm.page_alloc import __GFP_ZERO, GFP_KERNEL, alloc_page, free_area_init
from sw.processor.cpu import Cpu


__all__ = ["run_init_process", "start_kernel"]


async def run_init_process(cpu: Cpu, comm: str, credentials: cred) -> task_struct:
    """Make a process without a parent, whose address space is empty. Raises ENOMEM.

    A shell has started it, in a process group of its own.
    """
    mm   = await bprm_mm_init(cpu)
    pid  = alloc_pid(cpu)
    task = task_struct(pid, pid, comm, credentials, files_struct(),
                       signal=signal_struct(pgrp=pid, flags=SIGNAL_SHELL_JOB), mm=mm, active_mm=mm)
    init_pid_ns(cpu).tasks[pid] = task
    return task


@traced
async def start_kernel(cpu: Cpu) -> None:
    """Bring the kernel up: paging, exceptions, free memory."""
    cpu_online_mask(cpu).append(cpu)
    end_pfn = await startup(cpu)
    idt_setup_traps(cpu)
    syscall_init(cpu)
    free_area_init(cpu, end_pfn)
    empty_zero_page.set(cpu, await alloc_page(cpu, GFP_KERNEL | __GFP_ZERO))
    if has_transparent_hugepage(cpu):
        await hugetlb_init(cpu)
    init_idle(cpu)
    await local_irq_enable(cpu)
