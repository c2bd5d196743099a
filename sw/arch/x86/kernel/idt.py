"""Gates of exceptions and interrupts.

Ref: Linux 6.12, arch/x86/kernel/idt.c.
"""

from __future__ import annotations

from sw.arch.x86.entry.entry import (
    asm_exc_general_protection, asm_exc_int3, asm_exc_page_fault, asm_sysvec_call_function,
    asm_sysvec_reschedule_ipi,
)
from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR, RESCHEDULE_VECTOR
from sw.arch.x86.include.asm.trapnr import X86_TRAP_BP, X86_TRAP_GP, X86_TRAP_PF
from sw.processor.cpu import Cpu


__all__ = ["idt_setup_traps"]


def idt_setup_traps(cpu: Cpu) -> None:
    """Tell the processor where exceptions and interrupts enter the kernel."""
    cpu.idt = {
        X86_TRAP_BP:          asm_exc_int3,
        X86_TRAP_GP:          asm_exc_general_protection,
        X86_TRAP_PF:          asm_exc_page_fault,
        CALL_FUNCTION_VECTOR: asm_sysvec_call_function,
        RESCHEDULE_VECTOR:    asm_sysvec_reschedule_ipi,
    }
