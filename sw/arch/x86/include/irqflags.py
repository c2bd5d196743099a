"""Interrupts on and off, on this processor.

Ref: Linux 6.12, arch/x86/include/asm/irqflags.h, include/linux/irqflags.h, arch/x86/kernel/traps.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sw.arch.x86.include.processor import pt_regs
    from sw.arch.x86.kernel.cpu import Cpu


__all__ = [
    "cond_local_irq_enable", "irqs_disabled", "local_irq_disable", "local_irq_enable",
    "local_irq_restore", "local_irq_save", "safe_halt",
]


def local_irq_enable(cpu: Cpu) -> None:
    """Take interrupts from now on."""
    cpu.sti()


def local_irq_disable(cpu: Cpu) -> None:
    """Let interrupts wait."""
    cpu.cli()


def irqs_disabled(cpu: Cpu) -> bool:
    """Do interrupts wait?"""
    return not cpu.interrupts_enabled


def local_irq_save(cpu: Cpu) -> bool:
    """Let interrupts wait. Returns what ``local_irq_restore`` is to be given."""
    flags = cpu.interrupts_enabled
    cpu.cli()
    return flags


def local_irq_restore(cpu: Cpu, flags: bool) -> None:
    """Undo ``local_irq_save``."""
    if flags:
        cpu.sti()


def cond_local_irq_enable(cpu: Cpu, regs: pt_regs) -> None:
    """Take interrupts in the handler of an exception, if the interrupted code did."""
    if regs.interrupts:
        local_irq_enable(cpu)


async def safe_halt(cpu: Cpu) -> None:
    """Stop until an interrupt comes. One that came since interrupts were disabled counts."""
    cpu.sti()
    await cpu.hlt()
