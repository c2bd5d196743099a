"""What a processor does when another one interrupts it.

Ref: Linux 6.12, arch/x86/kernel/smp.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sw.kernel.smp import generic_smp_call_function_interrupt
from sw.kernel.trace.ftrace import traced

if TYPE_CHECKING:
    from sw.arch.x86.include.asm.processor import pt_regs
    from sw.processor.cpu import Cpu


__all__ = ["sysvec_call_function", "sysvec_reschedule_ipi"]


@traced
async def sysvec_reschedule_ipi(cpu: Cpu, regs: pt_regs) -> None:
    """Do nothing: whoever was interrupted looks what there is to do on the way back."""


@traced
async def sysvec_call_function(cpu: Cpu, regs: pt_regs) -> None:
    """Call the functions that other processors ask for."""
    await generic_smp_call_function_interrupt(cpu)
