"""Handlers of interrupts between processors.

Ref: Linux 6.12, arch/x86/kernel/smp.c.
"""

from __future__ import annotations

from sw.kernel.smp import generic_smp_call_function_interrupt
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs


__all__ = ["sysvec_call_function", "sysvec_reschedule_ipi"]


@traced
async def sysvec_reschedule_ipi(cpu: Cpu, regs: pt_regs) -> None:
    """Do nothing: the interrupted code looks for work and signals on its way back."""


@traced
async def sysvec_call_function(cpu: Cpu, regs: pt_regs) -> None:
    """Call the functions that other processors have queued."""
    await generic_smp_call_function_interrupt(cpu)
