"""STAC and CLAC, which exist only where SMAP does.

Ref: Linux 6.12, arch/x86/include/asm/smap.h.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu

from .cpufeatures import X86_FEATURE_SMAP, boot_cpu_has


__all__ = ["clac", "stac"]


async def stac(cpu: Cpu) -> None:
    """Begin accesses to user memory."""
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        await cpu.stac()


async def clac(cpu: Cpu) -> None:
    """End them."""
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        await cpu.clac()
