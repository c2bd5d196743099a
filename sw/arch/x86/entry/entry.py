"""Ways into the kernel, and back to user mode.

Ref: Linux 6.12, arch/x86/entry/entry_64.S, entry_32.S, common.c, arch/x86/kernel/idt.c;
kernel/entry/common.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sw.arch.x86.include.asm.irq_vectors import CALL_FUNCTION_VECTOR, RESCHEDULE_VECTOR
from sw.arch.x86.include.asm.irqflags import local_irq_disable, local_irq_enable
from sw.arch.x86.include.asm.processor import X86_TRAP_GP, X86_TRAP_PF, pt_regs
from sw.arch.x86.include.asm.smap import clac
from sw.arch.x86.kernel.smp import sysvec_call_function, sysvec_reschedule_ipi
from sw.arch.x86.kernel.traps import exc_general_protection
from sw.arch.x86.mm.fault.page_fault import exc_page_fault
from sw.errno import Errno, KernelError
from sw.kernel.signal import arch_do_signal_or_restart
from sw.kernel.trace.ftrace import traced

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = ["exit_to_user_mode", "trap_init"]


def trap_init(cpu: Cpu) -> None:
    """Tell the processor where exceptions, interrupts and system calls enter the kernel."""
    cpu.idt = {
        X86_TRAP_GP:          asm_exc_general_protection,
        X86_TRAP_PF:          asm_exc_page_fault,
        CALL_FUNCTION_VECTOR: asm_sysvec_call_function,
        RESCHEDULE_VECTOR:    asm_sysvec_reschedule_ipi,
    }
    cpu.lstar = entry_SYSCALL


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


async def exit_to_user_mode(cpu: Cpu) -> None:
    """Do what has to be done before the program goes on: deliver its signals.

    Interrupts are off at the last look, so that none brings a signal behind it.
    """
    local_irq_disable(cpu)
    while cpu.current is not None and cpu.current.pending:
        await local_irq_enable(cpu)
        await arch_do_signal_or_restart(cpu)
        local_irq_disable(cpu)


async def entry_SYSCALL(cpu: Cpu, nr: int, *args: int | str) -> int:
    """Enter for a system call. The processor has masked AC and IF (IA32_FMASK)."""
    if cpu.ac:
        await cpu.clac()
    await local_irq_enable(cpu)
    result = await do_syscall(cpu, nr, *args)
    await exit_to_user_mode(cpu)
    return result


@traced
async def do_syscall(cpu: Cpu, nr: int, *args: int | str) -> int:
    """Call the kernel function with number ``nr``, of 32 bits.

    Returns its result, or minus the error. Raises :class:`TypeError` if ``nr`` is no number.
    """
    if not isinstance(nr, int):
        raise TypeError(f"the number of a system call is a number, not {nr!r}")
    try:
        function = cpu.kernel.sys_call_table.get(nr & 0xFFFF_FFFF)
        if function is None:
            raise KernelError(Errno.ENOSYS)
        return await function(cpu, *args)
    except KernelError as error:
        return -error.errno
