"""A processor's change from one task to another, and tasks that stop or die without their programs.

Ref: Linux 6.12, kernel/sched/core.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current, pcpu_hot
from sw.arch.x86.include.asm.irqflags import local_irq_restore, local_irq_save
from sw.arch.x86.kernel.signal import arch_do_signal_or_restart
from sw.arch.x86.mm.tlb import enter_lazy_tlb, switch_mm_irqs_off
from sw.include.linux.sched import signal_pending, task_is_stopped_or_traced, task_struct
from sw.include.linux.signal_types import Killed, Signal, Stopped
from sw.kernel.fork.mm import mmdrop, mmgrab
from sw.kernel.signal.deliver import get_signal
from sw.kernel.trace.ftrace import traced
from sw.mm.highmem import kmap_local_sched_in, kmap_local_sched_out
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr

from .sched import activate_task, runqueues


__all__ = ["context_switch", "schedule"]


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
        if signal_pending(prev):  # its sender has seen it here
            activate_task(this_cpu_ptr(cpu, runqueues), prev)
    await local_irq_restore(cpu, flags)
    if prev is not None and prev.mm is None:
        prev.active_mm = None
        await mmdrop(cpu, active_mm)


async def schedule(cpu: Cpu) -> None:
    """Let the woken tasks that will stop or die on the way to their programs do so.

    Those that have a handler need their programs for it, and wait for them. To stop takes nothing
    of a processor.
    """
    woken = this_cpu_ptr(cpu, runqueues).woken
    while woken:
        task, prev = woken.pop(0), current(cpu)
        task.on_rq = False
        if task.on_cpu is not None or not await _will_die(cpu, task):
            continue
        prev.on_rq = True  # it is here again soon: no other processor is to execute it
        await context_switch(cpu, prev, task)
        await _die(cpu, task)
        await context_switch(cpu, task, prev)
        prev.on_rq = False


async def _will_die(cpu: Cpu, task: task_struct) -> bool:
    """Let a task that nobody executes stop if it is to; tell whether a signal kills it."""
    if task.state or not signal_pending(task) or task_is_stopped_or_traced(task):
        return False
    try:
        return await get_signal(cpu, task, program=False) is not None
    except Stopped:
        return False


async def _die(cpu: Cpu, task: task_struct) -> None:
    """Deliver the signals of the current task, of which one kills it."""
    while signal_pending(task):
        try:
            await arch_do_signal_or_restart(cpu)
        except Signal:
            continue  # its handler would have begun, and never gets to its first instruction
        except Killed as end:
            task.death = end.info
