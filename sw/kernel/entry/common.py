"""Work to do before a program goes on.

Ref: Linux 6.12, kernel/entry/common.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.kernel.signal import arch_do_signal_or_restart
from sw.processor.cpu import Cpu


__all__ = ["exit_to_user_mode"]


async def exit_to_user_mode(cpu: Cpu) -> None:
    """Do what has to be done before the program goes on: deliver its signals.

    Interrupts are off at the last look, so that none brings a signal behind it.
    """
    local_irq_disable(cpu)
    while current(cpu).pending:
        await local_irq_enable(cpu)
        await arch_do_signal_or_restart(cpu)
        local_irq_disable(cpu)
