"""Ways into the kernel, and back to user mode.

Ref: Linux 6.12, arch/x86/entry/entry.S, entry_64.S, entry_32.S, arch/x86/include/asm/idtentry.h.
"""

from __future__ import annotations

from contextlib import suppress

from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.arch.x86.include.asm.smap import clac
from sw.arch.x86.kernel.smp import sysvec_call_function, sysvec_reschedule_ipi
from sw.arch.x86.kernel.traps import exc_general_protection, exc_int3
from sw.arch.x86.mm.fault.page_fault import exc_page_fault
from sw.include.linux.signal_types import Signal, Stopped
from sw.kernel.entry.common import exit_to_user_mode
from sw.processor.cpu import Cpu
from sw.processor.exceptions import pt_regs

from .common import do_syscall


__all__ = [
    "asm_exc_general_protection", "asm_exc_int3", "asm_exc_page_fault",
    "asm_sysvec_call_function", "asm_sysvec_reschedule_ipi", "entry_SYSCALL",
]


async def asm_exc_page_fault(cpu: Cpu, regs: pt_regs) -> None:
    """Enter for exception 14. AC may be the interrupted code's, and is not for us."""
    await clac(cpu)
    await exc_page_fault(cpu, regs)
    await _error_return(cpu, regs)


async def asm_exc_general_protection(cpu: Cpu, regs: pt_regs) -> None:
    """Enter for exception 13."""
    await clac(cpu)
    await exc_general_protection(cpu, regs)
    await _error_return(cpu, regs)


async def asm_exc_int3(cpu: Cpu, regs: pt_regs) -> None:
    """Enter for exception 3. The instruction behind it is next, when all is done."""
    await clac(cpu)
    await exc_int3(cpu, regs)
    with suppress(Stopped):
        await _error_return(cpu, regs)


async def asm_sysvec_call_function(cpu: Cpu, regs: pt_regs) -> None:
    """Enter for a processor that wants a function called."""
    await clac(cpu)
    await sysvec_call_function(cpu, regs)
    await _error_return(cpu, regs)


async def asm_sysvec_reschedule_ipi(cpu: Cpu, regs: pt_regs) -> None:
    """Enter for a processor that has brought work, or a signal."""
    await clac(cpu)
    await sysvec_reschedule_ipi(cpu, regs)
    await _error_return(cpu, regs)


async def _error_return(cpu: Cpu, regs: pt_regs) -> None:
    if regs.user_mode:
        await exit_to_user_mode(cpu)


async def entry_SYSCALL(cpu: Cpu, nr: int, *args: int | str) -> int:
    """Enter for a system call. The processor has masked AC and IF (IA32_FMASK)."""
    if cpu.ac:
        await cpu.clac()
    await local_irq_enable(cpu)
    result = await do_syscall(cpu, nr, *args)
    try:
        with suppress(Stopped):  # the call is done, and the program finds out at what comes next
            await exit_to_user_mode(cpu)
    except Signal as signal:
        signal.ax = result
        raise
    return result
