"""Exceptions that are not page faults.

Ref: Linux 6.12, arch/x86/kernel/traps.c.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.arch.x86.include.asm.processor import thread_struct
from sw.arch.x86.include.asm.trapnr import X86_TRAP_BP, X86_TRAP_GP
from sw.arch.x86.mm.extable import fixup_exception
from sw.include.linux.signal_types import SI_KERNEL, SIGSEGV, SIGTRAP
from sw.kernel.panic import KernelOops
from sw.kernel.signal.send import force_sig_fault
from sw.kernel.trace.ftrace import ret_stack, traced
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs
from sw.variables import this_cpu_ptr


__all__ = ["cond_local_irq_enable", "exc_general_protection", "exc_int3"]


@traced
async def exc_general_protection(cpu: Cpu, regs: pt_regs) -> None:
    """Handle exception 13: a non-canonical address, or a control register's forbidden value.

    A program gets SIGSEGV without an address: the processor has not stored one.
    """
    await cond_local_irq_enable(cpu, regs)
    if regs.user_mode:
        current(cpu).thread = thread_struct(X86_TRAP_GP, regs.error_code)
        await force_sig_fault(cpu, SIGSEGV, SI_KERNEL, 0, regs.error_code)
    elif not fixup_exception(cpu, regs):
        raise KernelOops(f"Oops: general protection fault: {regs.error_code:04x}",
                         address=0, error_code=regs.error_code, stack=this_cpu_ptr(cpu, ret_stack))


@traced
async def exc_int3(cpu: Cpu, regs: pt_regs) -> None:
    """Handle exception 3: a breakpoint, which a program's is."""
    assert regs.user_mode, "BUG: INT3 in the kernel"
    await cond_local_irq_enable(cpu, regs)
    current(cpu).thread = thread_struct(X86_TRAP_BP, 0)
    await force_sig_fault(cpu, SIGTRAP, SI_KERNEL, 0, 0)


async def cond_local_irq_enable(cpu: Cpu, regs: pt_regs) -> None:
    """Take interrupts in the handler of an exception, if the interrupted code did."""
    if regs.interrupts:
        await local_irq_enable(cpu)
