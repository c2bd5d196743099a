"""Interrupts on and off, on this processor.

Ref: Linux 6.12, arch/x86/include/asm/irqflags.h, include/linux/irqflags.h.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu


__all__ = [
    "irqs_disabled", "local_irq_disable", "local_irq_enable", "local_irq_restore", "local_irq_save",
    "safe_halt",
]


async def local_irq_enable(cpu: Cpu) -> None:
    """Take interrupts: those that wait, and from now on."""
    await cpu.sti()


def local_irq_disable(cpu: Cpu) -> None:
    """Let interrupts wait."""
    cpu.cli()


def irqs_disabled(cpu: Cpu) -> bool:
    """Tell whether interrupts wait."""
    return not cpu.interrupts_enabled


def local_irq_save(cpu: Cpu) -> bool:
    """Let interrupts wait. Returns what ``local_irq_restore`` is to be given."""
    flags = cpu.interrupts_enabled
    cpu.cli()
    return flags


async def local_irq_restore(cpu: Cpu, flags: bool) -> None:
    """Undo ``local_irq_save``."""
    if flags:
        await cpu.sti()


async def safe_halt(cpu: Cpu) -> None:
    """Take interrupts again, and stop until one comes. One that came meanwhile counts."""
    await cpu.sti_hlt()
