"""Bringing up the other processors.

Ref: Linux 6.12, arch/x86/kernel/smpboot.c, kernel/cpu.c (bringup_nonboot_cpus); Intel SDM Vol. 3A,
section 9.4 "Multiple-Processor (MP) Initialization".

They come up one after the other, straight into the tables of the kernel. On a real machine their
first instructions are at physical addresses, and need an identity mapping of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sw.arch.x86.entry.entry import trap_init
from sw.arch.x86.include.asm.cpufeatures import X86_CR4_PGE, X86_FEATURE_PGE, boot_cpu_has
from sw.arch.x86.include.asm.irq_vectors import STARTUP_VECTOR
from sw.arch.x86.include.asm.irqflags import local_irq_enable
from sw.arch.x86.include.asm.page import __pa
from sw.arch.x86.mm.tlb import initialize_tlbstate
from sw.bus import Register
from sw.kernel.locking.spinlock import cpu_relax
from sw.kernel.sched.idle import init_idle
from sw.kernel.trace.ftrace import traced

from .cpu.common import cr4_set_bits
from .head import enable_paging

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = ["bringup_nonboot_cpus", "start_secondary", "wait_for_startup"]


async def wait_for_startup(cpu: Cpu) -> None:
    """Be a processor out of reset: execute nothing until the startup interrupt comes."""
    await cpu.bus.halt()
    while await cpu.bus.take_interrupt() != STARTUP_VECTOR:
        await cpu.bus.halt()


@traced
async def start_secondary(cpu: Cpu) -> None:
    """Set a processor up like the one that has booted; it is online then."""
    kernel       = cpu.kernel
    cpu.features = await cpu.read_cr(Register.FEATURES)
    assert cpu.features == kernel.cpus[0].features, "this kernel needs processors that are alike"
    await enable_paging(cpu, __pa(cpu, kernel.init_mm.pgd))
    initialize_tlbstate(cpu)
    wanted = kernel.cr4_pinned_bits
    if boot_cpu_has(cpu, X86_FEATURE_PGE):
        wanted |= X86_CR4_PGE
    await cr4_set_bits(cpu, wanted)
    trap_init(cpu)
    init_idle(cpu)
    kernel.cpus.append(cpu)
    await local_irq_enable(cpu)


@traced
async def do_boot_cpu(cpu: Cpu, other: Cpu) -> None:
    """Start another processor, and wait until it is online."""
    assert other.number == len(cpu.kernel.cpus), "processors are brought up in their order"
    await cpu.send_interrupt(other.number, STARTUP_VECTOR)
    while other not in cpu.kernel.cpus:
        await cpu_relax(cpu)


async def bringup_nonboot_cpus(cpu: Cpu, others: Sequence[Cpu]) -> None:
    """Start the other processors."""
    for other in others:
        await do_boot_cpu(cpu, other)
