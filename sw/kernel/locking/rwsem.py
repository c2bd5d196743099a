"""Locks for many readers or one writer.

Ref: Linux 6.12, kernel/locking/rwsem.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sw.arch.x86.include.asm.processor import cpu_relax
from sw.processor.cpu import Cpu


__all__ = ["down_read", "down_write", "downgrade_write", "rw_semaphore", "up_read", "up_write"]


@dataclass(eq=False, slots=True)
class rw_semaphore:
    """A lock for many readers or one writer.

    Attributes
    ----------
    readers : :class:`list` of :class:`Cpu`
        Holders for reading, each once for each time.
    writer : :class:`Cpu` or :class:`None`
        Holder for writing.
    """

    readers: list[Cpu]  = field(default_factory=list)
    writer:  Cpu | None = None


async def down_read(cpu: Cpu, sem: rw_semaphore) -> None:
    """Take ``sem`` for reading, as soon as nobody writes."""
    assert sem.writer is not cpu, "BUG: read lock under the same CPU's write lock"
    while sem.writer is not None:
        await cpu_relax(cpu)
    sem.readers.append(cpu)


def up_read(cpu: Cpu, sem: rw_semaphore) -> None:
    """Give a read lock back."""
    assert cpu in sem.readers, "BUG: read lock released by a CPU that does not hold it"
    sem.readers.remove(cpu)


async def down_write(cpu: Cpu, sem: rw_semaphore) -> None:
    """Take ``sem`` for writing, as soon as nobody reads or writes."""
    assert sem.writer is not cpu and cpu not in sem.readers, "BUG: rwsem recursion"
    while sem.writer is not None or sem.readers:
        await cpu_relax(cpu)
    sem.writer = cpu


def up_write(cpu: Cpu, sem: rw_semaphore) -> None:
    """Give the write lock back."""
    assert sem.writer is cpu, "BUG: write lock released by a CPU that does not hold it"
    sem.writer = None


def downgrade_write(cpu: Cpu, sem: rw_semaphore) -> None:
    """Turn the write lock into a read lock, with no writer in between."""
    up_write(cpu, sem)
    sem.readers.append(cpu)
