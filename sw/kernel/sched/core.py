"""A processor's change from one task to another.

Ref: Linux 6.12, kernel/sched/core.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import pcpu_hot
from sw.arch.x86.include.asm.irqflags import local_irq_restore, local_irq_save
from sw.arch.x86.mm.tlb import enter_lazy_tlb, switch_mm_irqs_off
from sw.include.linux.sched import task_struct
from sw.kernel.fork.mm import mmdrop, mmgrab
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import kmap_local_sched_in, kmap_local_sched_out
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr


__all__ = ["context_switch"]


@traced
async def context_switch(cpu: Cpu, prev: task_struct | None, next_: task_struct) -> None:
    """Make ``next_`` the current task of this CPU, on its address space.

    A task without one stays on that of ``prev``, and keeps its struct meanwhile.
    """
    assert next_.on_cpu is None, f"BUG: task {next_.pid} runs on another processor"
    next_.on_cpu = cpu
    flags = local_irq_save(cpu)
    if prev is not None:
        await kmap_local_sched_out(cpu)
    active_mm = prev.active_mm if prev is not None else init_mm(cpu)
    assert active_mm is not None
    if next_.mm is None:
        enter_lazy_tlb(cpu, active_mm)
        mmgrab(active_mm)
        next_.active_mm = active_mm
    else:
        await switch_mm_irqs_off(cpu, active_mm, next_.mm)
    this_cpu_ptr(cpu, pcpu_hot).current_task = next_
    await kmap_local_sched_in(cpu)
    if prev is not None:
        prev.on_cpu = None
    await local_irq_restore(cpu, flags)
    if prev is not None and prev.mm is None:
        prev.active_mm = None
        await mmdrop(cpu, active_mm)
