"""Sending interrupts to other processors.

Ref: Linux 6.12, arch/x86/include/asm/smp.h, arch/x86/kernel/apic/ipi.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from sw.processor.cpu import Cpu

from .irq_vectors import CALL_FUNCTION_VECTOR, RESCHEDULE_VECTOR


__all__ = ["arch_send_call_function_ipi_mask", "smp_send_reschedule"]


async def smp_send_reschedule(cpu: Cpu, target: Cpu) -> None:
    """Make another processor look for work and signals."""
    await cpu.send_interrupt(target.number, RESCHEDULE_VECTOR)


async def arch_send_call_function_ipi_mask(cpu: Cpu, mask: Sequence[Cpu]) -> None:
    """Make other processors look into their queues of functions to call."""
    for target in mask:
        await cpu.send_interrupt(target.number, CALL_FUNCTION_VECTOR)
