"""Wait queues: sleeping until another processor wakes us up.

Ref: Linux 6.12, kernel/sched/wait.c, kernel/sched/core.c (try_to_wake_up).

A task here does not leave its processor while it is inside the kernel, so only another processor
can wake it. When all of them sleep, nothing ever will: that is a mistake, and is said at once.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable, safe_halt
from sw.arch.x86.include.asm.smp import smp_send_reschedule
from sw.include.linux.cpumask import cpu_online_mask
from sw.include.linux.wait import wait_queue_head_t
from sw.processor.cpu import Cpu
from sw.variables import per_cpu_ptr, this_cpu_ptr

from .sched import runqueues


__all__ = ["sleep_on", "waitqueue_active", "wake_up"]


def waitqueue_active(head: wait_queue_head_t) -> bool:
    """Tell whether a processor waits."""
    return bool(head.waiters)


async def sleep_on(cpu: Cpu, head: wait_queue_head_t) -> None:
    """Wait until :func:`wake_up` is called for ``head``."""
    head.waiters.append(cpu)
    this_cpu_ptr(cpu, runqueues).sleeping = True
    all_work = [per_cpu_ptr(runqueues, other) for other in cpu_online_mask(cpu)]
    assert not all(work.sleeping and not work.programs for work in all_work), (
        "BUG: would sleep for ever: no processor is left that could wake this one up"
    )
    local_irq_disable(cpu)
    while cpu in head.waiters:
        await safe_halt(cpu)
        local_irq_disable(cpu)
    await local_irq_enable(cpu)


async def wake_up(cpu: Cpu, head: wait_queue_head_t) -> None:
    """Wake all processors that wait."""
    woken, head.waiters = head.waiters, []
    for other in woken:
        per_cpu_ptr(runqueues, other).sleeping = False
    for other in woken:
        await smp_send_reschedule(cpu, other)
