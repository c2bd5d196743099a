"""STAC and CLAC, which exist only where SMAP does.

Ref: Linux 6.12, arch/x86/include/asm/smap.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cpufeatures import X86_FEATURE_SMAP, boot_cpu_has

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = ["clac", "stac"]


async def stac(cpu: Cpu) -> None:
    """Begin accesses to user memory."""
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        await cpu.stac()


async def clac(cpu: Cpu) -> None:
    """End them."""
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        await cpu.clac()
