"""Kernel code that uses user addresses itself, with its protections on or off.

Ref: Linux 6.12, drivers/misc/lkdtm/perms.c and bugs.c.

For experiments: each function does one wrong thing, and ends in an oops if the machine stops it.
"""

from sw.arch.x86.include.asm.cpufeatures import X86_CR0_WP
from sw.bus import Register
from sw.kconfig import kconfig
from sw.kernel.trace.ftrace import traced
from sw.processor.cpu import Cpu


__all__ = [
    "lkdtm_ACCESS_USERSPACE", "lkdtm_EXEC_USERSPACE", "lkdtm_WRITE_RO", "lkdtm_WRITE_USERSPACE",
]


def _word(cpu: Cpu) -> int:
    """Return the bytes of an unsigned long."""
    return kconfig(cpu).paging.BITS_PER_LONG // 8


@traced
async def lkdtm_ACCESS_USERSPACE(cpu: Cpu, address: int, *, stac: bool = False) -> int:
    """Load a word from a user address; with STAC around it if ``stac``."""
    if stac:
        await cpu.stac()
    try:
        return await cpu.load(address, _word(cpu))
    finally:
        if stac:
            await cpu.clac()


@traced
async def lkdtm_WRITE_USERSPACE(cpu: Cpu, address: int, value: int, *,
                                stac: bool = False) -> None:
    """Store a word at a user address; with STAC around it if ``stac``."""
    if stac:
        await cpu.stac()
    try:
        await cpu.store(address, _word(cpu), value)
    finally:
        if stac:
            await cpu.clac()


@traced
async def lkdtm_WRITE_RO(cpu: Cpu, address: int, value: int) -> None:
    """Store a word at a read-only address with CR0.WP cleared and AC set.

    Linux pins WP, so that its own functions refuse to clear it; a MOV to CR0 is not stopped.
    """
    cr0 = await cpu.read_cr(Register.CR0)
    await cpu.write_cr(Register.CR0, cr0 & ~X86_CR0_WP)
    try:
        await lkdtm_WRITE_USERSPACE(cpu, address, value, stac=True)
    finally:
        await cpu.write_cr(Register.CR0, cr0)


@traced
async def lkdtm_EXEC_USERSPACE(cpu: Cpu, address: int) -> None:
    """Jump to a user address."""
    await cpu.fetch(address, 1)
