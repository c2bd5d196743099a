"""Processors that are online, and how they come to be.

Ref: Linux 6.12, kernel/cpu.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from sw.arch.x86.kernel.smpboot import do_boot_cpu
from sw.processor.cpu import Cpu


__all__ = ["bringup_nonboot_cpus"]


async def bringup_nonboot_cpus(cpu: Cpu, others: Sequence[Cpu]) -> None:
    """Start the other processors."""
    for other in others:
        await do_boot_cpu(cpu, other)
