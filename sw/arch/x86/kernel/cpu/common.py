"""Control registers after boot: supervisor-mode protection, and bits that stay set.

Ref: Linux 6.12, arch/x86/kernel/cpu/common.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sw.arch.x86.include.asm.cpufeatures import (
    X86_CR0_WP, X86_CR4_SMAP, X86_CR4_SMEP, X86_FEATURE_SMAP, X86_FEATURE_SMEP, boot_cpu_has,
)
from sw.bus import Register

if TYPE_CHECKING:
    from sw.processor.cpu import Cpu


__all__ = ["cr4_set_bits", "native_write_cr0", "native_write_cr4", "setup_protection"]


async def native_write_cr0(cpu: Cpu, val: int) -> None:
    """Write CR0. After boot, a value without WP is put right at once, with a warning."""
    await cpu.write_cr(Register.CR0, val)
    if cpu.kernel.cr_pinning and not val & X86_CR0_WP:
        await cpu.write_cr(Register.CR0, val | X86_CR0_WP)
        cpu.kernel.log.append("CR0 WP bit went missing!?")


async def native_write_cr4(cpu: Cpu, val: int) -> None:
    """Write CR4. After boot, a value without SMEP or SMAP is put right at once."""
    cpu.cr4 = val
    await cpu.write_cr(Register.CR4, val)
    pinned = cpu.kernel.cr4_pinned_bits if cpu.kernel.cr_pinning else 0
    if pinned & ~val:
        cpu.cr4 = val | pinned
        await cpu.write_cr(Register.CR4, cpu.cr4)
        cpu.kernel.log.append(f"pinned CR4 bits changed: {pinned & ~val:#x}!?")


async def cr4_set_bits(cpu: Cpu, mask: int) -> None:
    """Set bits of CR4."""
    if mask & ~cpu.cr4:
        await native_write_cr4(cpu, cpu.cr4 | mask)


async def setup_protection(cpu: Cpu) -> None:
    """Turn SMEP and SMAP on where they exist, and pin them, and CR0.WP (``identify_cpu``)."""
    wanted = 0
    if boot_cpu_has(cpu, X86_FEATURE_SMEP):
        wanted |= X86_CR4_SMEP
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        wanted |= X86_CR4_SMAP
    await cr4_set_bits(cpu, wanted)
    cpu.kernel.cr4_pinned_bits = wanted
    cpu.kernel.cr_pinning      = True
