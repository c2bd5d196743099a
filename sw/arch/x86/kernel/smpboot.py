"""Bringing up the other processors.

Ref: Linux 6.12, arch/x86/kernel/smpboot.c; Intel SDM Vol. 3A, section 9.4 "Multiple-Processor (MP)
Initialization".

They come up one after the other, straight into the tables of the kernel. On a real machine their
first instructions are at physical addresses, and need an identity mapping of their own.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.cpufeatures import (
    X86_CR4_PCIDE, X86_CR4_PGE, X86_FEATURE_PCID, X86_FEATURE_PGE, boot_cpu_has,
)
from sw.arch.x86.include.asm.irq_vectors import STARTUP_VECTOR
from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.arch.x86.include.asm.page import __pa
from sw.arch.x86.include.asm.processor import boot_cpu_data, cpu_relax
from sw.arch.x86.mm.tlb import initialize_tlbstate_and_flush
from sw.include.linux.cpumask import cpu_online_mask
from sw.kernel.sched.idle import init_idle
from sw.kernel.trace.ftrace import traced
from sw.mm.init_mm import init_mm
from sw.processor.cpu import Cpu

from .cpu.common import cr4_pinned_bits, cr4_set_bits, get_cpu_cap, syscall_init
from .head import enable_paging
from .idt import idt_setup_traps


__all__ = ["do_boot_cpu", "start_secondary", "wait_for_startup"]


async def wait_for_startup(cpu: Cpu) -> None:
    """Be a processor out of reset: execute nothing until the startup interrupt comes."""
    await cpu.bus.halt()
    while await cpu.bus.take_interrupt() != STARTUP_VECTOR:
        await cpu.bus.halt()


@traced
async def start_secondary(cpu: Cpu) -> None:
    """Set a processor up like the one that has booted; it is online then."""
    assert await get_cpu_cap(cpu) == boot_cpu_data(cpu).x86_capability, (
        "this kernel needs processors that are alike"
    )
    await enable_paging(cpu, __pa(cpu, init_mm(cpu).pgd))
    wanted = cr4_pinned_bits(cpu)
    if boot_cpu_has(cpu, X86_FEATURE_PGE):
        wanted |= X86_CR4_PGE
    if boot_cpu_has(cpu, X86_FEATURE_PCID):
        wanted |= X86_CR4_PCIDE
    await cr4_set_bits(cpu, wanted)
    await initialize_tlbstate_and_flush(cpu)
    idt_setup_traps(cpu)
    syscall_init(cpu)
    init_idle(cpu)
    cpu_online_mask(cpu).append(cpu)
    await local_irq_enable(cpu)


@traced
async def do_boot_cpu(cpu: Cpu, other: Cpu) -> None:
    """Start another processor, and wait until it is online."""
    assert other.number == len(cpu_online_mask(cpu)), "processors are brought up in their order"
    await cpu.send_interrupt(other.number, STARTUP_VECTOR)
    while other not in cpu_online_mask(cpu):
        await cpu_relax(cpu)
