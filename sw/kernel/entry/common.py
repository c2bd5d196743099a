"""Work to do before a program goes on.

Ref: Linux 6.12, kernel/entry/common.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.kernel.signal import arch_do_signal_or_restart
from sw.include.linux.sched import signal_pending, task_is_stopped_or_traced, task_struct
from sw.include.linux.signal_types import Killed, Stopped
from sw.kernel.sched.core import schedule
from sw.kernel.sched.sched import runqueues
from sw.processor.cpu import Cpu
from sw.variables import this_cpu_ptr


__all__ = ["exit_to_user_mode"]


async def exit_to_user_mode(cpu: Cpu) -> None:
    """Deliver the program's signals before it goes on, and let tasks that it has woken have theirs.

    Interrupts are off at the last look, so that none brings a signal behind it.
    """
    local_irq_disable(cpu)
    while _has_signals(current(cpu)) or this_cpu_ptr(cpu, runqueues).woken:
        await local_irq_enable(cpu)
        await schedule(cpu)
        if _has_signals(current(cpu)):
            try:
                await arch_do_signal_or_restart(cpu)
            except (Killed, Stopped):
                await schedule(cpu)  # its threads do as it does
                raise
        local_irq_disable(cpu)


def _has_signals(task: task_struct) -> bool:
    """Tell whether a task has signals to take. One that has stopped or waits takes none."""
    return signal_pending(task) and not task.state and not task_is_stopped_or_traced(task)
