"""Control registers after boot: supervisor-mode protection, and bits that stay set.

Ref: Linux 6.12, arch/x86/kernel/cpu/common.c.
"""

from __future__ import annotations

from sw.arch.x86.entry.entry import entry_SYSCALL
from sw.arch.x86.include.asm.cpufeatures import (
    X86_CR0_WP, X86_CR4_SMAP, X86_CR4_SMEP, X86_FEATURE_SMAP, X86_FEATURE_SMEP, boot_cpu_has,
)
from sw.arch.x86.include.asm.processor import boot_cpu_data
from sw.arch.x86.mm.tlb import cpu_tlbstate
from sw.bus import Register
from sw.kernel.printk.printk import printk
from sw.processor.cpu import Cpu
from sw.variables import DEFINE, this_cpu_ptr


__all__ = [
    "cpu_caps_cleared", "cr0_write_protect", "cr4_pinned_bits", "cr4_set_bits", "cr_pinning",
    "get_cpu_cap", "native_write_cr0", "native_write_cr4", "setup_clear_cpu_cap",
    "setup_protection", "syscall_init",
]


#: Features that the kernel does without, though the machine has them (``clearcpuid=``).
cpu_caps_cleared = DEFINE(int)

#: CR0.WP is set at boot, and pinned. Linux always does so.
cr0_write_protect = DEFINE(lambda: True)

#: Bits of CR4 that stay set once ``cr_pinning`` is true.
cr4_pinned_bits = DEFINE(int)
cr_pinning      = DEFINE(bool)


async def get_cpu_cap(cpu: Cpu) -> int:
    """Read the features of the processor, without those that the kernel does without."""
    return await cpu.read_cr(Register.FEATURES) & ~cpu_caps_cleared(cpu)


def setup_clear_cpu_cap(cpu: Cpu, feature: int) -> None:
    """Give up a feature from now on, on every processor."""
    cpu_caps_cleared.set(cpu, cpu_caps_cleared(cpu) | feature)
    boot_cpu_data(cpu).x86_capability &= ~feature


async def native_write_cr0(cpu: Cpu, val: int) -> None:
    """Write CR0. After boot, a value without WP is put right at once, with a warning."""
    await cpu.write_cr(Register.CR0, val)
    if cr_pinning(cpu) and cr0_write_protect(cpu) and not val & X86_CR0_WP:
        await cpu.write_cr(Register.CR0, val | X86_CR0_WP)
        printk(cpu, "CR0 WP bit went missing!?")


async def native_write_cr4(cpu: Cpu, val: int) -> None:
    """Write CR4. After boot, a value without SMEP or SMAP is put right at once."""
    tlbstate     = this_cpu_ptr(cpu, cpu_tlbstate)
    tlbstate.cr4 = val
    await cpu.write_cr(Register.CR4, val)
    pinned = cr4_pinned_bits(cpu) if cr_pinning(cpu) else 0
    if pinned & ~val:
        tlbstate.cr4 = val | pinned
        await cpu.write_cr(Register.CR4, tlbstate.cr4)
        printk(cpu, f"pinned CR4 bits changed: {pinned & ~val:#x}!?")


async def cr4_set_bits(cpu: Cpu, mask: int) -> None:
    """Set bits of CR4."""
    cr4 = this_cpu_ptr(cpu, cpu_tlbstate).cr4
    if mask & ~cr4:
        await native_write_cr4(cpu, cr4 | mask)


async def setup_protection(cpu: Cpu) -> None:
    """Turn SMEP and SMAP on where they exist, and pin them, and CR0.WP (``identify_cpu``)."""
    wanted = 0
    if boot_cpu_has(cpu, X86_FEATURE_SMEP):
        wanted |= X86_CR4_SMEP
    if boot_cpu_has(cpu, X86_FEATURE_SMAP):
        wanted |= X86_CR4_SMAP
    await cr4_set_bits(cpu, wanted)
    cr4_pinned_bits.set(cpu, wanted)
    cr_pinning.set(cpu, True)


def syscall_init(cpu: Cpu) -> None:
    """Tell the processor where system calls enter the kernel."""
    cpu.lstar = entry_SYSCALL
