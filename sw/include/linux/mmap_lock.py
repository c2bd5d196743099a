"""Lock of an address space's list of mappings.

Ref: Linux 6.12, include/linux/mmap_lock.h.

Order: the lock of the mappings first, then that of the tables.
"""

from __future__ import annotations

from sw.arch.x86.include.asm.current import current
from sw.errno import Errno, KernelError
from sw.kernel.locking.rwsem import down_read, down_write, downgrade_write, up_read, up_write
from sw.processor.cpu import Cpu

from .mm_types import mm_struct
from .sched import fatal_signal_pending


__all__ = [
    "mmap_read_lock", "mmap_read_lock_killable", "mmap_read_unlock", "mmap_write_downgrade",
    "mmap_write_lock", "mmap_write_lock_killable", "mmap_write_unlock",
]


async def mmap_read_lock(cpu: Cpu, mm: mm_struct) -> None:
    """Keep the mappings from changing."""
    await down_read(cpu, mm.mmap_lock)


async def mmap_read_lock_killable(cpu: Cpu, mm: mm_struct) -> None:
    """Keep the mappings from changing. Raises EINTR, without the lock, in a dying task."""
    if fatal_signal_pending(current(cpu)):
        raise KernelError(Errno.EINTR)
    await mmap_read_lock(cpu, mm)


def mmap_read_unlock(cpu: Cpu, mm: mm_struct) -> None:
    """End what ``mmap_read_lock`` began."""
    up_read(cpu, mm.mmap_lock)


async def mmap_write_lock(cpu: Cpu, mm: mm_struct) -> None:
    """Own the mappings, to change them."""
    await down_write(cpu, mm.mmap_lock)


async def mmap_write_lock_killable(cpu: Cpu, mm: mm_struct) -> None:
    """Own the mappings. Raises EINTR, without the lock, in a dying task."""
    if fatal_signal_pending(current(cpu)):
        raise KernelError(Errno.EINTR)
    await mmap_write_lock(cpu, mm)


def mmap_write_unlock(cpu: Cpu, mm: mm_struct) -> None:
    """End what ``mmap_write_lock`` began."""
    up_write(cpu, mm.mmap_lock)


def mmap_write_downgrade(cpu: Cpu, mm: mm_struct) -> None:
    """Go on as a reader."""
    downgrade_write(cpu, mm.mmap_lock)
