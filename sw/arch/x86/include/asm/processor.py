"""Abilities of processors, the part of a task that is theirs, and waiting.

Ref: Linux 6.12, arch/x86/include/asm/processor.h.
"""

from __future__ import annotations

from dataclasses import dataclass

from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["boot_cpu_data", "cpu_relax", "cpuinfo_x86", "thread_struct"]


@dataclass(eq=False, slots=True)
class cpuinfo_x86:
    """Abilities of a processor.

    Attributes
    ----------
    x86_capability : :class:`int`
        X86_FEATURE_*, as ``Register.FEATURES`` says.
    """

    x86_capability: int = 0


#: The processor that the kernel was started on. The others are like it.
boot_cpu_data = DEFINE(cpuinfo_x86)


@dataclass(eq=False)
class thread_struct:
    """The last exception for which a task got a signal.

    Attributes
    ----------
    trap_nr : :class:`int`
        Exception vector.
    error_code : :class:`int`
        Error code of a page fault, as the signal frame shows it.
    cr2 : :class:`int`
        Its linear address.
    """

    trap_nr:    int = 0
    error_code: int = 0
    cr2:        int = 0


async def cpu_relax(cpu: Cpu) -> None:
    """Let time pass, and interrupts be taken if they may."""
    await cpu.pause()
